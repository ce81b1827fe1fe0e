"""The demo: play the month against a running Odoo, and say whether everything ties.

Deliveries travel over HTTP, jobs run in Odoo's own queue_job runner; the only things
done inside Odoo directly are what people would do: prepare the books, add a missing
mapping, import the bank's statements.
"""

import base64
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection

from lib.console import SetupError, say
from lib.paths import ODOO_CONF
from stripe_simulator import Simulator

from . import DeliveryPlan, Month, Plan, books, make_plan, plan_deliveries, statement
from .totals import collect, disagreements, unanswered

MODULES = ("account_statement_import_camt",)
SENDERS = 8
QUIET_LIMIT = 900  # seconds the road may take to come to rest
EDITOR = "finance_editor"


@dataclass(frozen=True)
class Script:
    """A month before anybody saw it: its plan, what happened at the source, and how
    the news of it travels."""

    plan: Plan
    month: Month
    sent: DeliveryPlan


def get_ready(database, charges):
    """The Script of a month of ``charges``, and Odoo loaded into this process for
    ``database``: what can be done while the server starts."""
    plan = make_plan(charges=charges)
    month = Month(plan).play()
    events = {key: account.events for key, account in month.accounts.items()}
    with odoo(database):
        return Script(plan, month, plan_deliveries(events))


def play(running, script):
    """Play ``script`` on the Odoo ``running``; the totals to print."""
    started = time.monotonic()
    plan, month, sent = script.plan, script.month, script.sent
    # it answers as long as this process lives, as people may pull again later
    simulator = Simulator(month.accounts.values())
    simulator.__enter__()
    say("Preparing companies, accounts and invoices …")
    with odoo(running.database) as env:
        books.prepare(env, plan, simulator.url, _secrets(month))
    answers = _deliver(running, month, sent)
    with odoo(running.database) as env:
        env["finance.flow"].search([("kind", "=", "pull")]).action_pull_now()
    _rest(running.database, "Pulling and posting")
    with odoo(running.database) as env:
        _map_what_is_missing(env)
    _rest(running.database, "Posting what was held")
    with odoo(running.database) as env:
        _import_statements(env, plan, month)
    _rest(running.database, "Clearing the bank")
    with odoo(running.database) as env:
        totals = collect(env, month)
        differences = [*unanswered(answers, sent), *disagreements(env, month, totals)]
    for difference in differences:
        say(f"Does not tie: {difference}")
    seconds = round(time.monotonic() - started, 1)
    return {**answers, **totals, "ties": not differences, "seconds": seconds}


def table(result):
    """The result as lines for people."""
    rows = [f"  {name.replace('_', ' '):18} {value}" for name, value in result.items()]
    verdict = "Everything ties." if result["ties"] else "IT DOES NOT TIE."
    return "\n".join(["The month at Stripe", *rows, verdict])


@contextmanager
def odoo(database):
    """An environment of Odoo in this process, committed at the end of the block."""
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    if not config.get("db_name"):
        config.parse_config(["-c", str(ODOO_CONF), "-d", database, "--log-level=warn"])
    registry = Registry(database)
    registry.check_signaling()
    with registry.cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})
    registry.signal_changes()


def _secrets(month):
    return {
        key: {"api": account.secret_key, "webhook": account.webhook_secret}
        for key, account in month.accounts.items()
    }


def _deliver(running, month, sent):
    """POST all deliveries and count what the door answered."""
    deliveries = sent.deliveries
    say(f"Delivering {len(deliveries)} webhooks …")

    def send(delivery):
        secret = month.accounts[delivery.company].webhook_secret
        connection = HTTPConnection("127.0.0.1", running.port, timeout=60)
        connection.request(
            "POST",
            f"/finance/webhook/stripe-{delivery.company.lower()}",
            delivery.body,
            delivery.headers(secret, int(datetime.now(UTC).timestamp())),
        )
        # Odoo closes a connection after each answer
        with connection.getresponse() as answer:
            told = answer.read()
        return json.loads(told)["status"] if answer.status == 202 else "rejected"

    with ThreadPoolExecutor(SENDERS) as pool:
        counts = Counter(pool.map(send, deliveries))
    return {
        "deliveries": len(deliveries),
        "accepted": counts["accepted"],
        "duplicates": counts["duplicate"],
        "rejected": counts["rejected"],
    }


def _rest(database, what):
    """Wait until no job and no work is left. Raises SetupError when it takes too
    long."""
    end = time.monotonic() + QUIET_LIMIT
    shown = time.monotonic()
    while time.monotonic() < end:
        with odoo(database) as env:
            left = _left(env)
        if not any(left.values()):
            return
        if time.monotonic() - shown > 5:
            shown = time.monotonic()
            words = ", ".join(f"{count} {name}" for name, count in left.items())
            say(f"{what} … {words}")
        time.sleep(0.5)
    raise SetupError(f"{what} did not come to rest within {QUIET_LIMIT} seconds.")


def _left(env):
    jobs = [("state", "in", ("pending", "enqueued", "started"))]
    messages = [("state", "in", ("received", "retrying"))]
    return {
        "jobs": env["queue.job"].search_count(jobs),
        "messages": env["finance.message"].search_count(messages),
        "documents": env["finance.document"].search_count(
            [("state", "=", "normalised")]
        ),
    }


def _map_what_is_missing(env):
    """What an editor and an approver do: give the unknown fee types the usual fee
    account."""
    exceptions = env["finance.exception"].search(
        [("state", "=", "open"), ("cause", "=like", "mapping:fee:%")]
    )
    for system, several in exceptions.grouped("system_id").items():
        keys = [each.cause.split(":", 2)[2] for each in several]
        books.approve(env, _propose_fees(env, system, keys))


def _propose_fees(env, system, keys):
    """The submitted version with a line for each of the fee types ``keys``."""
    editor = env["res.users"].search([("login", "=", EDITOR)])
    company = system.company_id
    mapping = env(user=editor)["finance.mapping"].with_company(company)
    version = mapping._find(system, "fee")._draft("New fee types")
    usual = version.rule_ids.filtered(lambda rule: rule.key == "stripe_fee")
    target = f"{usual.target._name},{usual.target.id}"
    version.rule_ids.create(
        [{"version_id": version.id, "key": key, "target": target} for key in keys]
    )
    version.action_submit()
    return version


def _import_statements(env, plan, month):
    """Bring the bank's files in through the importer people use."""
    for company in plan.companies:
        record = env["res.company"].search([("name", "=", company.name)])
        for account in company.bank_accounts:
            journal = env["account.journal"].search(
                [
                    ("company_id", "=", record.id),
                    ("bank_account_id.sanitized_acc_number", "=", account.iban),
                ]
            )
            if env["account.bank.statement"].search_count(
                [("journal_id", "=", journal.id)], limit=1
            ):
                continue
            content = statement(plan, account, month.accounts[company.key])
            _import(env, record, journal, content)


def _import(env, record, journal, content):
    importer = (
        env["account.statement.import"]
        .with_company(record)
        .with_context(journal_id=journal.id, allowed_company_ids=record.ids)
        .create(
            {
                "statement_file": base64.b64encode(content),
                "statement_filename": f"{journal.code}.xml",
            }
        )
    )
    importer.import_file_button()
