"""Runs in an Odoo process of its own: ``python copy_inside.py DATABASE JOB …`` runs one
of the functions below for test_copy.py and prints what it returns."""

import json
import sys
from contextlib import closing
from datetime import date

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from odoo.addons.finance_core.connector import Delivery
from odoo.addons.queue_job.job import Job

OURS = [("identity_key", "=like", "finance.%")]


def fill(registry, url: str, key: str) -> None:
    """A system that wants to do all a system can: it has deliveries to process, lists
    to pull and to compare, and a store outside that waits for seals."""
    with closing(registry.cursor()) as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        systems = env["finance.system"]
        store = systems.create(
            {
                "name": "Store",
                "code": "store",
                "connector": "seal_store",
                "company_id": env.ref("base.main_company").id,
                "base_url": url,
                "environment": "test",
            }
        )
        env["finance.credential"].create(
            {"system_id": store.id, "kind": "api", "secret": key}
        )
        pulling = systems.search([("code", "=", "pulling")])
        pulls = pulling.flow_ids.filtered(lambda flow: flow.kind == "pull")
        door = {
            "system_id": pulling.id,
            "company_id": pulling.company_id.id,
            "flow_id": pulls.id,
            "allow_revisions": True,
        }
        env["finance.message"]._store(door, Delivery(b"{}"), "waits")
        env["finance.engine"]._hint(pulling.id)
        env["finance.engine"]._want_pull(pulling, pulls.stream, "one", {"page": "2"})
        pulls.action_pull_now()
        env["finance.completeness"]._begin(pulls, date(2026, 3, 1), date(2026, 3, 2))
        cr.commit()


def live(registry) -> dict:
    """Run every scheduled action of ours and every job, whatever their state, as if
    somebody had switched them on again; the secrets that can be read."""
    with closing(registry.cursor()) as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        actions = env["ir.model.data"].search(
            [("module", "=", "finance_integration"), ("model", "=", "ir.cron")]
        )
        crons = env["ir.cron"].browse(actions.mapped("res_id"))
        for cron in crons.sorted("cron_name"):
            cron.method_direct_trigger()
            cr.commit()
        for uuid in env["queue.job"].search(OURS).mapped("uuid"):
            Job.load(env, uuid).perform()
            cr.commit()
        credentials = env["finance.credential"]
        return {
            "secrets": [
                secret
                for system in env["finance.system"].search([])
                for kind in ("api", "webhook")
                for secret in credentials._secrets(system.id, kind)
            ]
        }


def main(database: str, job: str, *arguments: str) -> None:
    odoo.tools.config.parse_config(["--database", database, "--log-level", "error"])
    print(json.dumps({"fill": fill, "live": live}[job](Registry(database), *arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
