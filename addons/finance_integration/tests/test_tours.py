"""The screens, driven in Chromium by the people they are for."""

import os
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import HubCase, settlement, txn


@tagged("post_install", "-at_install")
class Screens(HubCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.deliver(
            txn("txn_paid", "payment", "100.00", fees={"processing": "3.20"}),
            identity="evt_paid",
        )
        cls.deliver(
            txn("txn_odd", "payment", "50.00", fees={"odd_fee": "1.00"}),
            identity="evt_odd",
        )
        cls.deliver(txn("txn_odd_2", "payment", "70.00", fees={"odd_fee": "1.00"}))
        cls.drain()
        cls.env["account.account"].create(
            {
                "name": "Odd fees",
                "code": "ODD1",
                "account_type": "expense",
                "company_ids": [Command.set(cls.company.ids)],
            }
        )

    def run_as(self, role, url, tour, **values):
        """Run the tour as a person of that role who may also read the books."""
        login = f"screens_{role}"
        user = self.make_user(role, login=login, password=login, **values)
        user.group_ids += self.env.ref("account.group_account_readonly")
        self.start_tour(url, tour, login=user.login)

    def test_the_board_says_how_a_system_is_and_its_numbers_lead_to_lists(self):
        self.run_as(
            "user", "/odoo/finance-overview", "finance_board_number_leads_to_its_list"
        )

    def test_what_waits_goes_on_once_one_proposes_and_another_approves(self):
        """FAULTS 45."""
        self.assertEqual(self.find("txn_odd").state, "held")
        self.run_as(
            "editor",
            "/odoo/finance-exceptions",
            "finance_exception_leads_to_a_proposal",
        )
        self.drain()
        self.assertEqual(self.find("txn_odd").state, "held")
        with patch.dict(os.environ, QUEUE_JOB__NO_DELAY="1"):  # its own way to test
            self.run_as(
                "approver",
                "/odoo/finance-mapping-approvals",
                "finance_version_is_approved",
            )
        self.drain()
        self.assertEqual(self.find("txn_odd").state, "posted")

    def test_many_exceptions_are_taken_and_put_off_at_once(self):
        exception = self.find("txn_odd").exception_id
        self.run_as(
            "user",
            "/odoo/finance-exceptions",
            "finance_exceptions_are_put_off_together",
            name="Taker",
        )
        self.env.invalidate_all()
        self.assertEqual(exception.owner_id.name, "Taker")
        self.assertEqual(exception.snooze_reason, "The bank is closed.")

    def held(self, *documents):
        """What is delivered and held, by one exception of which people are asked."""
        for document in documents:
            self.deliver(document)
        self.drain()
        found = self.env["finance.document"].union(
            *(self.find(each["source_id"]) for each in documents)
        )
        self.assertEqual(len(found.exception_id), 1)
        found.exception_id._open()
        return found

    def cause_over_three_documents(self):
        """A customer whose partner is confirmed pays the invoice of another one."""
        stranger = self.env["res.partner"].create({"name": "Somebody Else"})
        reference = self.env["finance.reference"].create(
            {
                "system_id": self.system.id,
                "kind": "partner",
                "foreign_id": "cus_tour",
                "target": f"res.partner,{stranger.id}",
            }
        )
        reference.with_user(self.make_user("approver")).action_confirm()
        invoice = self.make_invoice("60")
        links = {"invoice_id": invoice.name, "customer_id": "cus_tour"}
        payments = [txn(f"txn_{each}", "payment", "20.00", **links) for each in "abc"]
        return self.held(*payments), reference

    def test_one_cause_over_many_documents_is_released_with_a_reason(self):
        documents, _reference = self.cause_over_three_documents()
        exception = documents.exception_id
        self.run_as(
            "approver", "/odoo/finance-exceptions", "finance_grouped_exception_released"
        )
        self.drain()
        self.assertEqual(set(documents.mapped("state")), {"posted"})
        self.assertEqual(exception.state, "resolved")
        accepted = self.env["finance.acceptance"].search(
            [("document_id", "in", documents.ids)]
        )
        self.assertEqual(accepted.mapped("reason"), 3 * ["The parent company pays."])
        self.assertEqual(accepted.create_uid.login, "screens_approver")

    def test_one_cause_over_many_documents_is_rejected_with_a_reason(self):
        documents = self.find("txn_odd") | self.find("txn_odd_2")
        exception = documents.exception_id
        self.run_as(
            "approver", "/odoo/finance-exceptions", "finance_grouped_exception_rejected"
        )
        self.drain()
        self.assertEqual(set(documents.mapped("state")), {"ignored"})
        for document in documents:
            self.assertIn("Test orders of the shop.", document.reason)
        self.assertEqual(
            (exception.resolved_by_id.login, exception.resolution),
            ("screens_approver", "Test orders of the shop."),
        )
        self.assertFalse(documents.move_ids)

    def test_one_chooses_the_partner_and_another_confirms_it(self):
        documents, reference = self.cause_over_three_documents()
        self.run_as("editor", "/odoo/finance-exceptions", "finance_partner_is_chosen")
        self.drain()
        self.assertEqual(set(documents.mapped("state")), {"held"})
        self.run_as(
            "approver", "/odoo/finance-exceptions", "finance_chosen_partner_confirmed"
        )
        self.drain()
        self.assertEqual(reference.target, self.customer)
        self.assertEqual(set(documents.mapped("state")), {"posted"})

    def test_a_difference_within_the_limit_is_written_off(self):
        control = self.env["finance.control"].create({"system_id": self.system.id})
        version = control.version_ids
        version.write({"write_off_limit": 1, "change_reason": "Cents"})
        version.action_submit()
        self.approve(version)
        short = txn("txn_short", "payment", "99.98")
        own = txn("txn_own", "payout", "-100.00", payout_id="po_tour")
        self.deliver(short, own, settlement("po_tour", [short, own]))
        self.drain()
        self.run_as(
            "approver", "/odoo/finance-exceptions", "finance_difference_is_written_off"
        )
        self.drain()
        payout = self.find("txn_own").payout_id
        self.assertEqual(payout.state, "tied")
        self.assertEqual(payout.write_off_id.create_uid.login, "screens_approver")

    def test_a_preview_shows_how_it_goes_on(self):
        self.propose(self.system, "fee", "odd_fee", self.account("processing", "fee"))
        self.run_as(
            "editor",
            "/odoo/finance-mapping-approvals",
            "finance_preview_shows_how_it_goes_on",
        )

    def test_a_journal_entry_leads_to_the_message_it_came_from(self):
        entry = self.find("txn_paid").move_ids
        self.run_as(
            "user",
            f"/odoo/action-account.action_move_journal_line/{entry.id}",
            "finance_entry_leads_to_its_origin",
        )
