"""Ten mappings of 5,000 lines, and documents that need all of them."""

import json
import time
from itertools import cycle

from odoo.tools import SQL

from odoo.addons.finance_core.connector import Delivery
from odoo.addons.finance_integration.models.finance_poster import Item

from ._shop import payment

MAPPINGS = 10
LINES = 5000
DOCUMENTS = 1000
BATCH = 200  #: documents that the road posts together
#: every kind in equal parts: what a line says, and a value it is for
FORMS = (
    ("f{0:05}", "f{0:05}"),
    ("f{0:05},g{0:05}", "g{0:05}"),
    ("f{0:05}a..f{0:05}c", "f{0:05}b"),
    ("f{0:05}_*", "f{0:05}_x"),
)


def map_widely(env) -> None:
    """Mappings ``wide_0`` to ``wide_9`` of the first system, and the rule that asks
    each of them for the fee of a payment."""
    system = env["finance.system"].search([("code", "=", "bench_a")])
    accounts = env["account.account"].search([("account_type", "=", "expense")]).ids
    mappings = env["finance.mapping"].create(
        [
            {
                "name": f"Wide {number}",
                "code": f"wide_{number}",
                "system_id": system.id,
                "dimensions": "fee",
                "target_model": "account.account",
            }
            for number in range(MAPPINGS)
        ]
    )
    for version in mappings.version_ids:
        _insert_lines(env, version, accounts)
    rule = _rule(env, system)
    versions = [*mappings.version_ids, rule]
    for version in versions:
        version.change_reason = "For the benchmarks"
        version.action_submit()
    approver = env["res.users"].search([("login", "=", "approver")])
    for version in versions:
        version.with_user(approver).action_approve()


def _insert_lines(env, version, accounts: list[int]) -> None:
    """By SQL, as it is not what is measured: into the draft, as the database allows."""
    rows = [
        SQL(
            "(%s, %s, %s, %s, %s)",
            version.id,
            version.company_id.id,
            10,
            FORMS[number % len(FORMS)][0].format(number),
            f"account.account,{account}",
        )
        for number, account in zip(range(LINES), cycle(accounts), strict=False)
    ]
    env.cr.execute(
        SQL(
            "INSERT INTO finance_mapping_rule"
            " (version_id, company_id, sequence, key, target) VALUES %s",
            SQL(", ").join(rows),
        )
    )
    env.invalidate_all()


def _rule(env, system):
    rule = env["finance.posting.rule"].create(
        {
            "name": "Wide",
            "sequence": 1,
            "system_id": system.id,
            "document_type": "balance_transaction",
        }
    )
    version = rule._draft("For the benchmarks")
    version.categories = "payment"
    version.line_ids.create(
        [
            {
                "version_id": version.id,
                "sequence": number,
                "side": ("debit", "credit")[number % 2],
                "measure": "each_fee",
                "mapping_code": f"wide_{number}",
                "key": "{fee}",
            }
            for number in range(MAPPINGS)
        ]
    )
    return version


def translate_and_post(env, run: int) -> dict[str, float]:
    """Seconds for each, of new documents."""
    system = env["finance.system"].search([("code", "=", "bench_a")])
    system = system.with_company(system.company_id)
    _arrive(env, system, run)
    env.registry.clear_cache()
    env.invalidate_all()
    poster = env["finance.poster"]
    documents = poster._take(system.id, DOCUMENTS)
    start = time.monotonic()
    drafts = poster._translate(system, documents)
    translated = time.monotonic()
    items = [Item({document: draft}, draft) for document, draft in drafts.items()]
    for first in range(0, len(items), BATCH):
        poster._post(items[first : first + BATCH])
    posted = time.monotonic()
    if set(documents.mapped("state")) != {"posted"}:
        raise RuntimeError("Not all documents were posted.")
    return {"translate_s": translated - start, "post_s": posted - translated}


def _arrive(env, system, run: int) -> None:
    """One delivery of new documents, each with a fee of its own."""
    names = ("system_id", "company_id", "connector", "flow_id", "allow_revisions")
    told = env["finance.system"]._door(system.code)
    door = dict(zip(names, told, strict=True))
    numbers = range(run * DOCUMENTS, (run + 1) * DOCUMENTS)
    content = {"id": f"run {run}", "documents": [_document(each) for each in numbers]}
    body = json.dumps(content).encode()
    env["finance.message"]._store(door, Delivery(body), f"run {run}")
    env["finance.engine"]._normalise_step(system)


def _document(number: int) -> dict:
    line = number * 7 % LINES
    document = payment(number)
    document["fees"][0]["type"] = FORMS[line % len(FORMS)][1].format(line)
    return document
