"""A database with a long history, and what is done beside it."""

import time
from statistics import median

from lxml import etree

from odoo.tools import SQL

from ._drain import arrive
from ._payouts import drain

A_DAY = 2_500  #: messages; so what is counted of today is the same at every size
ITEMS = 400
OPENINGS = 7
SCREENS = {
    "board": ("finance.system", "kanban"),
    "message_list": ("finance.message", "list"),
}
MESSAGES = """
    INSERT INTO finance_message (
        system_id, company_id, flow_id, direction, state, identity, revision, digest,
        correlation_id, size, payload, received_at, processed_at, attempts, priority)
    SELECT system_id, company_id, flow_id, direction, 'processed', 'old ' || number,
           0, md5(number::text), 'old ' || number, size, payload,
           now() - number * interval '1 day' / %(a_day)s,
           now() - number * interval '1 day' / %(a_day)s, 0, priority
      FROM finance_message, generate_series(%(count)s, 1, -1) number
     WHERE finance_message.id = %(like)s
"""
DOCUMENTS = """
    INSERT INTO finance_document (
        system_id, company_id, message_id, type, category, source_id, revision, state,
        digest, financial_digest, correlation_id, occurred_at, currency_id, amount,
        description, content, sealed, reason, rule_version_id, priority)
    SELECT old.system_id, old.company_id, message.id, old.type, old.category,
           message.identity, 0, 'ignored', message.digest, message.digest,
           message.identity, message.received_at, old.currency_id, old.amount,
           old.description, old.content, old.sealed, old.reason, old.rule_version_id,
           old.priority
      FROM finance_document old, finance_message message
     WHERE old.message_id = %(like)s AND message.identity LIKE 'old %%'
"""
LOG = """
    INSERT INTO finance_log (
        at, event, user_id, system_id, company_id, message_id, document_id)
    SELECT occurred_at, 'document.ignored', %(user)s, system_id, company_id,
           message_id, id
      FROM finance_document WHERE source_id LIKE 'old %%'
"""
TABLES = ("finance_message", "finance_document", "finance_log")
#: what old rows refer to is there: a million look-ups each are spared
REFERENCES = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text IN %s
"""


def fill(env, count: int) -> None:
    """``count`` messages of the past, each with a document and a log row, like one
    that went the whole road. Only here rows are made by SQL: they are no figures."""
    groups = env.ref("finance_integration.group_operator") | env.ref("base.group_user")
    env["res.users"].create(
        {"name": "Operator", "login": "operator", "group_ids": [(6, 0, groups.ids)]}
    )
    arrive(env, "bench_a", 1, 1, 1)
    system = env["finance.system"].search([("code", "=", "bench_a")])
    drain(env, system.with_company(system.company_id))
    like = env["finance.message"].search([], limit=1).id
    env.flush_all()
    known = {"count": count, "like": like, "a_day": A_DAY, "user": env.uid}
    references = env.execute_query(SQL(REFERENCES, TABLES))
    for table, name, _rule in references:
        env.cr.execute(SQL("ALTER TABLE %s DROP CONSTRAINT %s", *_named(table, name)))
    for statement in (MESSAGES, DOCUMENTS, LOG):
        env.cr.execute(statement, known)
    for table, name, rule in references:
        add = f"ALTER TABLE %s ADD CONSTRAINT %s {rule} NOT VALID"
        env.cr.execute(SQL(add, *_named(table, name)))
    env.cr.commit()
    # what autovacuum does in time
    env.cr._cnx.autocommit = True
    for table in TABLES:
        env.cr.execute(SQL("VACUUM ANALYZE %s", SQL.identifier(table)))
    env.cr._cnx.autocommit = False


def _named(*names: str) -> list[SQL]:
    return [SQL.identifier(name) for name in names]


def deal(env, run: int) -> dict[str, float]:
    """Seconds an item takes from the delivery to its settled document, one a message,
    and the opening of the board and the list of messages, as an operator."""
    system = env["finance.system"].search([("code", "=", "bench_a")])
    system = system.with_company(system.company_id)
    _items(env, system, 10**7 + 2 * run * ITEMS)  # fills the caches
    return {
        "item": _items(env, system, 10**7 + (2 * run + 1) * ITEMS) / ITEMS,
        **{name: _opening(env, *screen) for name, screen in SCREENS.items()},
    }


def _items(env, system, first: int) -> float:
    start = time.monotonic()
    arrive(env, system.code, first, ITEMS, 1)
    drain(env, system)
    return time.monotonic() - start


def _opening(env, model: str, view: str) -> float:
    """Seconds for the records a screen asks for when somebody opens it."""
    operator = env["res.users"].search([("login", "=", "operator")])
    screen = env(user=operator)[model].with_context(bin_size=True)
    shown = _shown(screen, view)
    seconds = []
    for _each in range(OPENINGS):
        env.invalidate_all()
        start = time.monotonic()
        screen.web_search_read([], shown, limit=80, count_limit=10_001)
        seconds.append(time.monotonic() - start)
    return median(seconds[1:])


def _shown(screen, view: str) -> dict:
    """The fields of a view as the web client asks for them."""
    arch = etree.fromstring(screen.get_view(view_type=view)["arch"])
    names = {each.get("name") for each in arch.iter("field")}
    fields = screen.fields_get(names, ["type"])
    return {
        name: {"fields": {"display_name": {}}} if each["type"] == "many2one" else {}
        for name, each in fields.items()
    }
