"""Doors and rights: who comes in, who is called, who may press what."""

from contextlib import contextmanager
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.finance_connector_demo.connector import DemoConnector
from odoo.addons.finance_core.errors import NeedsPerson, Refused
from odoo.addons.finance_core.retry import POLICIES
from odoo.addons.queue_job.tests.common import trap_jobs

from .. import keyring
from ..transport import is_public
from .common import HubCase, txn
from .test_pull import KEY, Shop

DOWN = (503, {}, b"{}")


@contextmanager
def without_signature():
    """The demo shop as a system that only can be asked."""
    signature = DemoConnector.signature
    DemoConnector.signature = None
    try:
        yield
    finally:
        DemoConnector.signature = signature


@tagged("post_install", "-at_install")
class Doors(HubCase):
    def test_system_that_cannot_sign_has_no_door(self):
        with without_signature():
            system = self.make_system(self.company, "asked")
            self.assertNotIn("webhook", system.flow_ids.mapped("kind"))
            self.env["finance.flow"].create(
                {"name": "By hand", "system_id": system.id, "kind": "webhook"}
            )
            self.assertIsNone(self.env["finance.system"]._door("asked"))

    def test_two_openings_of_one_exception_are_no_error(self):
        """FAULTS 10: the second transaction is asked for again, then finds it."""
        need = NeedsPerson("same:1", "Twice.", "Look.", category="control")
        exceptions = self.env["finance.exception"]
        first = exceptions._raise_for(self.system, need)
        self.assertEqual(exceptions._raise_for(self.system, need), first)
        values = {
            name: first[name] for name in ("name", "cause", "category", "state")
        } | {"system_id": self.system.id}
        self.assertFalse(exceptions._insert(values))

    def test_pull_does_not_make_the_door_forget(self):
        pull = self.system.flow_ids.filtered(lambda flow: flow.kind == "pull")
        door = self.system.flow_ids - pull
        self.env.registry.cache_invalidated.clear()
        pull.cursor = "{}"
        self.assertFalse(self.env.registry.cache_invalidated)
        door.allow_revisions = not door.allow_revisions
        self.assertEqual(
            self.env["finance.system"]._door("proof")[-1], door.allow_revisions
        )


