"""The screens, driven in Chromium by the people they are for."""

import os
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import HubCase, txn


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
