"""A source without revisions says A, then B, then A: the books end with A, or a person
is asked."""

import json

from odoo.tests import tagged

from odoo.addons.finance_core.connector import Response

from .common import HubCase, txn

A = txn("t1", "payment", "10.00")
B = txn("t1", "payment", "11.00")


@tagged("post_install", "-at_install")
class LastWord(HubCase):
    """FAULTS 1, 9, 21."""

    def states(self):
        """The state of each content of t1 by its amount."""
        return {each.amount: each.state for each in self.find("t1")}

    def live(self, cause):
        return self.env["finance.exception"].search(
            [
                ("system_id", "=", self.system.id),
                ("cause", "=", cause),
                ("state", "!=", "resolved"),
            ]
        )

    def test_what_came_back_before_posting_is_what_is_posted(self):
        """However the deliveries fall into batches, and within one delivery."""
        self.addCleanup(self.env.invalidate_all)
        for told in ([[A], [B], [A]], [[A, B, A]], [[A], [B, A]], [[A, B], [A]]):
            with self.subTest(told), self.env.cr.savepoint() as kept:
                for documents in told:
                    self.deliver(*documents)
                self.drain()
                self.assertEqual(self.states(), {10: "posted", 11: "superseded"})
                self.assertEqual(self.balance("clearing|EUR"), 10)
                kept.rollback()

    def test_what_waits_for_a_mapping_comes_back_too(self):
        first, other = (
            txn("t1", "payment", amount, fees={"odd": "1.00"})
            for amount in ("10.00", "11.00")
        )
        for document in (first, other, first):
            self.play(document)
        self.assertEqual(self.states(), {10: "held", 11: "superseded"})
        self.add_mapping(self.system, "fee", "odd", self.account("processing", "fee"))
        self.drain()
        self.assertEqual(self.balance("clearing|EUR"), 9)

    def test_change_after_posting_that_is_taken_back_asks_nobody_any_more(self):
        self.play(A)
        self.play(B)
        exception = self.find("t1").exception_id
        self.assertEqual(exception.state, "open")
        self.play(A)
        self.assertEqual(self.states(), {10: "posted", 11: "superseded"})
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(self.balance("clearing|EUR"), 10)

    def test_what_comes_back_after_the_other_was_posted_is_held(self):
        self.deliver(A)
        self.deliver(B)
        self.drain()
        self.assertEqual(self.states(), {10: "superseded", 11: "posted"})
        self.play(A)
        self.assertEqual(self.states(), {10: "held", 11: "posted"})
        self.assertTrue(self.live("changed:balance_transaction:t1"))

    def test_what_a_person_closed_stays_closed_when_it_is_only_repeated(self):
        self.play(A)
        self.play(B)
        self.find("t1").exception_id._close("The bank says 10")
        self.play(B)
        self.assertEqual(self.states(), {10: "posted", 11: "superseded"})
        self.assertFalse(self.live("changed:balance_transaction:t1"))

    def test_redelivery_of_the_first_is_a_duplicate_and_changes_nothing(self):
        self.deliver(A, identity="d1")
        self.deliver(B, identity="d2")
        _message, status = self.deliver(A, identity="d1")
        self.assertEqual(status, "duplicate")
        self.drain()
        self.assertEqual(self.states(), {10: "superseded", 11: "posted"})

    def test_order_of_arrival_counts_and_not_that_of_processing(self):
        """B was readable after the third only; replayed, it is still second."""
        self.play(A)
        late, _status = self.deliver(B)
        late._set_state("rejected", error="Not readable yet")
        self.play(A)
        late._replay()
        self.drain()
        self.assertEqual(self.states(), {10: "posted", 11: "superseded"})

    def test_one_delivery_id_with_a_then_b_then_a_is_a_persons(self):
        for document in (A, B, A):
            _message, status = self.deliver(document, identity="d1")
            self.assertEqual(status, "accepted")
        _message, status = self.deliver(A, identity="d1")
        self.assertEqual(status, "duplicate")
        self.drain()
        self.assertEqual(self.states(), {10: "superseded", 11: "posted"})
        exception = self.live("returned:balance_transaction:t1")
        self.assertEqual((exception.state, exception.category), ("open", "control"))
        self.assertTrue(exception.remedy and exception.owner_id and exception.due_at)

    def test_one_delivery_id_with_other_bytes_and_equal_content_asks_nobody(self):
        """Stripe counts in an event how often it still has to deliver it."""
        bare, padded = (
            b'{"id": "d1", "documents": [%s]}'
            % (
                b'{"type": "event", "source_id":'
                b' "e1", "occurred_at": "2026-03-10T10:00:00Z", "name": "x"}' + pad
            )
            for pad in (b"", b" ")
        )
        for body in (bare, padded, bare):
            self.store(body, "d1", self.system)
        self.drain()
        self.assertEqual(self.find("e1", "event").state, "ignored")
        self.assertFalse(self.live("returned:event:e1"))

    def test_page_that_says_again_what_another_replaced_is_taken_anew(self):
        """FAULTS 21: equal bytes that are pulled are what the source says now."""
        for name, document in (("p1", A), ("p2", B), ("p1", A), ("p1", A)):
            self.keep_page(name, document)
            self.env["finance.engine"]._normalise_step(self.system)
        self.drain()
        self.assertEqual(self.states(), {10: "posted", 11: "superseded"})
        pages = self.env["finance.message"].search(
            [("system_id", "=", self.system.id), ("identity", "=", "p1")]
        )
        self.assertEqual(len(pages), 2)

    def keep_page(self, name, document):
        body = json.dumps({"id": name, "documents": [document]}).encode()
        flow = self.system.flow_ids.filtered(lambda each: each.kind == "pull")
        self.env["finance.puller"]._keep(
            self.system, flow, "documents", "", Response(200, {}, body)
        )

    def test_the_reason_says_what_is_true(self):
        cases = {
            "A newer revision came.": [(1, "10"), (2, "12")],
            "It came late: a newer revision was here before it.": [
                (2, "12"),
                (1, "10"),
            ],
            "The source told something else later.": [(0, "10"), (0, "12")],
        }
        for number, (reason, told) in enumerate(cases.items()):
            name = f"r{number}"
            for revision, amount in told:
                self.deliver(txn(name, "payment", amount, revision=revision))
            self.drain()
            with self.subTest(reason):
                [gone] = self.find(name).filtered(lambda x: x.state == "superseded")
                self.assertEqual(gone.reason, reason)

    def test_late_older_revision_of_what_is_posted_says_so(self):
        self.play(txn("t1", "payment", "12", revision=2))
        self.play(txn("t1", "payment", "10", revision=1))
        older = self.find("t1").filtered(lambda each: each.revision == 1)
        self.assertEqual(
            older.reason, "It came late: a newer revision was here before it."
        )


