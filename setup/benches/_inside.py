"""What runs in an Odoo process of its own: ``python -m benches._inside DATABASE JOB
ARGUMENTS`` waits for a line on stdin, runs the job and prints what it returns."""

import json
import sys
import time

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from ._drain import drain_all, job_each, worker_growth
from ._growth import deal, fill
from ._mappings import map_widely, translate_and_post
from ._payouts import payout
from ._shop import move_vals

BATCH = 200
QUIET = {"tracking_disable": True}
CODES = ("bench_a", "bench_b")
SECRET = "for benchmarks only"


def prepare(env) -> list[dict]:
    """The systems of the demo shop, in a company with a chart of accounts."""
    company = env.ref("base.main_company")
    env["account.chart.template"].try_loading(
        "generic_coa", company=company, install_demo=False
    )
    company.currency_id = env.ref("base.EUR")
    company.currency_id.active = True
    systems = [_system(env, code) for code in CODES]
    _approve(env, env["finance.mapping"].search([]).version_ids)
    return [{"id": each.id, "code": each.code, "secret": SECRET} for each in systems]


def _system(env, code: str):
    system = env["finance.system"].create(
        {"name": code, "code": code, "connector": "demo"}
    )
    system.flow_ids.filtered(lambda flow: flow.kind == "pull").active = False
    env["finance.credential"].create(
        {"system_id": system.id, "kind": "webhook", "secret": SECRET}
    )
    system._prepare_books(system.company_id.currency_id)
    _map_fee(env, system)
    return system


def _map_fee(env, system) -> None:
    account = env["account.account"].search([("account_type", "=", "expense")], limit=1)
    version = env["finance.mapping"]._find(system, "fee")._draft("For the benchmarks")
    env["finance.mapping.rule"].create(
        {
            "version_id": version.id,
            "key": "fee",
            "target": f"account.account,{account.id}",
        }
    )
    version.action_submit()


def _approve(env, versions) -> None:
    """As somebody who wrote nothing in them."""
    group = env.ref("finance_integration.group_approver")
    approver = env["res.users"].create(
        {"name": "Approver", "login": "approver", "group_ids": [(6, 0, group.ids)]}
    )
    submitted = versions.filtered(lambda each: each.state == "submitted")
    submitted.with_user(approver).action_approve()


def like(env, system_id: int) -> dict:
    """The lines of an entry the system posted, and its journal."""
    document = env["finance.document"].search(
        [("system_id", "=", system_id), ("state", "=", "posted")], limit=1
    )
    move = document.move_ids
    lines = [
        {
            "account_id": line.account_id.id,
            "name": line.name,
            "currency_id": line.currency_id.id,
            "amount_currency": line.amount_currency,
            "balance": line.balance,
        }
        for line in move.line_ids.sorted("id")
    ]
    return {"journal_id": move.journal_id.id, "lines": lines}


def batch(env, entry: dict, count: int) -> float:
    """Odoo's own way: create and post ``count`` entries in batches. Seconds."""
    moves = env["account.move"].with_context(**QUIET)
    start = time.monotonic()
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        moves.create([move_vals(entry, number) for number in numbers]).action_post()
        env.cr.commit()
        env.invalidate_all()
    return time.monotonic() - start


def api_key(env) -> str:
    """A key of the administrator for JSON-2."""
    admin = env.ref("base.user_admin")
    keys = env(user=admin)["res.users.apikeys"]
    return keys._generate("rpc", "bench", odoo.fields.Datetime.now().replace(year=2099))


JOBS = {
    job.__name__: job
    for job in (
        prepare,
        like,
        batch,
        api_key,
        map_widely,
        translate_and_post,
        payout,
        drain_all,
        job_each,
        worker_growth,
        fill,
        deal,
    )
}


def main(database: str, job: str, arguments: str) -> None:
    odoo.tools.config.parse_config(["--database", database, "--log-level", "error"])
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        print("ready", flush=True)
        sys.stdin.readline()
        result = JOBS[job](env, *json.loads(arguments))
        cr.commit()
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
