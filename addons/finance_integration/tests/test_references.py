"""What other systems call our records, who may say so, and what relies on it."""

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .. import canonical
from .common import HubCase, txn


class ReferenceCase(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stranger = cls.env["res.partner"].create({"name": "Somebody Else"})
        cls.editor = cls.make_user("editor")
        cls.approver = cls.make_user("approver")

    @classmethod
    def make_reference(cls, foreign_id, target, kind="partner", user=None, **values):
        references = cls.env["finance.reference"].with_user(user or cls.editor)
        return references.create(
            {
                "system_id": cls.system.id,
                "kind": kind,
                "foreign_id": foreign_id,
                "target": f"{target._name},{target.id}",
                **values,
            }
        )

    @classmethod
    def confirm(cls, reference):
        reference.with_user(cls.approver).action_confirm()
        cls.env.invalidate_all()

    def references(self, foreign_id):
        return self.env["finance.reference"].search([("foreign_id", "=", foreign_id)])

    def charge(self, invoice, source_id="ch1", customer="cus_1", amount="10.00"):
        self.play(
            txn(
                source_id,
                "payment",
                amount,
                invoice_id=invoice.name,
                customer_id=customer,
            )
        )
        return self.find(source_id)


@tagged("post_install", "-at_install")
class References(ReferenceCase):
    def test_one_foreign_id_of_a_kind_stands_for_one_record(self):
        self.make_reference("cus_1", self.customer)
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.make_reference("cus_1", self.stranger)

    def test_one_record_may_have_many_foreign_ids(self):
        self.make_reference("cus_1", self.customer)
        self.make_reference("cus_2", self.customer)
        action = self.customer.action_open_finance_references()
        found = self.env["finance.reference"].search(action["domain"])
        self.assertEqual(found.mapped("foreign_id"), ["cus_1", "cus_2"])

    def test_record_of_another_kind_is_refused(self):
        with self.assertRaises(ValidationError):
            self.make_reference("cus_1", self.eur)

    def test_record_of_another_company_is_refused(self):
        elsewhere = self.make_company("Elsewhere")
        journal = self.env["account.journal"].search(
            [("company_id", "=", elsewhere.id)], limit=1
        )
        with self.assertRaises(ValidationError):
            self.make_reference("J1", journal, "journal", user=self.env.user)

    def test_import_is_kept_as_what_it_is(self):
        references = self.env["finance.reference"].with_user(self.editor)
        references = references.with_context(import_file=True)  # as its screen does
        result = references.load(
            ["system_id/.id", "kind", "foreign_id", "target"],
            [
                [
                    str(self.system.id),
                    "partner",
                    "cus_9",
                    f"res.partner,{self.customer.id}",
                ]
            ],
        )
        self.assertTrue(result["ids"], result["messages"])
        found = self.references("cus_9")
        self.assertEqual(found.source, "imported")
        self.assertEqual(found.state, "proposed")

    def test_merge_of_partners_keeps_what_systems_call_them(self):
        reference = self.make_reference("cus_1", self.stranger)
        self.confirm(reference)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.customer | self.stranger).ids, self.customer
        )
        self.env.invalidate_all()
        self.assertEqual(reference.target, self.customer)

    def test_forms_of_all_kinds_have_the_button(self):
        for kind in canonical.KINDS.values():
            with self.subTest(kind.code):
                user = self.make_user("user")
                user.group_ids |= self.env.ref("account.group_account_manager")
                arch = self.env[kind.model].with_user(user).get_view(None, "form")
                self.assertIn("action_open_finance_references", arch["arch"])

    def test_forms_of_people_without_a_role_have_no_button(self):
        user = self.make_user("user")
        user.group_ids = self.env.ref("account.group_account_manager")
        arch = self.env["res.partner"].with_user(user).get_view(None, "form")
        self.assertNotIn("action_open_finance_references", arch["arch"])


@tagged("post_install", "-at_install")
class Identifiers(ReferenceCase):
    def test_identifier_is_the_same_whatever_system_is_asked(self):
        self.customer.write({"vat": False, "ref": "C-17"})
        tax = self.make_tax(19)
        for kind, record, expected in (
            ("partner", self.customer, "ref:C-17"),
            ("currency", self.jpy, "name:JPY"),
            ("tax", tax, f"type_tax_use:sale|amount:19|name:{tax.name}"),
        ):
            reference = self.make_reference("x1", record, kind)
            self.assertEqual(reference.identifier, expected)

    def test_record_without_identity_has_none(self):
        self.assertFalse(self.make_reference("cus_1", self.customer).identifier)


