"""Runs in an Odoo process of its own: ``python engine_inside.py DATABASE`` plays faults
against the engine in real transactions and threads, and prints what each came to."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg2

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.model import retrying

from odoo.addons.finance_core.connector import Delivery
from odoo.addons.queue_job.controllers.main import RunJobController

COUNT = 30
TRIES = 6
PATIENCE = 20  # seconds
SCENARIOS = []


def scenario(function):
    SCENARIOS.append(function)
    return function


class Shop:
    """One system with deliveries of its own in the books of the database."""

    def __init__(self, registry, name: str):
        self.registry = registry
        self.name = name
        with self.transaction() as env:
            demo = env["finance.system"].search([("code", "=", "demo")])
            flow = demo.flow_ids.filtered(lambda each: each.kind == "webhook")
            self.id = demo.id
            self.door = {
                "system_id": demo.id,
                "company_id": demo.company_id.id,
                "flow_id": flow.id,
                "allow_revisions": True,
            }

    @contextmanager
    def transaction(self, user: int = SUPERUSER_ID):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, user, {})

    def deliver(self, count: int = COUNT, body=None):
        with self.transaction() as env:
            for number in range(count):
                identity = f"{self.name}-{number}"
                content = body or json.dumps(self._order(identity)).encode()
                env["finance.message"]._store(self.door, Delivery(content), identity)

    def _order(self, identity: str) -> dict:
        document = {
            "type": "balance_transaction",
            "source_id": identity,
            "occurred_at": "2026-03-10T10:00:00Z",
            "currency": "EUR",
            "category": "payment",
            "amount": "10.00",
            "net": "10.00",
        }
        return {"id": identity, "documents": [document]}

    def step(self, env) -> int:
        system = env["finance.system"].browse(self.id)
        return env["finance.engine"]._step(system.with_company(system.company_id))

    def job(self) -> list[str]:
        """Steps until there is nothing to do, each tried again when the database asks
        for it, as the job runner does: the errors met."""
        errors = []
        for _number in range(TRIES):
            try:
                with self.transaction() as env:
                    done = self.step(env)
            except psycopg2.OperationalError as error:
                errors.append(type(error).__name__)
                continue
            if not done:
                break
        return errors

    def facts(self) -> dict:
        """How many deliveries there were, and what the books have of them."""
        like = [("source_id", "=like", f"{self.name}-%")]
        with self.transaction() as env:
            messages = env["finance.message"].search(
                [("identity", "=like", f"{self.name}-%")]
            )
            documents = env["finance.document"].search(like)
            return {
                "messages": len(messages),
                "waiting": len(messages.filtered(lambda m: m.state == "received")),
                "documents": len(documents),
                "entries": len(documents.move_ids),
                "posted": len(documents.filtered(lambda d: d.state == "posted")),
            }

    def messages(self, env):
        return env["finance.message"].search([("identity", "=like", f"{self.name}-%")])


@scenario
def serialisation_failure(shop: Shop) -> dict:
    """What a step is about to take changes after its transaction began."""
    shop.deliver()
    late = shop.registry.cursor()
    env = api.Environment(late, SUPERUSER_ID, {})
    env.cr.execute("SELECT 1 FROM finance_message LIMIT 1")
    with shop.transaction() as other:
        other.cr.execute(
            "UPDATE finance_message SET error = 'x' WHERE id IN %s",
            [tuple(shop.messages(other).ids)],
        )
    error = ""
    try:
        shop.step(env)
    except psycopg2.OperationalError as refused:
        error = type(refused).__name__
    late.rollback()
    late.close()
    return {"error": error, "again": shop.job(), **shop.facts()}


@scenario
def deadlock(shop: Shop) -> dict:
    """Another transaction holds what the step wants, and wants what it holds."""
    shop.deliver()
    with shop.transaction() as env:
        prize = env["res.partner"].create({"name": "Wanted by two"}).id
        message = shop.messages(env)[0].id
    held, taken = threading.Event(), threading.Event()

    def other():
        with shop.transaction() as env:
            _touch(env, "res_partner", prize)
            held.set()
            taken.wait(PATIENCE)
            _touch(env, "finance_message", message)

    def engine():
        errors = []
        held.wait(PATIENCE)
        try:
            with shop.transaction() as env:
                shop.step(env)
                threading.Timer(0.3, taken.set).start()
                _touch(env, "res_partner", prize)
        except psycopg2.OperationalError as error:
            errors.append(type(error).__name__)
        return errors

    with ThreadPoolExecutor() as pool:
        first, second = pool.submit(other), pool.submit(engine)
        errors = second.result(PATIENCE)
        first.exception(PATIENCE)
    return {"errors": errors, "again": shop.job(), **shop.facts()}


def _touch(env, table: str, id_: int):
    env.cr.execute(f"UPDATE {table} SET id = id WHERE id = %s", [id_])


@scenario
def two_workers(shop: Shop) -> dict:
    """Four at one system, all at once."""
    shop.deliver()
    with ThreadPoolExecutor() as pool:
        errors = list(pool.map(lambda _n: shop.job(), range(4)))
    shop.job()
    return {"errors": sum(errors, []), **shop.facts()}


@scenario
def late_zombie(shop: Shop) -> dict:
    """A worker has done its step but its connection was cut before the commit: the
    lock is free, another does it, and the zombie's commit comes too late."""
    shop.deliver()
    zombie = shop.registry.cursor()
    env = api.Environment(zombie, SUPERUSER_ID, {})
    shop.step(env)
    env.flush_all()
    with shop.transaction() as other:
        meanwhile = shop.step(other)
        other.cr.execute(
            "SELECT pg_terminate_backend(%s)", [zombie.connection.get_backend_pid()]
        )
    shop.job()
    error = ""
    try:
        zombie.commit()
    except psycopg2.Error as refused:
        error = type(refused).__name__
    return {"meanwhile": meanwhile, "error": error, **shop.facts()}


