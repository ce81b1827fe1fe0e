"""Decisions of a risk system, what becomes of a release that is taken back."""

from collections import Counter
from unittest.mock import patch

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models import finance_compensation
from .common import DAY, txn
from .test_control_step import ControlCase

ACCOUNTED = {"posted", "reconciled", "held", "ignored", "superseded"}
LATER = {"occurred_at": f"{DAY}T13:00:00Z"}
slowly = settings(max_examples=10, phases=[Phase.explicit, Phase.generate])


def decision(source_id, verdict, subject, **fields):
    """A risk decision as the demo risk platform sends it."""
    return {
        "type": "risk_decision",
        "source_id": source_id,
        "occurred_at": f"{DAY}T12:00:00Z",
        "decision": verdict,
        "subject_type": "balance_transaction",
        "subject_id": subject,
        "reason": f"Score of {subject}",
        **fields,
    }


class RiskCase(ControlCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.risk = cls.make_system(cls.company, "risk")
        cls.approver = cls.make_user("approver")
        cls.add_control(limits=[{"amount": 100}], decider_id=cls.risk.id)

    def judge(self, *decisions, system=None):
        self.play(*decisions, system=system or self.risk)
        self.drain()


@tagged("post_install", "-at_install")
class RiskDecisions(RiskCase):
    def test_approval_of_the_risk_system_lets_it_go_on(self):
        self.play(txn("t1", "payment", "500.00"))
        self.assert_held("t1", "limit:", category="control")
        self.judge(decision("r1", "approve", "t1"))
        self.assertEqual(self.state("t1"), "posted")
        self.assertEqual(self.find("r1", "risk_decision", self.risk).state, "ignored")

    def test_decision_that_came_first_is_remembered(self):
        """FAULTS 21."""
        self.judge(decision("r1", "approve", "t1"), decision("r2", "reject", "t2"))
        self.play(txn("t1", "payment", "500.00"), txn("t2", "payment", "5.00"))
        self.assertEqual(self.state("t1"), "posted")
        self.assertEqual(self.state("t2"), "ignored")
        self.assertIn("Score of t2", self.find("t2").reason)

    def test_decision_of_a_system_nobody_approved_counts_for_nothing(self):
        stranger = self.make_system(self.company, "stranger")
        self.play(txn("t1", "payment", "500.00"))
        self.judge(decision("r1", "approve", "t1"), system=stranger)
        self.assert_held("t1", "limit:", category="control")
        self.judge(decision("r1", "approve", "t1"), system=self.system)
        self.assert_held("t1", "limit:", category="control")

    def test_decision_about_another_amount_or_system_counts_for_nothing(self):
        self.play(txn("t1", "payment", "500.00"))
        self.judge(
            decision("r1", "approve", "t1", amount="400.00", currency="EUR"),
            decision("r2", "approve", "t1", amount="500.00", currency="USD"),
            decision("r3", "approve", "t1", subject_system="risk"),
            decision("r4", "approve", "t1", subject_system="nobody"),
        )
        self.assert_held("t1", "limit:", category="control")
        self.judge(
            decision(
                "r5",
                "approve",
                "t1",
                amount="500",
                currency="EUR",
                subject_system="proof",
            )
        )
        self.assertEqual(self.state("t1"), "posted")

    def test_the_later_decision_counts_whichever_came_first(self):
        """FAULTS 21."""
        late = {"occurred_at": f"{DAY}T13:00:00Z"}
        self.play(txn("t1", "payment", "500.00"))
        self.judge(decision("r2", "reject", "t1", **late))
        self.play(txn("t2", "payment", "500.00"))
        self.judge(decision("r3", "approve", "t2", **late))
        self.judge(decision("r4", "reject", "t2"))
        self.assertEqual(self.state("t1"), "ignored")
        self.assertEqual(self.state("t2"), "posted")

    def test_date_to_come_does_not_overrule_what_people_decide_later(self):
        """FAULTS 3."""
        self.play(txn("t1", "payment", "500.00"))
        future = {"occurred_at": "2099-01-01T00:00:00Z"}
        self.judge(decision("r1", "approve", "t1", **future))
        self.assertEqual(self.state("t1"), "posted")
        self.decide(self.approver, "t1", "revoke")
        self.assertTrue(self.find("t1").compensation_id)

    def test_a_person_decides_after_a_risk_system_whose_clock_is_ahead(self):
        """FAULTS 30."""
        self.play(txn("t1", "payment", "500.00"))
        self.judge(decision("r1", "revoke", "t1", occurred_at="2099-01-01T00:00:00Z"))
        self.assert_held("t1", "limit:", category="control")
        self.decide(self.approver, "t1", "approve")
        self.assertEqual(self.state("t1"), "posted")
        self.env["finance.engine"]._cron_sweep()
        self.drain()
        self.assertFalse(self.find("t1").compensation_id)


@tagged("post_install", "-at_install")
class TakenBack(RiskCase):
    def release(self, source_id="t1", **fields):
        self.play(txn(source_id, "payment", "500.00", **fields))
        self.decide(self.approver, source_id, "approve")
        return self.find(source_id)

    def assert_taken_back(self, document):
        entry = document.move_ids - document.compensation_id
        reversal = document.compensation_id
        self.assertEqual(len(entry), 1)
        self.assertEqual(len(reversal), 1)
        self.assertEqual(reversal.state, "posted")
        self.assertEqual(reversal.reversed_entry_id, entry)
        self.assertEqual(entry.reversal_move_ids, reversal)
        self.assertEqual(reversal.finance_document_ids, document)
        self.assertEqual(document.state, "posted")

    def test_revocation_by_the_risk_system_reverses_once(self):
        document = self.release()
        self.judge(decision("r1", "revoke", "t1", occurred_at="2027-01-01T00:00:00Z"))
        self.assert_taken_back(document)
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.judge(decision("r2", "revoke", "t1", occurred_at="2027-01-02T00:00:00Z"))
        self.env["finance.engine"]._cron_sweep()
        self.drain()
        self.assert_taken_back(document)
        self.assertEqual(self.balance("clearing|EUR"), 0)
        about = [("cause", "=", f"revoked:{document.id}")]
        self.assertFalse(self.env["finance.exception"].search(about))

    def test_invoice_that_a_revoked_payment_settled_is_open_again(self):
        invoice = self.make_invoice("500")
        document = self.release(invoice_id=invoice.name)
        self.assertEqual(invoice.amount_residual, 0)
        self.decide(self.approver, "t1", "revoke", "Stolen card")
        self.assert_taken_back(document)
        self.assertEqual(invoice.amount_residual, 500)
        self.assertIn("Stolen card", document.reason)

    def test_corrected_revision_of_what_was_reversed_is_posted(self):
        document = self.release(revision=1)
        self.decide(self.approver, "t1", "revoke", "Wrong amount")
        self.play(txn("t1", "payment", "50.00", revision=2))
        corrected = self.find("t1") - document
        self.assertEqual(corrected.state, "posted", corrected.reason)
        self.assertEqual(self.balance("clearing|EUR"), 50)
        self.play(txn("t1", "payment", "60.00", revision=3))
        third = self.find("t1") - document - corrected
        self.assertEqual(third.state, "held")
        self.judge(decision("r1", "approve", "t1"))
        cause = f"released_again:{document.id}"
        self.assertFalse(self.env["finance.exception"].search([("cause", "=", cause)]))

    def test_older_revision_of_what_was_reversed_is_superseded(self):
        document = self.release(revision=2)
        self.decide(self.approver, "t1", "revoke", "Wrong amount")
        self.play(txn("t1", "payment", "50.00", revision=1))
        self.assertEqual((self.find("t1") - document).state, "superseded")
        self.assertEqual(self.balance("clearing|EUR"), 0)

    def test_difference_that_was_written_off_is_taken_back_too(self):
        self.add_control(
            limits=[{"amount": 100}], decider_id=self.risk.id, tolerance=0.05
        )
        invoice = self.make_invoice("500.03")
        document = self.release(invoice_id=invoice.name)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(len(document.move_ids), 2)
        self.decide(self.approver, "t1", "revoke", "Stolen card")
        self.assertTrue(document.compensation_id)
        self.assertEqual(len(document.move_ids), 4)
        self.assertEqual(invoice.amount_residual, 500.03)
        for key in ("clearing|EUR", "settlement_loss|*"):
            self.assertEqual(self.balance(key), 0)

    def test_many_revocations_that_do_not_count_do_not_starve_one_that_does(self):
        stranger = self.make_system(self.company, "stranger")
        self.play(txn("t0", "payment", "5.00"), txn("t1", "payment", "500.00"))
        self.judge(
            decision("r0", "revoke", "t0"),
            decision("r1", "revoke", "t1", amount="1", currency="EUR"),
            system=stranger,
        )
        self.judge(
            decision("r2", "revoke", "t0", amount="4.00", currency="EUR"),
            decision("r3", "revoke", "t0"),
            decision("r4", "approve", "t0"),
        )
        self.assertFalse(self.find("t0").compensation_id)
        self.assertFalse(self.env["finance.compensation"]._revoked(self.system, 0))
        waiting = self.env["finance.waiting"]._systems_with_work()
        self.assertNotIn(self.system.id, waiting)

    def test_reversal_by_hand_is_the_compensation(self):
        document = self.release()
        by_hand = document.move_ids._reverse_moves(cancel=True)
        self.decide(self.approver, "t1", "revoke")
        self.assertEqual(document.compensation_id, by_hand)
        self.assertEqual(self.balance("clearing|EUR"), 0)

    def test_entry_shared_with_others_is_for_a_person(self):
        document = self.release()
        self.play(txn("t2", "payment", "5.00"))
        self.find("t2").move_ids.finance_document_ids |= document
        other = self.find("t2")
        document.move_ids = other.move_ids
        self.decide(self.approver, "t1", "revoke")
        self.assertFalse(document.compensation_id)
        cause = f"revoked:{document.id}"
        exception = self.env["finance.exception"].search([("cause", "=", cause)])
        self.assertEqual(exception.state, "open")
        exception._close("Corrected by MISC/1")
        self.drain()
        self.assertEqual(exception.state, "resolved")  # and not opened again

    def test_only_what_was_released_is_taken_back_by_an_approver(self):
        self.play(txn("t1", "payment", "5.00"))
        with self.assertRaises(UserError):
            self.find("t1").with_user(self.approver).action_revoke("Wrong")
        self.release("t2")
        for role in ("operator", "admin", "auditor", "editor"):
            with self.assertRaises(AccessError):
                self.find("t2").with_user(self.make_user(role)).action_revoke("Wrong")

    def test_revoked_before_it_was_posted_waits_for_a_decision(self):
        self.judge(
            decision("r1", "approve", "t1"),
            decision("r2", "revoke", "t1", occurred_at=f"{DAY}T14:00:00Z"),
        )
        self.play(txn("t1", "payment", "5.00"))
        self.assert_held("t1", "limit:", category="control")

    def test_revocations_that_do_not_count_do_not_hide_one_that_does(self):
        stranger = self.make_system(self.company, "stranger")
        self.play(*(txn(f"s{n}", "payment", "5.00") for n in range(3)))
        self.judge(
            *(decision(f"x{n}", "revoke", f"s{n}") for n in range(3)),
            *(decision(f"y{n}", "approve", f"s{n}", **LATER) for n in range(3)),
        )
        self.judge(
            *(decision(f"x{n}", "revoke", f"s{n}") for n in range(3)), system=stranger
        )
        document = self.release()
        with patch.object(finance_compensation, "BATCH", 2):
            self.decide(self.approver, "t1", "revoke")
        self.assert_taken_back(document)

    def test_release_after_it_was_taken_back_is_for_a_person(self):
        document = self.release()
        self.decide(self.approver, "t1", "revoke")
        self.judge(decision("r1", "approve", "t1", occurred_at="2099-01-01T00:00:00Z"))
        self.assert_taken_back(document)
        cause = f"released_again:{document.id}"
        exception = self.env["finance.exception"].search([("cause", "=", cause)])
        self.assertEqual(exception.state, "open")
        self.assertIn(document.compensation_id.name, exception.remedy)
        self.judge(decision("r2", "revoke", "t1", occurred_at="2099-01-01T00:00:00Z"))
        self.assertEqual(exception.state, "resolved")

    def test_document_whose_key_is_lost_does_not_stop_the_decisions(self):
        document = self.release()
        self.decide(self.approver, "t1", "revoke")
        document.sealed = b"of a key that is lost"
        self.judge(decision("r1", "approve", "t1", occurred_at="2099-01-01T00:00:00Z"))
        cause = f"released_again:{document.id}"
        self.assertTrue(self.env["finance.exception"].search([("cause", "=", cause)]))

    def test_sweep_finds_a_revocation_that_came_while_it_was_posted(self):
        document = self.release()
        self.env["finance.decision"]._record(
            [{**document._decision_row("revoke", "Late"), "user_id": self.approver.id}]
        )
        waiting = self.env["finance.waiting"]._systems_with_work()
        self.assertIn(self.system.id, waiting)
        self.drain()
        self.assert_taken_back(document)
        waiting = self.env["finance.waiting"]._systems_with_work()
        self.assertNotIn(self.system.id, waiting)


@tagged("post_install", "-at_install")
class NothingDisappears(RiskCase):
    @slowly
    @given(
        steps=st.lists(
            st.tuples(
                st.sampled_from(["pay", "risk", "release", "reject", "revoke", "lock"]),
                st.integers(1, 3),
                st.sampled_from(["approve", "reject", "revoke"]),
            ),
            min_size=3,
            max_size=9,
        )
    )
    def test_everything_received_is_accounted_for_whatever_is_decided(self, steps):
        with self.env.cr.savepoint() as kept:
            for number, (what, subject, verdict) in enumerate(steps):
                getattr(self, f"do_{what}")(number, f"t{subject}", verdict)
            self.drain()
            documents = self.env["finance.document"].search(
                [("company_id", "=", self.company.id)]
            )
            received = self.env["finance.message"].search_count(
                [("company_id", "=", self.company.id)]
            )
            self.assertEqual(len(documents), received)  # one each, none dead
            self.assertLessEqual(set(documents.mapped("state")), ACCOUNTED)
            for document in documents:
                booked = document.state in ("posted", "reconciled")
                self.assertEqual(bool(document.move_ids), booked)
                self.assertLessEqual(len(document.move_ids), 2)
            posted = Counter(
                each.source_id
                for each in documents
                if each.move_ids and not each.compensation_id
            )
            self.assertEqual(self.balance("clearing|EUR"), 500 * sum(posted.values()))
            self.assertLessEqual(max(posted.values(), default=0), 1)
            kept.rollback()

    def do_pay(self, number, subject, _verdict):
        self.play(txn(subject, "payment", "500.00", revision=number))

    def do_risk(self, number, subject, verdict):
        at = f"{DAY}T12:{number:02}:00Z"
        self.judge(decision(f"r{number}", verdict, subject, occurred_at=at))

    def do_release(self, _number, subject, _verdict):
        self.try_to("action_release", subject)

    def do_reject(self, _number, subject, _verdict):
        self.try_to("action_reject", subject)

    def do_revoke(self, _number, subject, _verdict):
        self.try_to("action_revoke", subject)

    def do_lock(self, number, _subject, _verdict):
        self.company.fiscalyear_lock_date = DAY if number % 2 else False

    def try_to(self, action, subject):
        for document in self.find(subject):
            try:
                getattr(document.with_user(self.approver), action)("Decided")
            except UserError:
                continue  # nothing to decide about this one
        self.drain()
