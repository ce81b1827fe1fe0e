"""Who may see and change what: six roles, two companies, secrets and the log."""

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .. import keyring
from .common import HubCase, txn

KEPT = ("finance_message", "finance_document")
ROLES = ("user", "operator", "editor", "approver", "admin", "auditor")
MODELS = (
    "finance.system",
    "finance.flow",
    "finance.message",
    "finance.document",
    "finance.mapping",
    "finance.mapping.version",
    "finance.mapping.rule",
    "finance.exception",
    "finance.log",
    "finance.payout",
)
SECRET = "whsec_never_to_be_seen"


class TwoCompanies(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.make_company("Elsewhere")
        cls.other = cls.make_system(cls.other_company, "elsewhere")
        cls.credential = cls.env["finance.credential"].create(
            {"system_id": cls.other.id, "kind": "webhook", "secret": SECRET}
        )
        for system in (cls.system, cls.other):
            cls.play(
                txn("t1", "payment", "10.00"),
                txn("t2", "payment", "1.00", fees={"strange": "1"}),
                txn("t3", "payout", "-10.00", payout_id="p1"),
                {
                    "type": "payout",
                    "source_id": "p1",
                    "occurred_at": "2026-03-10T10:00:00Z",
                    "currency": "EUR",
                    "amount": "10.00",
                    "status": "paid",
                },
                system=system,
            )


@tagged("post_install", "-at_install")
class Companies(TwoCompanies):
    def test_no_role_sees_another_companys_records(self):
        """FAULTS 20."""
        for role in ROLES:
            user = self.make_user(role)
            for model in MODELS:
                with self.subTest(role=role, model=model):
                    records = self.env[model].with_user(user).search([])
                    self.assertTrue(records)
                    self.assertLessEqual(records.company_id, self.company)
                    foreign = self.env[model].search(
                        [("company_id", "=", self.other_company.id)], limit=1
                    )
                    self.assertTrue(foreign)
                    with self.assertRaises(AccessError):
                        foreign.with_user(user).read(["display_name"])

    def test_someone_of_both_companies_sees_both(self):
        user = self.make_user("user", self.company | self.other_company)
        systems = (
            self.env["finance.system"]
            .with_user(user)
            .with_context(allowed_company_ids=(self.company | self.other_company).ids)
            .search([])
        )
        self.assertLessEqual(self.system | self.other, systems)

    def test_equal_deliveries_of_two_companies_post_in_their_own_books(self):
        for system in (self.system, self.other):
            document = self.find("t1", system=system)
            self.assertEqual(document.move_ids.company_id, system.company_id)
            self.assertEqual(document.move_ids.line_ids.company_id, system.company_id)

    def test_invoice_of_another_company_is_not_settled(self):
        invoice = self.make_invoice("10", company=self.other_company, name="INV/SAME")
        self.play(txn("t9", "payment", "10.00", invoice_id="INV/SAME"))
        self.assert_held("t9", "open_item:")
        self.assertEqual(invoice.amount_residual, 10)

    def test_both_companies_waiting_for_one_invoice_number_go_on(self):
        for system in (self.system, self.other):
            self.play(
                txn("t9", "payment", "10.00", invoice_id="INV/SAME"), system=system
            )
        for company in (self.company, self.other_company):
            self.make_invoice("10", company=company, name="INV/SAME")
        self.env["finance.engine"]._cron_sweep()
        for system in (self.system, self.other):
            self.drain(system)
            self.assertEqual(self.find("t9", system=system).state, "posted")

    def test_mapping_to_a_record_of_another_company_is_refused(self):
        editor = self.make_user("editor", self.company | self.other_company)
        foreign = self.account("clearing|EUR", system=self.other)
        with self.assertRaises(ValidationError):
            self.add_mapping(self.system, "fee", "strange", foreign, user=editor)

    def test_mapping_to_another_kind_of_record_is_refused(self):
        journal = self.account("gateway", "journal")
        with self.assertRaises(ValidationError):
            self.add_mapping(self.system, "fee", "strange", journal)

    def test_system_with_messages_keeps_its_company(self):
        with self.assertRaises(UserError):
            self.system.company_id = self.other_company


@tagged("post_install", "-at_install")
class Roles(TwoCompanies):
    def test_auditor_reads_everything_and_changes_nothing(self):
        auditor = self.make_user("auditor")
        for model in (*MODELS, "finance.posting.rule"):
            record = self.env[model].with_user(auditor).search([], limit=1)
            with self.subTest(model):
                self.assertTrue(record.read())
                for operation in ("write", "create", "unlink"):
                    with self.assertRaises(AccessError):
                        record.check_access(operation)

    def test_nobody_changes_messages_documents_payouts_or_the_log(self):
        for role in ROLES:
            user = self.make_user(role)
            for model in (
                "finance.message",
                "finance.document",
                "finance.payout",
                "finance.log",
            ):
                record = self.env[model].with_user(user).search([], limit=1)
                for operation in ("write", "create", "unlink"):
                    with self.subTest(role=role, model=model, operation=operation):
                        with self.assertRaises(AccessError):
                            record.check_access(operation)

    def test_only_editors_change_mappings_and_rules(self):
        for role in set(ROLES) - {"editor"}:
            user = self.make_user(role)
            for model in ("finance.mapping.rule", "finance.posting.rule.line"):
                with (
                    self.subTest(role=role, model=model),
                    self.assertRaises(AccessError),
                ):
                    self.env[model].with_user(user).check_access("write")

    def test_only_administrators_set_up_systems(self):
        for role in set(ROLES) - {"admin"}:
            user = self.make_user(role)
            with self.subTest(role), self.assertRaises(AccessError):
                self.env["finance.system"].with_user(user).check_access("write")

    def test_user_owns_an_exception_but_cannot_declare_it_resolved(self):
        user = self.make_user("user")
        exception = self.find("t2").exception_id.with_user(user)
        exception.owner_id = user
        for values in (
            {"state": "resolved"},
            {"cause": "other"},
            {"category": "technical"},
            {"name": "Nothing is wrong"},
            {"system_id": self.other.id},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                exception.write(values)
        self.assertEqual(exception.state, "open")

    def test_what_travelled_is_for_operators(self):
        message = self.find("t1").message_id
        operator = self.make_user("operator")
        self.assertIn("t1", message.with_user(operator).content)
        with self.assertRaises(AccessError):
            message.with_user(self.make_user("user")).read(["content"])

    def test_payload_is_encrypted_at_rest(self):
        message = self.find("t1").message_id
        self.env.cr.execute(
            "SELECT payload FROM finance_message WHERE id = %s", [message.id]
        )
        [(stored,)] = self.env.cr.fetchall()
        self.assertNotIn(b"balance_transaction", bytes(stored))
        self.assertIn(b"balance_transaction", message._body())


@tagged("post_install", "-at_install")
class Log(TwoCompanies):
    def test_log_cannot_be_changed_by_the_orm(self):
        entry = self.env["finance.log"].search([], limit=1)
        for attempt in (
            lambda: entry.write({"detail": "nothing"}),
            lambda: entry.unlink(),
            lambda: self.env["finance.log"].create({"event": "made.up"}),
            lambda: entry.copy(),
        ):
            with self.assertRaises(UserError):
                attempt()

    def test_every_step_of_a_document_is_in_the_log(self):
        events = self.find("t2").log_ids.sorted("id").mapped("event")
        self.assertEqual(events, ["document.normalised", "document.held"])
        events = self.find("t1").log_ids.sorted("id").mapped("event")
        self.assertEqual(events, ["document.normalised", "document.posted"])


@tagged("post_install", "-at_install")
class Credentials(TwoCompanies):
    def test_secret_is_used_but_never_read_back(self):
        self.env.invalidate_all()
        credential = self.credential
        self.assertEqual(
            self.env["finance.credential"]._secrets(self.other.id, "webhook"), [SECRET]
        )
        self.assertTrue(credential.is_set)
        admin = self.make_user("admin", self.company | self.other_company)
        admin.group_ids |= self.env.ref("base.group_allow_export")
        seen = credential.with_user(admin).with_company(self.other_company)
        for told in (
            seen.read(["secret", "is_set", "display_name"]),
            seen.export_data(["kind", "secret"]),
            seen.search_read([("id", "=", credential.id)]),
            seen.copy_data(),
            seen.copy().read(["secret"]),
            repr(seen),
        ):
            self.assertNotIn(SECRET, str(told))

    def test_ciphertext_is_closed_to_everybody(self):
        admin = self.make_user("admin", self.company | self.other_company)
        for user in (admin, self.env.ref("base.user_admin")):
            user.company_ids |= self.other_company
            user.group_ids |= self.env.ref("base.group_allow_export")
            seen = self.credential.with_user(user).with_company(self.other_company)
            for attempt in (
                lambda seen=seen: seen.read(["ciphertext"]),
                lambda seen=seen: seen.export_data(["ciphertext"]),
                lambda seen=seen: seen.search([("ciphertext", "like", "gAAAA")]),
                lambda seen=seen: seen.search([], order="ciphertext"),
                lambda seen=seen: seen._read_group([], ["ciphertext"]),
                lambda seen=seen: seen.write({"ciphertext": "x"}),
            ):
                with self.assertRaises(AccessError):
                    attempt()

    def test_copy_has_no_secret(self):
        self.assertFalse(self.credential.copy().is_set)

    def test_secret_is_encrypted_in_the_database(self):
        self.env.cr.execute("SELECT ciphertext FROM finance_credential")
        stored = [token for (token,) in self.env.cr.fetchall() if token]
        self.assertTrue(stored)
        self.assertNotIn(SECRET, str(stored))
        self.assertIn(SECRET.encode(), map(keyring.decrypt, map(str.encode, stored)))

    def test_credentials_are_for_administrators(self):
        for role in set(ROLES) - {"admin"}:
            user = self.make_user(role, self.company | self.other_company)
            with self.subTest(role), self.assertRaises(AccessError):
                self.credential.with_user(user).read(["kind"])

    def test_rotation_keeps_the_old_secret_for_a_day(self):
        """FAULTS 6."""
        self.credential.action_rotate()
        self.env["finance.credential"].create(
            {"system_id": self.other.id, "kind": "webhook", "secret": "whsec_new"}
        )
        secrets = self.env["finance.credential"]._secrets(self.other.id, "webhook")
        self.assertEqual(set(secrets), {SECRET, "whsec_new"})
        self.credential.valid_to = self.credential.valid_from
        secrets = self.env["finance.credential"]._secrets(self.other.id, "webhook")
        self.assertEqual(secrets, ["whsec_new"])

    def test_copied_database_has_no_secret_and_reaches_nobody(self):
        self.other.base_url = "https://shop.example"
        self.env.flush_all()
        for query in get_neutralization_queries(["finance_integration"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.assertFalse(self.credential.is_set)
        self.assertEqual(
            self.env["finance.credential"]._secrets(self.other.id, "webhook"), []
        )
        self.assertEqual(self.other._api_host(), "neutralized.invalid")
        self.assertEqual(self.other.environment, "test")
        self.assertFalse(self.env["finance.flow"].search([]))
        self.assertIsNone(self.env["finance.system"]._door("elsewhere"))


@tagged("post_install", "-at_install")
class WhatArrived(HubCase):
    @mute_logger("odoo.sql_db")
    def test_database_refuses_to_delete_it(self):
        self.play(txn("t1", "payment", "10.00"))
        for table in KEPT:
            with (
                self.subTest(table=table),
                self.assertRaisesRegex(
                    psycopg2.errors.InsufficientPrivilege, "is kept"
                ),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