@scenario
def job_run_twice(shop: Shop) -> dict:
    """The runner lost track of a job that is done, and starts it once more."""
    shop.deliver()
    shop.job()
    with shop.transaction() as env:
        env["finance.system"].browse(shop.id)._job_drain()
    return shop.facts()


@scenario
def old_jobs(shop: Shop) -> dict:
    """Jobs queued before an upgrade: one of a method that is gone, one with arguments
    it no longer takes. After each, what the sweep asks for is run."""
    errors = []
    for change in ("method_name = '_job_that_is_gone'", "args = '[\"surplus\"]'"):
        with shop.transaction() as env:
            env["queue.job"].search([]).unlink()
            env["finance.engine"]._hint(shop.id)
            uuid = env["queue.job"].search([]).uuid
            env.cr.execute(f"UPDATE queue_job SET {change} WHERE uuid = %s", [uuid])
        shop.deliver(COUNT if not errors else 2 * COUNT)
        errors.append(_run(shop, uuid))
        with shop.transaction() as env:
            env["finance.engine"]._cron_sweep()
            drains = [("identity_key", "=like", f"finance.drain:{shop.id}:%")]
            pending = [*drains, ("state", "=", "pending")]
            uuids = env["queue.job"].search(pending).mapped("uuid")
        errors += [_run(shop, uuid) for uuid in uuids]
    return {"errors": errors, **shop.facts()}


def _run(shop: Shop, uuid: str) -> str:
    """Let queue_job run a job as its runner does: the error it ended with."""
    with shop.transaction() as env:
        env["queue.job"].search([("uuid", "=", uuid)]).write({"state": "enqueued"})
    with closing(shop.registry.cursor()) as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        try:
            job = RunJobController._acquire_job(env, uuid)
            RunJobController._runjob(env, job)
        except Exception as error:
            cr.rollback()
            return type(error).__name__
        return ""


@scenario
def replay_by_two(shop: Shop) -> dict:
    """Two operators press the button at the same time, on one replay and on two of
    the same messages; then its job runs in two workers."""
    shop.deliver(body=b"not json")
    shop.job()
    with shop.transaction() as env:
        operators = [_operator(env, n).id for n in range(2)]
        values = {"system_id": shop.id, "words": "", "failed_as": "rejected"}
        replays = [env["finance.replay"].create(values).id for _n in range(2)]
    barrier = threading.Barrier(4)

    def press(number: int):
        user, replay = operators[number % 2], replays[number // 2]
        with shop.registry.cursor() as cr:
            env = api.Environment(cr, user, {})
            barrier.wait(PATIENCE)
            button = env["finance.replay"].browse(replay).action_confirm
            retrying(button, env)

    def run(number: int):
        for _try in range(TRIES):
            try:
                with shop.transaction() as env:
                    env["finance.replay"].browse(replays[number % 2])._job_replay()
                return
            except psycopg2.OperationalError:
                continue

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(press, range(4)))
        list(pool.map(run, range(4)))
    with shop.transaction() as env:
        records = env["finance.replay"].browse(replays)
        begun = env["finance.log"].search_count(
            [("event", "=", "replay.begun"), ("system_id", "=", shop.id)]
        )
        again = env["finance.log"].search_count(
            [
                ("event", "=", "message.received"),
                ("message_id", "in", shop.messages(env).ids),
            ]
        )
        counts = records.mapped("replayed_count")
        states = records.mapped("state")
    return {
        "begun": begun,
        "received": again,
        "counts": counts,
        "states": states,
        **shop.facts(),
    }


@scenario
def lanes(shop: Shop) -> dict:
    """Whether two transactions can post at the same time: into one journal, and into
    two."""
    with shop.transaction() as env:
        company = env["finance.system"].browse(shop.id).company_id
        general = [("type", "=", "general"), ("company_id", "=", company.id)]
        journals = env["account.journal"].search(general, limit=2).ids
    told = {}
    for name, journal in zip(("same", "other"), journals, strict=True):
        with shop.registry.cursor() as first:
            _post(api.Environment(first, SUPERUSER_ID, {}), journals[0])
            try:
                with shop.transaction() as env:
                    env.cr.execute("SET LOCAL lock_timeout = '500ms'")
                    _post(env, journal)
                told[name] = "posted"
            except psycopg2.errors.LockNotAvailable:
                told[name] = "waits"
            first.rollback()
    return told


def _post(env, journal: int):
    journal = env["account.journal"].browse(journal)
    account = env["account.account"].search(
        [("company_ids", "in", journal.company_id.ids)], limit=1
    )
    lines = [{"account_id": account.id, side: 1.0} for side in ("debit", "credit")]
    env["account.move"].with_company(journal.company_id).create(
        {
            "journal_id": journal.id,
            "date": "2026-03-10",
            "line_ids": [(0, 0, line) for line in lines],
        }
    ).action_post()
    env.flush_all()


def _operator(env, number: int):
    group = env.ref("finance_integration.group_operator")
    users = env["res.users"].with_context(no_reset_password=True)
    login = f"operator{number}"
    return users.create(
        {"name": login, "login": login, "group_ids": [(6, 0, group.ids)]}
    )


def main(database: str) -> None:
    odoo.tools.config.parse_config(["--database", database, "--log-level", "critical"])
    registry = Registry(database)
    told = {each.__name__: each(Shop(registry, each.__name__)) for each in SCENARIOS}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
