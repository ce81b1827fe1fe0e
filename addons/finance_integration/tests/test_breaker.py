"""Calls to a system that is silent, busy or paused: none leaves, and all go on."""

import contextlib
import threading
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import AccessError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name

from odoo.addons.finance_core.breaker import Breaker
from odoo.addons.finance_core.connector import Request, Response
from odoo.addons.finance_core.errors import HeldBack, RetryLater
from odoo.addons.queue_job.tests.common import trap_jobs

from ..models.finance_breaker import POLICY
from .common import HubCase, txn
from .test_pull import KEY, Shop

DOWN = (503, {}, b"{}")
ASK = Request("GET", "/documents", (("page", "1"),))
NO_LIMIT = {"": 10**6}


@tagged("post_install", "-at_install")
class Calls(HubCase):
    def setUp(self):
        super().setUp()
        self.shop = Shop()
        self.shop.pages = {"1": [txn("t1", "payment", "1.00")]}
        url = self.enterContext(self.shop.open())
        self.system.write({"base_url": url, "environment": "test"})
        self.env["finance.credential"].create(
            {"system_id": self.system.id, "kind": "api", "secret": KEY}
        )
        self.flow = self.system.flow_ids.filtered(lambda each: each.kind == "pull")
        self.breakers = self.env["finance.breaker"]
        self.call_in_this_transaction()

    def call(self):
        try:
            return self.env["finance.sender"]._send(self.system, ASK)
        finally:
            self.env.invalidate_all()

    def call_in_vain(self, *answers):
        """The error of a call. Not with assertRaises, which undoes what is done in
        it, here also what a call commits."""
        self.shop.answers = list(answers)
        try:
            self.call()
        except RetryLater as error:
            return error
        raise AssertionError("There was an answer.")

    def held_back(self):
        """The error of a call that did not leave."""
        asked = len(self.shop.asked)
        error = self.call_in_vain()
        self.assertIsInstance(error, HeldBack)
        self.assertEqual(len(self.shop.asked), asked, "nothing leaves")
        return error

    def go_silent(self, times=POLICY.min_calls):
        for _call in range(times):
            self.call_in_vain(DOWN)

    def pull(self, **more):
        with trap_jobs() as trap:
            self.env["finance.puller"]._pull(self.system, "documents", **more)
            self.env.flush_all()
            self.env.invalidate_all()
            return [job for job in trap.enqueued_jobs if job.method_name == "_job_pull"]

    def later(self):
        """As if the time the breaker waits for were over."""
        self.breaker.until = fields.Datetime.now()
        self.env.flush_all()

    @property
    def breaker(self):
        return self.breakers.search([("system_id", "=", self.system.id)])

    def exceptions(self, state="open"):
        return self.env["finance.exception"].search(
            [
                ("system_id", "=", self.system.id),
                ("cause", "=", "breaker:"),
                ("state", "=", state),
            ]
        )

    def test_silent_system_is_not_called_any_more_and_somebody_hears_of_it(self):
        self.go_silent()
        self.assertEqual(self.breaker.state, "open")
        self.held_back()
        exception = self.exceptions()
        self.assertEqual(exception.category, "technical")
        self.assertEqual(exception.owner_id, self.system.owner_id)
        self.assertIn("does not answer", exception.name)
        self.assertIn("asked again at", self.system.call_state)
        self.assertEqual(self.system.health, "failing")
        self.assertEqual(self.system.health_reason, self.system.call_state)

    def test_probe_that_is_answered_lets_all_go_on_and_closes_the_case(self):
        self.go_silent()
        self.later()
        self.call()
        self.assertEqual(self.breaker.state, "closed")
        self.assertFalse(self.exceptions())
        self.assertEqual(len(self.exceptions("resolved")), 1)
        events = self.env["finance.log"].search(
            [("system_id", "=", self.system.id), ("event", "=like", "breaker.%")]
        )
        self.assertEqual(
            events.mapped("event"),
            ["breaker.closed", "breaker.half_open", "breaker.open"],
        )
        self.assertTrue(all(events.mapped("label")))

    def test_probe_that_fails_waits_longer_and_opens_no_second_case(self):
        self.go_silent()
        self.later()
        self.go_silent(1)
        pause = self.breaker.until - fields.Datetime.now()
        self.assertGreater(pause.total_seconds(), POLICY.pauses[1] - 5)
        self.assertEqual(len(self.exceptions()), 1)

    def test_pull_waits_for_the_next_probe_and_counts_no_attempt(self):
        self.go_silent()
        [job] = self.pull(failures=2)
        self.assertEqual(job.args[-1], 2)
        self.assertGreaterEqual(
            self.flow.asked_again_at, self.breaker.until.replace(microsecond=0)
        )

    def test_refusal_is_an_answer(self):
        self.env["finance.credential"].search([]).unlink()
        self.env["finance.credential"].create(
            {"system_id": self.system.id, "kind": "api", "secret": "wrong"}
        )
        for _pull in range(POLICY.min_calls):
            self.pull()
        self.assertEqual((self.breaker.state, self.breaker.failures), ("closed", 0))

    def test_faults_34_pause_asked_for_holds_for_all_calls(self):
        for status in (429, 503):
            self.call_in_vain((status, {"Retry-After": "60"}, b"{}"))
            self.assertTrue(50 < self.held_back().after <= 61)
            self.assertIn("asked us to wait", self.system.call_state)
            with trap_jobs():
                self.system.with_user(self.make_user("operator")).action_ask_now()
        self.call()

    def test_faults_34_garbage_negative_and_huge_pauses(self):
        for asked, least, most in (
            ("-5", 0, 0),
            ("soon", 0, 0),
            ("9" * 30, 86000, 86401),
            ("Sat, 21 Nov 2020 12:02:00 GMT", 0, 0),
            ("Sat, 21 Nov 2099 12:02:00 GMT", 86000, 86401),
        ):
            self.breakers.search([]).unlink()
            self.call_in_vain((429, {"Retry-After": asked}, b"{}"))
            now = fields.Datetime.now()
            wait = ((self.breaker.asked_until or now) - now).total_seconds()
            with self.subTest(asked):
                self.assertTrue(least <= wait <= most, wait)

    def test_person_asks_now(self):
        self.go_silent()
        for role in ("user", "editor", "approver", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.system.with_user(self.make_user(role)).action_ask_now()
        with trap_jobs() as trap:
            self.press(self.exceptions(), "ask_now", self.make_user("operator"))
            [job] = [j for j in trap.enqueued_jobs if j.method_name == "_job_pull"]
        self.assertFalse(job.eta)
        self.pull()
        self.assertEqual(self.breaker.state, "closed")

    def test_nobody_writes_the_breaker_by_hand(self):
        self.go_silent()
        for role in ("operator", "admin"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.breaker.with_user(self.make_user(role)).write({"state": "closed"})

    def test_calls_keep_the_pace_of_the_system(self):
        self.system.calls_per_second = 0.05
        self.env.flush_all()
        for _burst in range(5):
            self.call()
        self.assertTrue(15 < self.held_back().after <= 21)

    def test_endpoint_may_be_slower_than_its_system(self):
        breakers = self.breakers
        for _burst in range(5):
            breakers._admit(self.system.id, {"": 100.0, "/slow": 0.05})
        with self.assertRaises(HeldBack):
            breakers._admit(self.system.id, {"": 100.0, "/slow": 0.05})
        breakers._admit(self.system.id, {"": 100.0})


class Workers(BaseCase):
    """Real transactions of several workers, on a system that is really there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())
        with cls.transaction() as env:
            systems = env["finance.system"].with_context(active_test=False)
            system = systems.search([("code", "=", "workers")]) or systems.create(
                {"name": "Workers", "code": "workers", "connector": "demo"}
            )
            system.active = True
            cls.system_id = system.id
        cls.addClassCleanup(cls._archive)

    @classmethod
    def _archive(cls):
        """What was logged stays, as always; the system is found again."""
        with cls.transaction() as env:
            env["finance.system"].browse(cls.system_id).active = False

    @classmethod
    @contextlib.contextmanager
    def transaction(cls):
        with cls.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def setUp(self):
        super().setUp()
        with self.transaction() as env:
            env["finance.breaker"].search([]).unlink()
            env["finance.pace"].search([]).unlink()
            self.open_exceptions(env)._resolve("End of a test.")

    def admit(self, per_second=10**6):
        with self.transaction() as env:
            return env["finance.breaker"]._admit(self.system_id, {"": per_second})

    def settle(self, turn, response=None):
        with self.transaction() as env:
            env["finance.breaker"]._settle(self.system_id, turn, response)

    def open_exceptions(self, env):
        return env["finance.exception"].search(
            [("system_id", "=", self.system_id), ("state", "=", "open")]
        )

    def breaker(self, env):
        return env["finance.breaker"].search([("system_id", "=", self.system_id)])

    def fail_often(self):
        for _call in range(POLICY.min_calls):
            turn, _pause = self.admit()
            self.settle(turn)

    def end_pause(self):
        with self.transaction() as env:
            past = fields.Datetime.now() - timedelta(seconds=1)
            self.breaker(env).until = past

    def at_once(self, act, workers=8):
        """Outcomes of ``act`` called by so many workers at the same moment."""
        gate, outcomes = threading.Barrier(workers), []

        def work():
            gate.wait()
            try:
                outcomes.append(act())
            except HeldBack as held:
                outcomes.append(held)

        threads = [threading.Thread(target=work) for _worker in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    def test_faults_39_one_of_many_workers_probes(self):
        self.fail_often()
        self.end_pause()
        outcomes = self.at_once(self.admit)
        probes = [each for each in outcomes if not isinstance(each, HeldBack)]
        self.assertEqual((len(outcomes), len(probes)), (8, 1))
        [(turn, _pause)] = probes
        self.settle(turn, Response(200))
        with self.transaction() as env:
            self.assertEqual(self.breaker(env).state, "closed")
        self.assertFalse(
            [each for each in self.at_once(self.admit) if isinstance(each, HeldBack)]
        )

    def test_no_outcome_is_lost_between_workers(self):
        turn, _pause = self.admit()
        self.at_once(lambda: self.settle(turn, Response(200)))
        with self.transaction() as env:
            self.assertEqual(self.breaker(env).calls, 8)

    def test_many_workers_open_it_once_and_raise_one_exception(self):
        turn, _pause = self.admit()
        self.at_once(lambda: self.settle(turn))
        with self.transaction() as env:
            self.assertEqual(self.breaker(env).turn, 1)
            causes = self.open_exceptions(env).mapped("cause")
            self.assertEqual(causes, ["breaker:"])

    def test_outcome_stays_when_the_transaction_around_it_fails(self):
        with contextlib.suppress(ZeroDivisionError), self.transaction() as env:
            breaker = env["finance.breaker"]
            for _call in range(POLICY.min_calls):
                breaker._settle(
                    self.system_id, breaker._admit(self.system_id, NO_LIMIT)[0], None
                )
            raise ZeroDivisionError
        with self.transaction() as env:
            self.assertEqual(self.breaker(env).state, "open")
            self.assertTrue(self.open_exceptions(env))

    def test_pace_is_one_for_all_workers(self):
        outcomes = self.at_once(lambda: self.admit(1))
        waits = sorted(round(pause) for _turn, pause in outcomes)
        self.assertEqual(waits, [0, 0, 0, 0, 0, 1, 2, 3])

    def test_no_more_calls_at_once_than_the_system_takes(self):
        with contextlib.ExitStack() as stack:
            workers = [stack.enter_context(self.transaction()) for _ in range(5)]
            senders = [env["finance.sender"] for env in workers]
            systems = [env["finance.system"].browse(self.system_id) for env in workers]
            for sender, system in zip(senders[:4], systems, strict=False):
                sender._take_place(system)
                sender._take_place(system)  # it has its place already
            with self.assertRaises(HeldBack):
                senders[4]._take_place(systems[4])
            workers[0].cr.rollback()
            senders[4]._take_place(systems[4])

    def test_columns_are_those_of_the_pure_breaker(self):
        names = self.registry["finance.breaker"]._fields
        self.assertLessEqual(set(vars(Breaker())), set(names))