@tagged("post_install", "-at_install")
class Confirming(ReferenceCase):
    def test_author_cannot_confirm(self):
        both = self.make_user("editor")
        both.group_ids |= self.env.ref("finance_integration.group_approver")
        reference = self.make_reference("cus_1", self.customer, user=both)
        with self.assertRaises(UserError):
            reference.with_user(both).action_confirm()

    def test_author_whose_words_another_corrected_cannot_confirm_either(self):
        both = self.make_user("editor")
        both.group_ids |= self.env.ref("finance_integration.group_approver")
        reference = self.make_reference("cus_1", self.customer, user=both)
        reference.with_user(self.editor).foreign_id = "cus_2"
        with self.assertRaises(UserError):
            reference.with_user(both).action_confirm()

    def test_only_approvers_confirm(self):
        reference = self.make_reference("cus_1", self.customer)
        for role in ("user", "operator", "editor", "admin", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                reference.with_user(self.make_user(role)).action_confirm()

    def test_administrator_who_is_also_approver_decides_nothing(self):
        reference = self.make_reference("cus_1", self.customer)
        both = self.make_user("admin")
        both.group_ids |= self.env.ref("finance_integration.group_approver")
        with self.assertRaises(AccessError):
            reference.with_user(both).action_confirm()
        self.confirm(reference)
        with self.assertRaises(AccessError):
            reference.with_user(both).sudo().action_withdraw()

    def test_confirmation_cannot_be_written_or_created_by_rpc(self):
        reference = self.make_reference("cus_1", self.customer)
        with self.assertRaises(AccessError):
            reference.write({"state": "confirmed"})
        with self.assertRaises(AccessError):
            self.make_reference("cus_2", self.customer, state="confirmed")
        smuggled = self.env["finance.reference"].with_user(self.editor)
        smuggled = smuggled.with_context(default_state="confirmed")
        reference = smuggled.create(
            {
                "system_id": self.system.id,
                "kind": "partner",
                "foreign_id": "cus_3",
                "target": f"res.partner,{self.customer.id}",
            }
        )
        self.assertEqual(reference.state, "proposed")

    def test_confirmed_reference_is_withdrawn_before_it_is_changed_or_deleted(self):
        reference = self.make_reference("cus_1", self.customer)
        self.confirm(reference)
        with self.assertRaises(UserError):
            reference.write({"target": f"res.partner,{self.stranger.id}"})
        with self.assertRaises(UserError):
            reference.unlink()
        with self.assertRaises(AccessError):
            reference.action_withdraw()
        reference.with_user(self.approver).action_withdraw()
        reference.write({"target": f"res.partner,{self.stranger.id}"})
        self.assertEqual(reference.target, self.stranger)

    def test_confirmation_and_withdrawal_are_in_the_log(self):
        reference = self.make_reference("cus_1", self.customer)
        self.confirm(reference)
        reference.with_user(self.approver).action_withdraw()
        entries = self.env["finance.log"].search(
            [("event", "=like", "reference.%"), ("user_id", "=", self.approver.id)]
        )
        self.assertEqual(
            entries.mapped("event"), ["reference.proposed", "reference.confirmed"]
        )
        self.assertIn("cus_1", entries[0].detail)

    def logged(self):
        entries = self.env["finance.log"].search([("event", "=like", "reference.%")])
        return [(each.event, each.user_id, each.detail) for each in entries.sorted()]

    def test_whatever_is_entered_changed_and_removed_is_in_the_log(self):
        reference = self.make_reference("cus_1", self.customer)
        reference.target = self.stranger
        reference.foreign_id = "cus_2"
        reference.unlink()
        one, other = (
            f"res.partner,{self.customer.id}",
            f"res.partner,{self.stranger.id}",
        )
        first, second = (f"partner {each} of proof is" for each in ("cus_1", "cus_2"))
        self.assertEqual(
            sorted(self.logged()),
            sorted(
                [
                    ("reference.entered", self.editor, f"{first} {one}"),
                    (
                        "reference.changed",
                        self.editor,
                        f"{first} {one} → {first} {other}",
                    ),
                    (
                        "reference.changed",
                        self.editor,
                        f"{first} {other} → {second} {other}",
                    ),
                    ("reference.removed", self.editor, f"{second} {other}"),
                ]
            ),
        )

    def test_what_is_written_without_a_change_is_not(self):
        reference = self.make_reference("cus_1", self.customer)
        reference.target = self.customer
        self.assertEqual(len(self.logged()), 1)

    def test_what_payments_teach_and_imports_bring_is_in_the_log(self):
        self.charge(self.make_invoice("10"))
        imported = self.env["finance.reference"].with_user(self.editor)
        imported.with_context(import_file=True).create(
            {
                "system_id": self.system.id,
                "kind": "partner",
                "foreign_id": "cus_9",
                "target": f"res.partner,{self.customer.id}",
            }
        )
        events = {event for event, _user, _detail in self.logged()}
        self.assertEqual(events, {"reference.learned", "reference.entered"})

    def test_merge_of_partners_is_in_the_log(self):
        self.make_reference("cus_1", self.stranger)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.customer | self.stranger).ids, self.customer
        )
        self.assertIn("reference.changed", [event for event, *_ in self.logged()])