@tagged("post_install", "-at_install")
class Ties(HubCase):
    """Two contents of one numbered revision: arrival does not tell which is right."""

    def tie(self):
        for amount in ("10.00", "11.00"):
            self.deliver(txn("t1", "payment", amount, revision=5))
        self.drain()
        last = self.find("t1").filtered(lambda each: each.amount == 11)
        self.assertEqual(last.state, "held")
        self.assertEqual(last.exception_id.cause, "tie:balance_transaction:t1")
        self.assertFalse(self.find("t1").move_ids)
        return last

    def test_neither_posts_until_an_approver_accepts_one(self):
        exception = self.tie().exception_id
        self.assertEqual(exception.category, "control")
        found = self.press(exception, "open_versions", self.make_user("user"))
        seen = self.env["finance.document"].search(found["domain"])
        self.assertEqual(seen, self.find("t1"))
        exception.with_user(self.make_user("approver"))._accept("As the source shows")
        self.drain()
        self.assertEqual(self.balance("clearing|EUR"), 11)

    def test_later_revision_settles_it(self):
        exception = self.tie().exception_id
        self.play(txn("t1", "payment", "12.00", revision=6))
        self.assertEqual(self.balance("clearing|EUR"), 12)
        self.assertEqual(exception.state, "resolved")

    def test_same_money_in_other_words_is_no_tie(self):
        for words in ("one", "two"):
            self.deliver(txn("t1", "payment", "10.00", revision=5, description=words))
        self.drain()
        self.assertEqual(self.balance("clearing|EUR"), 10)
