"""Pictures of a running demo for the documentation, taken as people see it."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from .browser import Page, chromium
from .config import DEMO_DATABASE
from .console import SetupError, say
from .paths import ROOT

FOLDER = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1280, 800
TIMEOUT = 30  # seconds for one request
DRAWN = (
    "!!document.querySelector('.o_form_sheet, .o_data_row, .o_kanban_record')"
    " && !document.querySelector('.o_loading_indicator, .o_blockUI')"
)


@dataclass(frozen=True)
class Picture:
    """What to show to whom: a page, or the form of the first record of a search.

    ``click`` is the CSS selector of what is pressed there.
    """

    name: str
    login: str
    path: str
    model: str = ""
    domain: tuple = ()
    order: str = "id"
    click: str = ""


PICTURES = (
    Picture("board", "finance_user", "finance-overview"),
    Picture(
        "exception",
        "finance_user",
        "finance.exception",
        "finance.exception",
        (("state", "=", "open"),),
    ),
    Picture(
        "document",
        "finance_user",
        "finance.document",
        "finance.document",
        (("category", "=", "payment"), ("state", "=", "reconciled")),
    ),
    Picture(
        "entry",
        "finance_user",
        "account.move",
        "account.move",
        (
            ("finance_document_ids.category", "=", "payment"),
            ("finance_document_ids.system_id.granularity", "=", "transaction"),
        ),
    ),
    Picture(
        "payout-ties",
        "finance_user",
        "finance.payout",
        "finance.payout",
        (("state", "=", "cleared"),),
    ),
    Picture(
        "payout-does-not-tie",
        "finance_user",
        "finance.payout",
        "finance.payout",
        (("state", "=", "flagged"),),
    ),
    Picture(
        "mapping",
        "finance_editor",
        "finance.mapping",
        "finance.mapping",
        (("code", "=", "fee"),),
    ),
    Picture(
        "posting-rule",
        "finance_editor",
        "finance.posting.rule",
        "finance.posting.rule",
    ),
    Picture(
        "history",
        "finance_auditor",
        "finance.document",
        "finance.document",
        (("category", "=", "payment"), ("state", "=", "reconciled")),
        click="a[name=history]",
    ),
)


def take(url: str) -> list[Path]:
    """Write every picture of the Odoo at `url`. Raises SetupError."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    people = {each.login: _Person(url, each.login) for each in PICTURES}
    with chromium(WIDTH, HEIGHT) as page:
        return [_take(page, people[each.login], each) for each in PICTURES]


class _Person:
    """Somebody logged in; in the demo the password is the login."""

    def __init__(self, url: str, login: str):
        self.url = url
        self._session = requests.Session()
        found = self._call(
            "/web/session/authenticate",
            db=DEMO_DATABASE,
            login=login,
            password=login,
        )
        companies = found["user_companies"]["allowed_companies"]
        self.cookies = {
            "session_id": self._session.cookies["session_id"],
            "cids": "-".join(sorted(companies)),
        }

    def first(self, picture: Picture) -> int:
        """The id of the record to show."""
        found = self._call(
            f"/web/dataset/call_kw/{picture.model}/search",
            model=picture.model,
            method="search",
            args=[picture.domain],
            kwargs={"limit": 1, "order": picture.order},
        )
        if not found:
            raise SetupError(f"The demo has nothing to show for {picture.name}.")
        return found[0]

    def _call(self, path: str, **params) -> object:
        try:
            answer = self._session.post(
                f"{self.url}{path}",
                json={"jsonrpc": "2.0", "params": params},
                timeout=TIMEOUT,
            ).json()
        except (requests.RequestException, ValueError) as error:
            raise SetupError(
                f"No demo answers at {self.url}: start ./setup/demo first."
            ) from error
        if "error" in answer:
            raise SetupError(f"Odoo refused {path}: {answer['error']['message']}")
        return answer["result"]


def _take(page: Page, person: _Person, picture: Picture) -> Path:
    address = f"{person.url}/odoo/{picture.path}"
    if picture.model:
        address += f"/{person.first(picture)}"
    for name, value in person.cookies.items():
        page.call("Network.setCookie", name=name, value=value, domain=_host(person.url))
    page.open("about:blank", "true")
    page.open(address, DRAWN)
    if picture.click:
        page.value(f"document.querySelector('{picture.click}').click()")
        page.rest()
    path = FOLDER / f"{picture.name}.png"
    page.picture(path)
    say(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")
    return path


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
