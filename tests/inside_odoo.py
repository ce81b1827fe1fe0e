"""Runs in an Odoo process of its own: ``python inside_odoo.py DATABASE URL`` prepares
systems for the tests of the door, one of which pulls from URL, and prints what their
senders would know."""

import json
import secrets
import sys
from datetime import timedelta

import odoo
from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry

HOUR = timedelta(hours=1)
# (code, connector, credentials as (name, valid from, valid to) relative to now)
SYSTEMS = (
    ("demo", "demo", [("now", None, None)]),
    ("noted", "demo", [("now", None, None)]),
    ("strict", "demo", [("now", None, None)]),
    ("stripe", "stripe", [("now", None, None)]),
    ("rotating", "demo", [("old", -HOUR, HOUR), ("now", None, None)]),
    ("rotated", "demo", [("old", -2 * HOUR, -HOUR), ("now", None, None)]),
    ("early", "demo", [("later", HOUR, None)]),
    ("unset", "demo", []),
    ("other", "demo", [("now", None, None)]),
    ("pulling", "demo", [("now", None, None)]),
)


def prepare(env, url: str) -> dict:
    """{system code: {"id": …, "secrets": {name: secret}}}, the books opened."""
    env.ref("base.EUR").active = True
    main = _with_chart(env, env.ref("base.main_company"))
    other = _with_chart(env, env["res.company"].create({"name": "Another company"}))
    told = {}
    for code, connector, credentials in SYSTEMS:
        company = other if code == "other" else main
        system = env["finance.system"].create(
            {
                "name": code,
                "code": code,
                "connector": connector,
                "company_id": company.id,
            }
        )
        told[code] = {"id": system.id, "secrets": _secrets(system, credentials)}
    _forbid_revisions(env, "strict")
    told["pulling"]["secrets"]["api"] = _pull_from(env, "pulling", url)
    demo = env["finance.system"].search([("code", "=", "demo")])
    demo._prepare_books(env.ref("base.EUR"))
    _approve(env, demo.mapping_ids.version_ids.filtered("submitted_at"))
    return told


def _approve(env, versions):
    """Put them in force, as somebody who wrote nothing in them."""
    users = env["res.users"].with_context(no_reset_password=True)
    group = env.ref("finance_integration.group_approver")
    approver = users.create(
        {"name": "Approver", "login": "approver", "group_ids": [(6, 0, group.ids)]}
    )
    versions.with_user(approver).action_approve()


def _with_chart(env, company):
    env["account.chart.template"].try_loading(
        "generic_coa", company=company, install_demo=False
    )
    company.currency_id = env.ref("base.EUR")
    return company


def _secrets(system, credentials) -> dict[str, str]:
    now = fields.Datetime.now()
    told = {name: f"whsec_{secrets.token_hex(16)}" for name, _, _ in credentials}
    for name, begins, ends in credentials:
        system.env["finance.credential"].create(
            {
                "system_id": system.id,
                "kind": "webhook",
                "secret": told[name],
                "valid_from": now + begins if begins else now,
                "valid_to": ends and now + ends,
            }
        )
    # one that was never filled in must not open the door
    system.env["finance.credential"].create({"system_id": system.id, "kind": "webhook"})
    return told


def _forbid_revisions(env, code):
    env["finance.flow"].search(
        [("system_id.code", "=", code), ("kind", "=", "webhook")]
    ).allow_revisions = False


def _pull_from(env, code, url) -> str:
    """Let a system pull from ``url``; its API key."""
    key = f"sk_{secrets.token_hex(16)}"
    system = env["finance.system"].search([("code", "=", code)])
    system.write({"base_url": url, "environment": "test"})
    env["finance.credential"].create(
        {"system_id": system.id, "kind": "api", "secret": key}
    )
    return key


def main(database: str, url: str) -> None:
    odoo.tools.config.parse_config(["--database", database, "--log-level", "error"])
    with Registry(database).cursor() as cr:
        told = prepare(api.Environment(cr, SUPERUSER_ID, {}), url)
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
