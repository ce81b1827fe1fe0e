"""A risk system that tells A, then B, then A about one subject has decided A."""

from odoo import fields
from odoo.tests import tagged

from .common import DAY, txn
from .test_risk_decisions import RiskCase, decision

LATER = {"occurred_at": f"{DAY}T13:00:00Z"}
REJECT = decision("r1", "reject", "t1")
REVOKE = decision("r1", "revoke", "t1")
APPROVE = decision("r1", "approve", "t1", **LATER)


@tagged("post_install", "-at_install")
class RiskLastWord(RiskCase):
    """FAULTS 21."""

    def decisions(self):
        return self.env["finance.decision"].search([("source_id", "=", "t1")])

    def test_what_came_back_counts_however_it_falls_into_batches(self):
        """What it replaced says a later moment."""
        self.addCleanup(self.env.invalidate_all)
        one, other = REJECT, APPROVE
        for told in (
            [[one], [other], [one]],
            [[one, other, one]],
            [[one], [other, one]],
            [[one, other], [one]],
        ):
            with self.subTest(told), self.env.cr.savepoint() as kept:
                for documents in told:
                    self.deliver(*documents, system=self.risk)
                self.drain(self.risk)
                self.play(txn("t1", "payment", "5.00"))
                self.assertEqual(self.state("t1"), "ignored")
                kept.rollback()

    def test_it_may_come_back_more_than_once(self):
        for told in (APPROVE, REJECT, APPROVE, REJECT, APPROVE):
            self.judge(told)
        self.play(txn("t1", "payment", "500.00"))
        self.assertEqual(self.state("t1"), "posted")

    def test_the_last_word_counts_though_it_says_an_earlier_moment(self):
        self.judge(APPROVE)
        self.judge(REJECT)
        self.play(txn("t1", "payment", "5.00"))
        self.assertEqual(self.state("t1"), "ignored")

    def test_what_was_released_in_between_is_taken_back(self):
        self.judge(REVOKE)
        self.play(txn("t1", "payment", "500.00"))
        self.assert_held("t1", "limit:", category="control")
        self.judge(APPROVE)
        self.assertEqual(self.state("t1"), "posted")
        self.judge(REVOKE)
        self.drain()
        self.assertTrue(self.find("t1").compensation_id)
        self.assertEqual(self.balance("clearing|EUR"), 0)

    def test_it_does_not_overrule_a_later_decision_of_another_number(self):
        self.judge(decision("r1", "approve", "t1"))
        self.judge(decision("r1", "revoke", "t1"))
        self.judge(decision("r2", "reject", "t1", **LATER))
        self.judge(decision("r1", "approve", "t1"))
        self.play(txn("t1", "payment", "5.00"))
        self.assertEqual(self.state("t1"), "ignored")

    def test_an_older_revision_that_comes_back_does_not_count(self):
        at_once = {"occurred_at": f"{DAY}T13:00:00Z", "revision": 2}
        self.judge(decision("r1", "approve", "t1", revision=1))
        self.judge(decision("r1", "reject", "t1", **at_once))
        self.judge(decision("r1", "approve", "t1", revision=1))
        self.play(txn("t1", "payment", "5.00"))
        self.assertEqual(self.state("t1"), "ignored")

    def test_a_newer_revision_counts_whichever_comes_first(self):
        older = decision("r1", "approve", "t1", revision=1, **LATER)
        newer = decision("r1", "reject", "t1", revision=2)
        for first, second in ((older, newer), (newer, older)):
            with self.subTest(first=first), self.env.cr.savepoint() as kept:
                self.judge(first)
                self.judge(second)
                self.play(txn("t1", "payment", "5.00"))
                self.assertEqual(self.state("t1"), "ignored")
                kept.rollback()

    def test_one_that_was_purged_stops_nobody_when_it_is_told_again(self):
        self.judge(REJECT)
        self.judge(APPROVE)
        told = self.find("r1", "risk_decision", self.risk)
        told._write_columns(purged_at=fields.Datetime.now(), sealed=None, content="{}")
        self.judge(REJECT, decision("r7", "reject", "t7"))
        self.play(txn("t1", "payment", "5.00"), txn("t7", "payment", "5.00"))
        self.assertEqual(self.state("t1"), "ignored")
        self.assertEqual(self.state("t7"), "ignored")

    def test_every_word_is_kept_and_none_twice(self):
        for told in (REJECT, APPROVE, REJECT):
            self.judge(told)
        verdicts = self.decisions().sorted("id").mapped("verdict")
        self.assertEqual(verdicts, ["reject", "approve", "reject"])
        risk = self.find("r1", "risk_decision", self.risk)
        self.env["finance.decision"]._learn({each: each._plain() for each in risk})
        self.judge(REJECT)
        self.assertEqual(len(self.decisions()), 3)
