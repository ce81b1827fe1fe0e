"""Any order, any duplication, any cut into deliveries: the same books, nothing lost."""

from collections import Counter

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from odoo.addons.finance_core.states import LIVE

from .common import HubCase, settlement, txn

ACCOUNTED = {"posted", "reconciled", "held", "ignored", "superseded"}
slowly = settings(max_examples=12, phases=[Phase.explicit, Phase.generate])


@tagged("post_install", "-at_install")
class Ledger(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        paid = cls.make_invoice("100", "19")
        refunded = cls.make_invoice("80", tax=cls.make_tax(19))
        foreign = cls.make_invoice("60", currency=cls.usd)
        members = [
            txn(
                "a", "payment", "119.00", fees={"processing": "3"}, invoice_id=paid.name
            ),
            txn("b", "payment", "95.20", fees={"tax": "0.5"}, invoice_id=refunded.name),
            txn("c", "refund", "-40.00", invoice_id=refunded.name, day="2026-03-11"),
            txn("d", "refund", "-15.20", invoice_id=refunded.name, day="2026-03-12"),
            txn(
                "e",
                "payment",
                "55.20",
                invoice_id=foreign.name,
                source_amount="60.00",
                source_currency="USD",
            ),
            txn("f", "dispute", "-119.00", dispute_id="dp", day="2026-03-12"),
            txn("g", "dispute_reversal", "119.00", dispute_id="dp", day="2026-03-13"),
        ]
        own = txn("z", "payout", "-210.70", payout_id="po", day="2026-03-14")
        cls.documents = [
            *members,
            own,
            settlement("po", [*members, own], day="2026-03-14"),
            txn("h", "payment", "1.00", invoice_id="NOT/POSTED"),
            txn("i", "payment", "2.00", fees={"unmapped": "1"}),
            txn("j", "payment", "3.00", revision=1),
            txn("j", "payment", "3.00", revision=2, description="Known by name"),
            {
                "type": "event",
                "source_id": "k",
                "occurred_at": "2026-03-10T10:00:00Z",
                "name": "something.happened",
            },
        ]
        with cls.env.cr.savepoint() as kept:
            cls.play(*cls.documents)
            cls.expected = cls.ledger()
            kept.rollback()

    @slowly
    @given(data=st.data())
    def test_any_order_and_any_duplication_give_the_same_books(self, data):
        """FAULTS 1, 10, 21, 26."""
        again = st.lists(st.sampled_from(range(len(self.documents))), max_size=6)
        numbers = [*range(len(self.documents)), *data.draw(again)]
        numbers = data.draw(st.permutations(numbers))
        cuts = data.draw(st.lists(st.integers(1, len(numbers)), max_size=4))
        with self.env.cr.savepoint() as kept:
            for start, end in zip(
                [0, *sorted(cuts)], [*sorted(cuts), None], strict=True
            ):
                batch = [self.documents[number] for number in numbers[start:end]]
                if batch:
                    self.deliver(*batch)
                    self.drain()
            self.assertEqual(self.ledger(), self.expected)
            self.assert_all_accounted_for()
            kept.rollback()

    @slowly
    @given(data=st.data())
    def test_any_interleaving_with_the_steps_of_the_engine_too(self, data):
        """FAULTS 21, 29: a delivery comes before, between and after steps."""
        moves = [*self.documents, *self.documents[::3], "step", "step", "sweep"]
        moves = data.draw(st.permutations([*moves, "step", "sweep"]))
        with self.env.cr.savepoint() as kept:
            for move in moves:
                if move == "step":
                    self.env["finance.engine"]._step(self.system)
                elif move == "sweep":
                    self.env["finance.engine"]._cron_sweep()
                else:
                    self.deliver(move)
            self.drain()
            self.assertEqual(self.ledger(), self.expected)
            self.assert_all_accounted_for()
            kept.rollback()

    def test_everything_a_second_time_changes_nothing(self):
        self.play(*self.documents)
        before = self.states()
        self.play(*self.documents)
        for document in self.documents:
            self.play(document)
        self.env["finance.engine"]._cron_sweep()
        self.drain()
        self.assertEqual(self.states(), before)
        self.assertEqual(self.ledger(), self.expected)

    def test_received_is_posted_held_ignored_superseded_and_nothing_else(self):
        self.play(*self.documents)
        self.deliver({"type": "nonsense"})
        self.drain()
        self.assert_all_accounted_for()
        states = Counter(self.states().values())
        self.assertEqual(states["held"], 2)
        self.assertEqual(states["superseded"], 1)
        self.assertEqual(sum(states.values()), len(self.documents))

    def test_every_entry_leads_back_to_the_bytes_that_told_of_it(self):
        self.play(*self.documents)
        journal = self.account("gateway", "journal")
        moves = self.env["account.move"].search([("journal_id", "=", journal.id)])
        self.assertTrue(moves)
        for move in moves:
            document = move.finance_document_ids
            self.assertEqual(len(document), 1)
            self.assertIn(document.source_id.encode(), document.message_id._body())
            self.assertTrue(document.rule_version_id)
            self.assertTrue(document.mapping_version_ids)
            events = document.log_ids.mapped("event")
            self.assertIn("document.normalised", events)
            self.assertIn("document.posted", events)

    @slowly
    @given(data=st.data())
    def test_any_interleaving_of_contents_that_come_back_ends_with_the_last(self, data):
        """FAULTS 1, 9, 21, 26: two objects, each told of as A, B, A… in its order,
        mixed and cut at will, deliveries repeated at will. The books of each have what
        was told last, or a person is asked."""
        amounts = {"10.00": 10.0, "11.00": 11.0, "12.00": 12.0}
        contents = st.lists(st.sampled_from(sorted(amounts)), min_size=1, max_size=4)
        told = {name: data.draw(contents) for name in ("x1", "x2")}
        turns = data.draw(
            st.permutations([name for name in told for _each in told[name]])
        )
        queues = {name: iter(told[name]) for name in told}
        stream = [txn(name, "payment", next(queues[name])) for name in turns]
        with self.env.cr.savepoint() as kept:
            sent = self.send_cut(data, stream)
            again = st.lists(st.sampled_from(sent), max_size=3)
            for identity, documents in data.draw(again):
                _message, status = self.deliver(*documents, identity=identity)
                self.assertEqual(status, "duplicate")
            self.env["finance.engine"]._cron_sweep()
            self.drain()
            self.assert_all_accounted_for()
            for name, several in told.items():
                versions = self.find(name)
                booked = versions.filtered(lambda each: each.state == "posted")
                self.assertEqual(len(booked), 1)
                if booked.amount != amounts[several[-1]]:
                    asked = versions.filtered(lambda each: each.state == "held")
                    self.assertEqual(asked.amount, amounts[several[-1]])
                    self.assertEqual(asked.exception_id.state, "open")
                else:
                    self.assertNotIn("held", versions.mapped("state"))
            kept.rollback()
        self.env.invalidate_all()

    def send_cut(self, data, stream) -> list[tuple]:
        """Deliver ``stream`` in pieces, drained between some: (identity, documents)."""
        cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=3)) | {0})
        sent = []
        for start, end in zip(cuts, [*cuts[1:], None], strict=True):
            if documents := stream[start:end]:
                sent.append((f"p-{next(self.numbers)}", documents))
                self.deliver(*documents, identity=sent[-1][0])
            if data.draw(st.booleans()):
                self.drain()
        return sent

    def states(self):
        """The state of every document by its identity."""
        documents = self.env["finance.document"].search(
            [("system_id", "=", self.system.id)]
        )
        return {
            (each.type, each.source_id, each.digest): each.state for each in documents
        }

    def assert_all_accounted_for(self):
        self.assertLessEqual(set(self.states().values()), ACCOUNTED)
        messages = self.env["finance.message"].search(
            [("system_id", "=", self.system.id)]
        )
        self.assertLessEqual(set(messages.mapped("state")), {"processed", "rejected"})
        posted = {"posted", "reconciled"}
        for document in self.env["finance.document"].search(
            [("system_id", "=", self.system.id)]
        ):
            self.assertEqual(bool(document.move_ids), document.state in posted)
            self.assertEqual(
                document.state == "held", document.exception_id.state in LIVE
            )
