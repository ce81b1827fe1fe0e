"""What a source moves from one payout to another, or drops from one, belongs where its
newest lists say."""

from odoo.tests import tagged

from .common import settlement, txn
from .test_payouts import PayoutCase


class MovedCase(PayoutCase):
    """t3 stands in the list of po_1, which does not tie with it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = txn("t9", "payout", "-145.20", payout_id="po_1")
        cls.stays, cls.moves = cls.members[:2], cls.members[2]
        cls.more = txn("t4", "payment", "30.00")
        cls.second = txn("t8", "payout", "-10.00", payout_id="po_2")

    def list_wrongly(self):
        self.play(*self.members, self.own, self.listing(*self.members))
        self.assertEqual(self.payout().state, "flagged")
        self.assertEqual(self.find("t3").payout_id, self.payout())

    def list_second(self):
        members = [self.moves, self.more]
        return settlement("po_2", [*members, self.second])

    def assert_both_tie(self):
        for name, members in (("po_1", "t1 t2 t9"), ("po_2", "t3 t4 t8")):
            payout = self.payout(name)
            self.assertEqual(payout.state, "tied", payout.reason)
            documents = payout.document_ids
            self.assertEqual(sorted(documents.mapped("source_id")), members.split())
            self.assertEqual({*documents.mapped("state")}, {"reconciled"})
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assertEqual(self.balance("refunds|EUR"), 20)  # once
        self.assertEqual(len(self.find("t3").move_ids), 1)

    def exceptions(self):
        return self.env["finance.exception"].search(
            [("payout_id", "=", self.payout().id), ("state", "=", "open")]
        )


@tagged("post_install", "-at_install")
class Moved(MovedCase):
    def test_both_payouts_are_checked_again_whichever_list_comes_first(self):
        lists = [self.listing(*self.stays), self.list_second()]
        for order in (lists, lists[::-1]):
            with self.subTest(order=order), self.env.cr.savepoint() as kept:
                self.list_wrongly()
                self.play(self.more, self.second)
                for page in order:
                    self.play(page)
                self.assert_both_tie()
                kept.rollback()

    def test_both_lists_in_one_batch(self):
        self.list_wrongly()
        lists = [self.listing(*self.stays), self.list_second()]
        self.play(self.more, self.second, *lists)
        self.assert_both_tie()
        before = self.ledger()
        self.play(*self.members, *lists)
        self.assertEqual(self.ledger(), before)


@tagged("post_install", "-at_install")
class MovedAsOneEntry(Moved):
    granularity = "payout"


@tagged("post_install", "-at_install")
class Dropped(MovedCase):
    """One that is in the books by itself stays there."""

    def test_what_the_newer_list_drops_is_no_part_of_the_payout(self):
        self.list_wrongly()
        self.play(self.listing(*self.stays))
        self.assertFalse(self.find("t3").payout_id)
        payout = self.payout()
        self.assertEqual(payout.state, "tied", payout.reason)
        self.assertEqual(payout.transaction_count, 2)
        self.assertNotIn("t3", payout.document_ids.mapped("source_id"))

    def test_a_list_that_is_not_complete_drops_nothing(self):
        self.list_wrongly()
        self.play(self.listing(*self.stays, last=False))
        self.assertEqual(self.find("t3").payout_id, self.payout())

    def test_what_waits_for_a_person_does_not_hold_the_payout_any_more(self):
        strange = txn("t4", "payment", "10.00", fees={"mystery": "1.00"})
        self.play(*self.stays, strange, self.own, self.listing(*self.stays, strange))
        self.assertEqual(self.find("t4").state, "held")
        self.play(self.listing(*self.stays))
        self.assertFalse(self.find("t4").payout_id)
        self.assertEqual(self.payout().state, "tied", self.payout().reason)

    def test_another_payout_that_names_it_is_checked_again(self):
        self.play(*self.members, self.own, self.second)
        self.play(self.list_second())  # t4 has not arrived yet
        self.assertEqual(self.find("t3").payout_id, self.payout("po_2"))
        self.play(self.listing(*self.members))
        self.assertEqual(self.find("t3").payout_id, self.payout())
        self.play(self.listing(*self.stays))
        self.assertEqual(self.find("t3").payout_id, self.payout("po_2"))

    def tie_with_all(self):
        self.own = txn("t9", "payout", "-125.20", payout_id="po_1")
        self.play(*self.members, self.own, self.listing(*self.members))
        self.assertEqual(self.payout().state, "tied")

    def test_what_the_newer_list_adds_makes_the_payout_be_proved_again(self):
        self.tie_with_all()
        self.play(self.more, self.listing(*self.members, self.more))
        payout = self.payout()
        self.assertEqual(payout.state, "flagged")
        self.assertEqual(payout.difference, 30)
        self.assertEqual(self.exceptions().name, payout.reason)
        self.play(self.listing(*self.members))
        self.assertEqual(payout.state, "tied", payout.reason)

    def test_payout_that_wanted_what_becomes_free_is_checked_again(self):
        zero = txn("z", "payment", "0.00")  # nothing of it is in the books
        ten = txn("t4", "payment", "10.00")
        self.play(*self.stays, zero, self.own, self.listing(*self.stays, zero))
        self.play(ten, self.second, settlement("po_2", [zero, ten, self.second]))
        other = self.payout("po_2")
        self.assertEqual(other.state, "flagged")
        self.assertIn("z, a part of payout po_1", other.reason)
        self.play(self.listing(*self.stays))
        self.assertEqual(self.payout().state, "tied", self.payout().reason)
        self.assertEqual(other.state, "tied", other.reason)
        self.assertEqual(self.find("z").payout_id, other)

    def test_what_was_posted_with_the_payout_is_a_persons(self):
        self.tie_with_all()
        before = self.ledger()
        self.play(self.listing(*self.stays))
        payout = self.payout()
        self.assertEqual(payout.state, "flagged")
        self.assertIn("t3", payout.reason)
        exception = self.exceptions()
        self.assertEqual(exception.name, payout.reason)
        self.assertTrue(exception.remedy)
        self.assertEqual(self.find("t3").payout_id, payout)
        self.assertEqual(self.ledger(), before)
        self.play(self.listing(*self.members, page=2))
        self.assertEqual(self.payout().state, "tied", self.payout().reason)
        self.assertEqual(exception.state, "resolved")

    def test_words_name_some_and_say_how_many_more(self):
        ones = [txn(f"o{number}", "payment", "1.00") for number in range(5)]
        self.own = txn("t9", "payout", "-150.20", payout_id="po_1")
        self.play(*self.stays, *ones, self.own, self.listing(*self.stays, *ones))
        self.assertEqual(self.payout().state, "tied", self.payout().reason)
        self.play(self.listing(*self.stays))
        self.assertRegex(self.payout().reason, r": o\d, o\d, o\d and 2 more\.$")

    def test_closing_by_hand_ends_nothing_and_the_words_say_so(self):
        self.tie_with_all()
        self.play(self.listing(*self.stays))
        exception = self.exceptions()
        self.assertIn("also when this is closed", exception.remedy)
        exception._close("BILL/1")
        self.drain()
        self.assertEqual(self.payout().state, "flagged")

    def test_no_other_payout_takes_what_was_posted_with_one(self):
        self.tie_with_all()
        self.play(self.listing(*self.stays))
        self.play(self.more, self.second, self.list_second())
        other = self.payout("po_2")
        self.assertEqual(other.state, "flagged")
        self.assertIn("t3, a part of payout po_1", other.reason)
        self.assertEqual(self.find("t3").payout_id, self.payout())
        self.assertEqual(len(self.find("t3").move_ids), 1)


@tagged("post_install", "-at_install")
class DroppedAsOneEntry(Dropped):
    granularity = "payout"

    def test_it_waits_for_a_payout_and_is_not_posted_with_this_one(self):
        self.list_wrongly()
        self.play(self.listing(*self.stays))
        self.assertEqual(self.find("t3").state, "ready")
        self.assertFalse(self.find("t3").move_ids)


@tagged("post_install", "-at_install")
class ListOfSeveralPages(MovedCase):
    """A list is told page by page, and whole again where it changed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pair = [txn("a", "payment", "20.00"), txn("b", "refund", "-20.00")]
        cls.ten = txn("t4", "payment", "10.00")

    def assert_members(self, state, names, name="po_1"):
        payout = self.payout(name)
        self.assertEqual(payout.state, state, payout.reason)
        members = sorted(payout.document_ids.mapped("source_id"))
        self.assertEqual(members, names.split())

    def pages(self, *lists):
        """Each of these as a page; the last says so."""
        return [
            settlement("po_1", each, page=number, last=number == len(lists))
            for number, each in enumerate(lists, 1)
        ]

    def tell(self, *lists):
        for page in self.pages(*lists):
            self.play(page)

    def test_shorter_list_is_not_proved_by_an_old_page(self):
        self.play(*self.stays, *self.pair, self.own)
        self.tell([self.own, *self.stays], self.pair)
        self.assert_members("tied", "a b t1 t2 t9")
        self.tell([self.own, *self.stays])
        self.assert_members("flagged", "a b t1 t2 t9")  # a and b are posted with it
        self.assertIn("does not name any more", self.payout().reason)

    def test_what_an_old_page_names_belongs_to_the_payout_that_lists_it_now(self):
        self.play(*self.pair, self.ten, self.second, self.own)
        self.tell([self.own, *self.stays], self.pair)  # the stays have not arrived
        self.play(
            self.listing(*self.stays),
            settlement("po_2", [*self.pair, self.ten, self.second]),
            *self.stays,
        )
        self.assert_members("tied", "t1 t2 t9")
        self.assert_members("tied", "a b t4 t8", "po_2")

    def test_pages_of_a_first_list_come_in_any_order(self):
        self.play(*self.stays, self.own)
        for page in reversed(self.pages([self.own, self.stays[0]], [self.stays[1]])):
            self.play(page)
        self.assert_members("tied", "t1 t2 t9")

    def test_same_list_again_changes_nothing(self):
        self.play(*self.stays, self.own)
        for _time in range(2):
            self.tell([self.own, self.stays[0]], [self.stays[1]])
            self.assert_members("tied", "t1 t2 t9")

    def test_list_that_grew_by_a_page(self):
        self.play(*self.stays, self.own)
        self.tell([self.own, self.stays[0]])
        self.assert_members("flagged", "t1 t9")
        self.tell([self.own, self.stays[0]], [self.stays[1]])
        self.assert_members("tied", "t1 t2 t9")

    def test_changed_page_before_an_unchanged_last_one(self):
        self.play(*self.stays, self.own, self.moves)
        self.tell([self.own, self.moves], [self.stays[1]])
        self.assert_members("flagged", "t2 t3 t9")
        self.tell([self.own, self.stays[0]], [self.stays[1]])
        self.assert_members("tied", "t1 t2 t9")

    def test_payout_stays_proved_while_pages_of_a_newer_list_are_missing(self):
        self.play(*self.stays, self.own, zero := txn("z", "payment", "0.00"))
        self.tell([self.own, self.stays[0]], [self.stays[1]])
        first, second = self.pages([zero, self.own], [*self.stays])
        self.play(first)
        self.assert_members("tied", "t1 t2 t9")
        self.play(second)
        self.assert_members("tied", "t1 t2 t9 z")

    def test_pages_that_are_named_by_what_they_begin_with(self):
        """As Stripe's are: those of the list before stay current."""
        self.play(*self.stays, *self.pair, self.own)
        old = self.pages([*self.pair, self.own], self.stays)
        new = self.pages([self.own], self.stays)
        for page in (*old, *new):
            first = page["transactions"][0]["source_id"]
            self.play({**page, "source_id": f"po_1:{first}"})
        self.assert_members("flagged", "a b t1 t2 t9")  # a and b are posted with it
        self.assertIn("a", self.payout().reason)