@tagged("post_install", "-at_install")
class PartnerCheck(ReferenceCase):
    def setUp(self):
        super().setUp()
        self.invoice = self.make_invoice("10")

    def know(self, partner):
        reference = self.make_reference("cus_1", partner)
        self.confirm(reference)
        return reference

    def hold(self):
        """A confirmed customer pays an invoice of somebody else."""
        self.know(self.stranger)
        self.charge(self.invoice)
        return self.assert_held("ch1", "partner:cus_1:", category="control")

    def test_settlement_teaches_who_a_customer_may_be(self):
        document = self.charge(self.invoice)
        reference = self.references("cus_1")
        self.assertEqual(reference.target, self.customer)
        self.assertEqual(reference.source, "learned")
        self.assertEqual(reference.state, "proposed")
        self.assertEqual(reference.document_id, document)

    def test_proposal_stops_nothing_and_is_not_overwritten(self):
        self.make_reference("cus_1", self.stranger)
        self.charge(self.invoice)
        self.assertEqual(self.invoice.amount_residual, 0)
        self.assertEqual(self.references("cus_1").target, self.stranger)

    def test_confirmed_customer_pays_the_own_invoice(self):
        self.know(self.customer)
        self.charge(self.invoice)
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_contact_of_the_company_that_owes_is_the_same_partner(self):
        self.know(
            self.env["res.partner"].create(
                {"name": "Buyer", "parent_id": self.customer.id, "type": "other"}
            )
        )
        self.charge(self.invoice)
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_confirmed_customer_does_not_pay_the_invoice_of_another(self):
        exception = self.hold()
        self.assertIn(self.customer.name, exception.name)
        self.assertIn(self.stranger.name, exception.name)
        self.assertEqual(self.invoice.amount_residual, 10)

    def test_log_names_no_partner(self):
        self.hold()
        details = self.env["finance.log"].search([]).mapped("detail")
        self.assertFalse([each for each in details if "Somebody Else" in (each or "")])

    def test_documents_go_on_when_the_reference_is_withdrawn(self):
        self.hold()
        self.references("cus_1").with_user(self.approver).action_withdraw()
        self.drain()
        self.assertEqual(self.find("ch1").state, "posted")

    def test_documents_go_on_when_both_partners_were_merged(self):
        self.hold()
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.customer | self.stranger).ids, self.customer
        )
        self.env.invalidate_all()
        self.env["finance.engine"]._cron_sweep()
        self.drain()
        self.assertEqual(self.find("ch1").state, "posted")

    def test_approver_accepts_once_with_a_reason(self):
        exception = self.hold()
        self.env["finance.acceptance.wizard"].with_user(self.approver).create(
            {"exception_id": exception.id, "reason": "Parent company pays"}
        ).action_accept()
        self.drain()
        self.assertEqual(self.find("ch1").state, "posted")
        self.assertEqual(exception.state, "resolved")
        logged = self.env["finance.log"].search([("event", "=", "document.accepted")])
        self.assertEqual(logged.detail, "Parent company pays")
        self.assertEqual(logged.user_id, self.approver)

    def test_the_buttons_of_the_case_lead_to_reference_and_acceptance(self):
        exception = self.hold()
        case = exception.with_user(self.approver)
        opened = case.with_context(remedy="open_reference").action_remedy()
        self.assertEqual(opened["res_id"], self.references("cus_1").id)
        opened = case.with_context(remedy="accept_once").action_remedy()
        self.assertEqual(opened["context"], {"default_exception_id": exception.id})

    def test_acceptance_holds_for_one_document_only(self):
        exception = self.hold()
        exception.with_user(self.approver)._accept("Parent company pays")
        self.charge(self.make_invoice("10"), "ch2")
        self.assert_held("ch2", "partner:cus_1:", category="control")

    def test_only_approvers_accept(self):
        exception = self.hold()
        for role in ("user", "operator", "editor", "admin", "auditor"):
            user = self.make_user(role)
            with self.subTest(role), self.assertRaises(AccessError):
                self.env["finance.acceptance.wizard"].with_user(user).create(
                    {"exception_id": exception.id, "reason": "Because"}
                ).action_accept()
            with self.subTest(role), self.assertRaises(AccessError):
                self.env["finance.acceptance"].with_user(user).create(
                    {
                        "document_id": self.find("ch1").id,
                        "cause": exception.cause,
                        "reason": "Because",
                    }
                )

    def test_administrator_who_is_also_approver_accepts_nothing(self):
        exception = self.hold()
        both = self.make_user("admin")
        both.group_ids |= self.env.ref("finance_integration.group_approver")
        with self.assertRaises(AccessError):
            exception.with_user(both).sudo()._accept("Because")

    def test_what_is_no_control_cannot_be_accepted(self):
        self.play(txn("t2", "payment", "1.00", fees={"strange": "1"}))
        exception = self.assert_held("t2", "mapping:")
        with self.assertRaises(UserError):
            exception.with_user(self.approver)._accept("Because")