@tagged("post_install", "-at_install")
class Buttons(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.play(
            txn("t1", "payment", "1.00", fees={"strange": "1"}),
            {
                "type": "payout",
                "source_id": "p1",
                "occurred_at": "2026-03-10T10:00:00Z",
                "currency": "EUR",
                "amount": "10.00",
                "status": "paid",
            },
            {
                "type": "customer",
                "source_id": "c1",
                "occurred_at": "2026-03-10T10:00:00Z",
                "name": "Ada Private",
                "email": "ada@example.org",
                "vat": "DE123456789",
            },
        )
        cls.case = cls.find("t1").exception_id
        need = NeedsPerson("pull:documents:", "Down.", "Ask.", action="pull_again")
        cls.down = cls.env["finance.exception"]._raise_for(cls.system, need)
        cls.payout = cls.env["finance.payout"].search(
            [("system_id", "=", cls.system.id)]
        )
        cls.flow = cls.system.flow_ids.filtered(lambda flow: flow.kind == "pull")

    def test_only_who_may_presses_the_buttons(self):
        everybody = {"user", "operator", "editor", "approver", "admin"}
        for record, button, allowed in (
            (self.case, "action_try_again", everybody),
            (
                self.down.with_context(remedy="pull_again"),
                "action_remedy",
                {"operator", "admin"},
            ),
            (self.payout, "action_pull_again", everybody),
            (self.flow, "action_pull_now", {"operator", "admin"}),
            (self.case.document_ids.message_id, "action_replay", {"operator", "admin"}),
        ):
            for role in (*everybody, "auditor"):
                press = getattr(record.with_user(self.make_user(role)), button)
                with self.subTest(button=button, role=role), trap_jobs():
                    if role in allowed:
                        press()
                    else:
                        self.assertRaises(AccessError, press)

    def test_button_of_another_companys_record_is_closed(self):
        elsewhere = self.make_user("admin", self.make_company("Elsewhere"))
        for press in (
            self.payout.with_user(elsewhere).action_pull_again,
            self.flow.with_user(elsewhere).action_pull_now,
        ):
            self.assertRaises(AccessError, press)

    def test_operator_does_not_change_flows(self):
        operator = self.make_user("operator")
        for values in ({"cursor": "{}"}, {"allow_revisions": True}, {"active": False}):
            with self.assertRaises(AccessError):
                self.flow.with_user(operator).write(values)

    def test_shipped_posting_rules_are_changed_by_nobody(self):
        editor = self.make_user("editor")
        shipped = self.env["finance.posting.rule"].search(
            [("system_id", "=", False)], limit=1
        )
        version = shipped.version_ids[:1]
        for record in (shipped, version, version.line_ids[:1]):
            with self.subTest(record._name):
                seen = record.with_user(editor)
                seen.read(["display_name"])
                self.assertRaises(AccessError, seen.check_access, "write")
        own = (
            self.env["finance.posting.rule"]
            .with_user(editor)
            .create(
                {
                    "name": "Our own",
                    "system_id": self.system.id,
                    "document_type": "payment",
                }
            )
        )
        own.name = "Ours"

    def test_personal_data_of_a_document_is_shown_to_nobody(self):
        customer = self.find("c1", kind="customer")
        for role in ("user", "operator", "editor", "approver", "admin", "auditor"):
            seen = customer.with_user(self.make_user(role))
            with self.assertRaises(AccessError):
                seen.read(["content"])
            for private in ("Ada", "ada@", "DE1234"):
                self.assertNotIn(private, seen.detail_html)
                self.assertNotIn(private, customer.content)


@tagged("post_install", "-at_install")
class Calls(HubCase):
    def setUp(self):
        super().setUp()
        self.shop = Shop()
        self.url = self.enterContext(self.shop.open())
        self.system.write({"base_url": self.url, "environment": "test"})
        self.key = self.env["finance.credential"].create(
            {"system_id": self.system.id, "kind": "api", "secret": KEY}
        )
        self.flow = self.system.flow_ids.filtered(lambda each: each.kind == "pull")
        self.call_in_this_transaction()

    def keys(self):
        return self.env["finance.credential"]._secrets(self.system.id, "api")

    def pull(self, **more):
        with trap_jobs() as trap:
            self.env["finance.puller"]._pull(self.system, "documents", **more)
            return [job for job in trap.enqueued_jobs if job.method_name == "_job_pull"]

    def open_exceptions(self):
        return self.env["finance.exception"].search(
            [("system_id", "=", self.system.id), ("state", "=", "open")]
        )

    def test_key_ends_when_the_address_moves_to_another_host(self):
        self.system.base_url = f"{self.url}/v2"
        self.assertEqual(self.keys(), [KEY])
        self.system.base_url = "https://elsewhere.example"
        self.assertEqual(self.keys(), [])
        logged = self.env["finance.log"].search(
            [("system_id", "=", self.system.id), ("event", "=", "credential.ended")]
        )
        self.assertIn("elsewhere.example", logged.detail)

    def test_only_a_test_system_reaches_this_machine(self):
        """FAULTS 37: seen after the connection, before a byte is sent."""
        self.system.environment = "production"
        port = self.url.rpartition(":")[2]
        for host in ("127.0.0.1", "localhost"):
            self.system.base_url = f"https://{host}:{port}"
            self.key.valid_to = False
            request = self.system._plain_connector().next_page(
                "documents", "", {}, None
            )
            with self.subTest(host), self.assertRaises(Refused) as refused:
                self.env["finance.sender"]._send(self.system, request)
            self.assertIn("internet", str(refused.exception))
        self.assertFalse(self.shop.asked)

    def test_private_addresses_are_not_public(self):
        """FAULTS 37."""
        for address in (
            "127.0.0.1 10.0.0.1 172.16.9.9 192.168.1.1 169.254.169.254 0.0.0.0"
            " 100.64.0.1 224.0.0.1 255.255.255.255 ::1 :: fe80::1%eth0 fc00::1 ff02::1"
            " ::ffff:10.0.0.1 64:ff9b::a00:1 64:ff9b:1::1 2002:a00:1::1"
        ).split():
            self.assertFalse(is_public(address), address)
        for address in "8.8.8.8 2a00:1450::1 ::ffff:8.8.8.8 64:ff9b::808:808".split():
            self.assertTrue(is_public(address), address)

    def test_old_key_ends_only_when_its_successor_is_saved(self):
        """FAULTS 6."""
        action = self.key.action_rotate()
        self.assertFalse(self.key.valid_to)
        self.env["finance.credential"].with_context(**action["context"]).create(
            {"secret": "the next key"}
        )
        self.assertTrue(self.key.valid_to)
        self.assertEqual(set(self.keys()), {KEY, "the next key"})

    def test_source_that_is_down_is_asked_after_growing_pauses_then_somebody_hears(
        self,
    ):
        pauses = []
        failures = 0
        for _attempt in range(len(POLICIES["quick"].steps)):
            self.shop.answers = [DOWN]
            self.env["finance.breaker"].search([]).unlink()  # it has no part in this
            [job] = self.pull(failures=failures)
            failures = job.kwargs.get("failures") or job.args[-1]
            pauses.append(self.flow.asked_again_at - fields.Datetime.now())
            self.assertFalse(self.open_exceptions())
            self.assertFalse(self.flow._is_due(fields.Datetime.now()))
        self.assertEqual(pauses, sorted(pauses))
        self.shop.answers = [DOWN]
        self.env["finance.breaker"].search([]).unlink()
        [_job] = self.pull(failures=failures)
        exception = self.open_exceptions()
        self.assertEqual(exception.cause, "pull:documents:")
        self.assertTrue(exception.owner_id)
        self.shop.answers = [DOWN]
        self.pull(failures=failures)
        self.assertEqual(self.open_exceptions(), exception, "no answer is no success")
        self.shop.pages = {"1": [txn("t1", "payment", "1.00")]}
        self.pull()
        self.assertEqual(exception.state, "resolved")
        self.assertFalse(self.flow.asked_again_at)

    def test_long_pull_goes_on_in_another_transaction(self):
        self.shop.pages = {
            str(n): [txn(f"t{n}", "payment", "1.00")] for n in range(1, 13)
        }
        self.assertEqual(len(self.pull()), 1)
        self.assertEqual(len(self.shop.asked), 10)
        self.assertFalse(self.flow.pulled_at)
        self.assertFalse(self.pull())
        self.assertEqual(len(self.shop.asked), 12)
        self.assertTrue(self.flow.pulled_at)

    def test_long_pull_of_a_scope_goes_on_where_it_stood(self):
        self.shop.pages = {
            str(n): [txn(f"t{n}", "payment", "1.00")] for n in range(1, 13)
        }
        [job] = self.pull(scope="p1")
        cursor = job.args[2]
        self.assertFalse(self.pull(scope="p1", cursor=cursor))
        self.assertEqual(len(self.shop.asked), 12)
        self.assertFalse(self.flow.pulled_at)

    def test_archived_flow_or_system_is_not_asked_and_posts_nothing(self):
        self.shop.pages = {"1": [txn("t1", "payment", "1.00")]}
        self.flow.active = False
        self.pull()
        self.flow.active = True
        self.deliver(txn("t2", "payment", "1.00"))
        self.system.active = False
        self.pull()
        self.assertFalse(self.shop.asked)
        self.assertFalse(self.env["finance.engine"]._step(self.system))
        self.env.flush_all()
        self.assertNotIn(
            self.system.id, self.env["finance.waiting"]._systems_with_work()
        )
        self.system.active = True
        self.drain()
        self.assertEqual(self.find("t2").state, "posted")


@tagged("post_install", "-at_install")
class Poison(HubCase):
    def test_payload_that_cannot_be_decrypted_leaves_its_neighbours_alone(self):
        """FAULTS 32: tried again, then dead with an owner; a replay starts anew."""
        bad, _status = self.deliver(txn("t1", "payment", "1.00"))
        good = bad._body()
        self.set_payload(bad, b"not ours")
        self.play(txn("t2", "payment", "1.00"))
        self.assertEqual(self.find("t2").state, "posted")
        self.assertEqual((bad.state, bad.attempts), ("retrying", 1))
        bad._fail("Again.")
        self.assertEqual(self.events(bad).count("message.retrying"), 2)
        bad.received_at -= timedelta(days=10)
        bad._fail("Again.")
        self.assertEqual(bad.state, "dead")
        exception = self.env["finance.exception"].search([("message_id", "=", bad.id)])
        self.assertTrue(exception.owner_id and exception.due_at)
        bad.with_user(self.make_user("operator")).action_replay()
        self.assertEqual((bad.state, bad.attempts), ("received", 0))
        bad._fail("Once more.")
        self.assertEqual(bad.state, "retrying")
        self.set_payload(bad, keyring.encrypt(good))
        bad.next_attempt_at = False
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")
        self.assertEqual(exception.state, "resolved")

    def set_payload(self, message, token):
        self.env.cr.execute(
            "UPDATE finance_message SET payload = %s WHERE id = %s", [token, message.id]
        )

    def events(self, message):
        return (
            self.env["finance.log"]
            .search([("message_id", "=", message.id)])
            .mapped("event")
        )
