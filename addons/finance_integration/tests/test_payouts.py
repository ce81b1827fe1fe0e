"""A payout ties when every transaction is known, posted, and sums to what left."""

from odoo.tests import tagged

from .common import DAY, HubCase, settlement, txn


def payout_notice(status="paid", **fields):
    """What the provider tells of the payout itself."""
    return {
        "type": "payout",
        "source_id": "po_1",
        "occurred_at": f"{DAY}T11:00:00Z",
        "currency": "EUR",
        "amount": "125.20",
        "status": status,
        "correlation_id": "po_1",
        **fields,
    }


class PayoutCase(HubCase):
    granularity = "transaction"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.granularity = cls.granularity
        cls.members = [
            txn("t1", "payment", "100.00", fees={"processing": "3.00"}),
            txn("t2", "payment", "50.00", fees={"processing": "1.50", "tax": "0.30"}),
            txn("t3", "refund", "-20.00"),
        ]
        cls.own = txn("t9", "payout", "-125.20", payout_id="po_1")

    def payout(self, source_id="po_1"):
        return self.env["finance.payout"].search(
            [("system_id", "=", self.system.id), ("source_id", "=", source_id)]
        )

    def documents(self):
        return self.env["finance.document"].search(
            [
                ("system_id", "=", self.system.id),
                ("type", "=", "balance_transaction"),
            ]
        )

    def listing(self, *transactions, **options):
        return settlement("po_1", [*transactions, self.own], **options)

    def bank_line(self, amount, words, currency=None, **values):
        journal = self.env["account.journal"].create(
            {
                "name": "The bank",
                "code": f"PB{next(self.numbers)}",
                "type": "bank",
                "company_id": self.company.id,
                "currency_id": currency and currency.id,
            }
        )
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": journal.id,
                "date": DAY,
                "payment_ref": words,
                "amount": amount,
                **values,
            }
        )


@tagged("post_install", "-at_install")
class PerTransaction(PayoutCase):
    def test_payout_whose_transactions_sum_up_ties(self):
        self.play(*self.members, self.own, self.listing(*self.members))
        payout = self.payout()
        self.assertEqual((payout.state, payout.difference), ("tied", 0))
        self.assertEqual((payout.amount, payout.transaction_count), (125.20, 3))
        self.assertEqual(set(self.documents().mapped("state")), {"reconciled"})
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assertEqual(self.balance("transit|EUR"), 125.20)

    def test_payout_ties_in_whatever_order_its_pieces_come(self):
        """FAULTS 21."""
        pieces = [self.listing(*self.members), self.own, *self.members]
        for order in (pieces, pieces[::-1], [*pieces[2:], *pieces[:2]]):
            with self.subTest(order=order), self.env.cr.savepoint() as kept:
                for piece in order:
                    self.play(piece)
                self.assertEqual(self.payout().state, "tied", self.payout().reason)
                kept.rollback()

    def test_incomplete_transactions_are_flagged_not_tied(self):
        """FAULTS 50: truncated, or the total off."""
        self.play(*self.members[:2], self.own, self.listing(*self.members[:2]))
        payout = self.payout()
        self.assertEqual(payout.state, "flagged")
        self.assertEqual(payout.difference, 20)
        exception = self.exception()
        self.assertEqual(exception.category, "reconciliation")
        self.assertIn("po_1", exception.name)
        self.assertNotIn("reconciled", self.documents().mapped("state"))

    def test_total_off_by_one_cent_is_flagged(self):
        """FAULTS 50."""
        own = txn("t9", "payout", "-125.21", payout_id="po_1")
        self.play(*self.members, own, settlement("po_1", [*self.members, own]))
        self.assertEqual(self.payout().state, "flagged")
        self.assertEqual(self.payout().difference, -0.01)

    def test_flagged_payout_ties_once_the_missing_transaction_is_listed(self):
        self.play(*self.members[:2], self.own, self.listing(*self.members[:2]))
        exception = self.exception()
        self.play(self.members[2], self.listing(*self.members, page=2))
        self.assertEqual(self.payout().state, "tied", self.payout().reason)
        self.assertEqual(exception.state, "resolved")

    def test_transaction_told_again_in_other_words_does_not_keep_it_from_tying(self):
        self.play(*self.members, self.own)
        self.play({**self.members[0], "description": "Now with a name"})
        self.play({**self.own, "description": "Now with a name"})
        self.play(self.listing(*self.members))
        self.assertEqual(self.payout().state, "tied", self.payout().reason)

    def test_page_told_anew_replaces_what_it_said_before(self):
        stranger = txn("t7", "payment", "7.00")
        self.play(*self.members, stranger, self.own)
        self.play(self.listing(*self.members, stranger))
        self.assertEqual(self.payout().state, "flagged")
        self.play(self.listing(*self.members))
        self.assertEqual(self.payout().state, "tied", self.payout().reason)

    def test_listing_without_its_last_page_proves_nothing_yet(self):
        """FAULTS 50."""
        self.play(*self.members, self.own, self.listing(*self.members[:2], last=False))
        self.assertEqual(self.payout().state, "open")
        self.assertTrue(self.payout().reason)
        self.play(settlement("po_1", self.members[2:], page=2))
        self.assertEqual(self.payout().state, "tied", self.payout().reason)

    def test_transaction_listed_with_another_amount_than_its_own_is_flagged(self):
        """The listing adds up, the books would not."""
        booked = txn("t1", "payment", "10.00")
        own = txn("t9", "payout", "-9.00", payout_id="po_1")
        listing = settlement("po_1", [{**booked, "net": "9.00"}, own])
        self.play(booked, own, listing)
        payout = self.payout()
        self.assertEqual(payout.state, "flagged")
        self.assertIn("t1 with 9.00 EUR", payout.reason)
        self.assertIn("10.00", payout.reason)

    def test_transaction_of_a_proved_payout_does_not_prove_another(self):
        first, second = (
            txn(f"o{number}", "payout", "-10.00", payout_id=f"po_{number}")
            for number in (1, 2)
        )
        member = txn("t1", "payment", "10.00")
        self.play(member, first, settlement("po_1", [member, first]))
        self.play(second, settlement("po_2", [member, second]))
        self.assertEqual(self.payout().state, "tied")
        self.assertEqual(self.payout().document_ids.mapped("source_id"), ["o1", "t1"])
        self.assertEqual(self.payout("po_2").state, "flagged")
        self.assertIn("po_1", self.payout("po_2").reason)

    def test_payout_waits_for_a_transaction_that_is_held(self):
        strange = txn("t4", "payment", "10.00", fees={"mystery": "1.00"})
        own = txn("t9", "payout", "-134.20", payout_id="po_1")
        members = [*self.members, strange]
        self.play(*members, own, settlement("po_1", [*members, own]))
        self.assertEqual(self.payout().state, "open")
        self.add_mapping(
            self.system, "fee", "mystery", self.account("processing", "fee")
        )
        self.drain()
        self.assertEqual(self.payout().state, "tied", self.payout().reason)

    def test_bank_line_that_names_the_payout_clears_transit(self):
        self.play(*self.members, self.own, self.listing(*self.members))
        line = self.bank_line(125.20, "STRIPE po_1 THANK YOU")
        self.drain()
        self.assertEqual(self.payout().state, "cleared")
        self.assertTrue(line.is_reconciled)
        self.assertEqual(self.balance("transit|EUR"), 0)

    def test_bank_line_of_another_amount_is_left_to_a_person(self):
        self.play(*self.members, self.own, self.listing(*self.members))
        line = self.bank_line(125.19, "po_1")
        self.drain()
        self.assertEqual(self.payout().state, "tied")
        self.assertFalse(line.is_reconciled)

    def test_bank_line_of_a_payout_whose_name_begins_alike_is_not_taken(self):
        """Twins: po_1 and po_10 of one amount."""
        self.play(*self.members, self.own, self.listing(*self.members))
        line = self.bank_line(125.20, "po_10")
        self.drain()
        self.assertEqual(self.payout().state, "tied")
        self.assertFalse(line.is_reconciled)

    def test_transaction_told_anew_before_it_was_listed_does_not_stop_the_payout(self):
        strange = txn("t4", "payment", "10.00", fees={"mystery": "1.00"})
        known = txn("t4", "payment", "10.00", fees={"processing": "1.00"}, revision=2)
        own = txn("t9", "payout", "-134.20", payout_id="po_1")
        members = [*self.members, known]
        self.play(strange)
        self.play(*members, own, settlement("po_1", [*members, own]))
        self.assertEqual(
            sorted(self.find("t4").mapped("state")), ["reconciled", "superseded"]
        )
        self.assertEqual(self.payout().state, "tied", self.payout().reason)

    def test_bank_line_of_another_currency_does_not_clear(self):
        self.play(*self.members, self.own, self.listing(*self.members))
        line = self.bank_line(125.20, "po_1", currency=self.usd)
        self.drain()
        self.assertEqual(self.payout().state, "tied")
        self.assertFalse(line.is_reconciled)

    def test_foreign_amount_of_a_bank_line_clears_the_foreign_transit(self):
        own = txn("t9", "payout", "-10.00", payout_id="po_1", currency="USD")
        member = txn("t1", "payment", "10.00", currency="USD")
        self.play(member, own, settlement("po_1", [member, own]))
        line = self.bank_line(
            9.10, "po_1", foreign_currency_id=self.usd.id, amount_currency=10.00
        )
        self.drain()
        self.assertEqual(self.payout().state, "cleared", self.payout().reason)
        self.assertTrue(line.is_reconciled)

    def test_bank_line_that_quotes_only_the_trace_id_clears(self):
        self.play(
            payout_notice(trace_id="TRACE-77"),
            *self.members,
            self.own,
            self.listing(*self.members),
        )
        self.bank_line(125.20, "SEPA TRACE-77 THANK YOU")
        self.drain()
        self.assertEqual(self.payout().state, "cleared", self.payout().reason)

    def test_flagged_payout_in_the_bank_is_cleared_once_it_ties(self):
        self.play(*self.members[:2], self.own, self.listing(*self.members[:2]))
        line = self.bank_line(125.20, "po_1")
        self.drain()
        self.assertTrue(line.is_reconciled)
        self.assertEqual(self.payout().state, "flagged")
        self.play(self.members[2], self.listing(*self.members))
        self.assertEqual(self.payout().state, "cleared", self.payout().reason)

    def test_payout_that_fails_after_it_tied_is_seen_until_the_money_is_back(self):
        self.play(payout_notice(), *self.members, self.own, self.listing(*self.members))
        self.assertEqual(self.payout().state, "tied")
        self.play(payout_notice("failed", revision=2))
        self.assertEqual(self.payout().state, "flagged")
        exception = self.exception()
        self.assertEqual(exception.category, "reconciliation")
        self.play(txn("t10", "payout_reversal", "125.20", payout_id="po_1"))
        self.assertEqual(self.payout().state, "tied", self.payout().reason)
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(self.balance("transit|EUR"), 0)

    def test_transaction_that_is_ignored_though_it_moves_money_is_flagged(self):
        self.ignore("adjustment")
        odd = txn("t4", "adjustment", "-5.00")
        own = txn("t9", "payout", "-120.20", payout_id="po_1")
        members = [*self.members, odd]
        self.play(*members, own, settlement("po_1", [*members, own]))
        self.assertEqual(self.find("t4").state, "ignored")
        self.assertEqual(self.payout().state, "flagged")
        self.assertIn("t4", self.exception().name)

    def ignore(self, category):
        rule = self.env["finance.posting.rule"].create(
            {
                "name": "Ignore",
                "sequence": 1,
                "system_id": self.system.id,
                "document_type": "balance_transaction",
                "version_ids": [
                    (
                        0,
                        0,
                        {
                            "change_reason": "For a test",
                            "categories": category,
                            "outcome": "ignore",
                            "reason": "Told by somebody",
                        },
                    )
                ],
            }
        )
        rule.version_ids.action_submit()
        self.approve(rule.version_ids)

    def exception(self):
        return self.env["finance.exception"].search(
            [("payout_id", "=", self.payout().id), ("system_id", "=", self.system.id)]
        )


@tagged("post_install", "-at_install")
class PerPayout(PayoutCase):
    granularity = "payout"

    def test_one_entry_equals_the_deposit_and_links_every_document(self):
        self.play(*self.members, self.own, self.listing(*self.members))
        self.assertEqual(self.payout().state, "tied", self.payout().reason)
        documents = self.documents()
        self.assertEqual(len(documents), 4)
        move = documents.move_ids
        self.assertEqual(len(move), 1)
        self.assertTrue(all(each.move_ids == move for each in documents))
        deposit = move.line_ids.filtered(
            lambda line: line.account_id == self.account("transit|EUR")
        )
        self.assertEqual(deposit.balance, 125.20)
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assertEqual(self.balance("processing", "fee"), 4.5)
        self.assertEqual(self.balance("unallocated|EUR"), -150)

    def test_what_is_told_at_once_is_posted_in_one_step_and_logged_in_all(self):
        self.deliver(*self.members, self.own, self.listing(*self.members))
        system = self.system.with_company(self.company)
        self.env["finance.engine"]._step(system)
        self.assertEqual(self.payout().state, "tied", self.payout().reason)
        for document in self.documents():
            steps = document.log_ids.sorted("id")
            self.assertEqual(
                steps.mapped("event"),
                ["document.normalised", "document.posted", "document.reconciled"],
            )
            self.assertEqual(steps[1].move_id, document.move_ids.id)
            self.assertEqual(steps.message_id, document.message_id)

    def test_more_transactions_take_no_more_queries(self):
        def queries(name: str, count: int) -> int:
            members = [
                txn(f"{name}{number}", "payment", "10.00") for number in range(count)
            ]
            total = f"-{10 * count}.00"
            own = txn(f"{name}own", "payout", total, payout_id=name)
            page = settlement(name, [*members, own])
            before = self.env.cr.sql_log_count
            self.play(*members, own, page)
            self.assertEqual(self.payout(name).state, "tied", self.payout(name).reason)
            return self.env.cr.sql_log_count - before

        queries("first", 10)  # fills the caches
        self.assertLess(queries("large", 60), queries("small", 10) + 10)

    def test_invoices_are_paid_by_the_one_entry(self):
        invoice = self.make_invoice("100")
        charge = txn(
            "t1",
            "payment",
            "100.00",
            fees={"processing": "3.00"},
            invoice_id=invoice.name,
        )
        members = [charge, *self.members[1:]]
        self.play(*members, self.own, self.listing(*members))
        self.assertEqual(self.payout().state, "tied", self.payout().reason)
        self.assertEqual(invoice.amount_residual, 0)

    def test_nothing_posts_before_the_payout_is_proved(self):
        self.play(*self.members, self.own)
        self.assertEqual(set(self.documents().mapped("state")), {"ready"})
        self.assertFalse(self.documents().move_ids)

    def test_everything_again_posts_nothing(self):
        everything = [*self.members, self.own, self.listing(*self.members)]
        self.play(*everything)
        before = self.ledger()
        self.play(*everything)
        self.play(*everything[::-1])
        self.assertEqual(self.ledger(), before)

    def test_one_held_transaction_holds_the_entry_until_it_is_mapped(self):
        strange = txn("t4", "payment", "10.00", fees={"mystery": "1.00"})
        own = txn("t9", "payout", "-134.20", payout_id="po_1")
        members = [*self.members, strange]
        self.play(*members, own, settlement("po_1", [*members, own]))
        self.assertFalse(self.documents().move_ids)
        self.add_mapping(
            self.system, "fee", "mystery", self.account("processing", "fee")
        )
        self.drain()
        self.assertEqual(self.payout().state, "tied", self.payout().reason)
        self.assertEqual(len(self.documents().move_ids), 1)

    def test_every_document_keeps_its_own_rule_and_mapping_versions(self):
        self.play(*self.members, self.own, self.listing(*self.members))
        rules = {
            document.category: document.rule_version_id.rule_id.name
            for document in self.documents()
        }
        self.assertEqual(
            rules, {"payment": "Payment", "refund": "Refund", "payout": "Payout"}
        )
        names = self.find("t3").mapping_version_ids.mapping_id.mapped("code")
        self.assertEqual(sorted(names), ["account", "journal"])  # it has no fee

    def test_payout_over_two_months_is_one_balanced_entry_a_month(self):
        early = txn("t1", "payment", "30.00", day="2026-02-27")
        late = txn("t2", "payment", "70.00")
        own = txn("t9", "payout", "-100.00", payout_id="po_1")
        self.play(early, late, own, settlement("po_1", [early, late, own]))
        self.assertEqual(self.payout().state, "tied", self.payout().reason)
        moves = self.documents().move_ids.sorted("date")
        self.assertEqual([str(move.date) for move in moves], ["2026-02-27", DAY])
        self.assertEqual(moves.mapped("amount_total"), [30, 100])
        self.assertEqual(self.find("t1").move_ids, moves[0])
        self.assert_reconciled("clearing|EUR")

    def test_failure_of_one_payout_leaves_the_others_alone(self):
        """FAULTS 32: its transactions belong into two journals."""
        version = self.env.ref("finance_integration.rule_refund")._draft("For a test")
        version.journal_key = "refunds"
        version.action_submit()
        self.approve(version)
        journal = self.env["account.journal"].search(
            [("type", "=", "general"), ("company_id", "=", self.company.id)], limit=1
        )
        self.add_mapping(self.system, "journal", "refunds", journal)
        good = txn("g1", "payment", "10.00")
        own = txn("g9", "payout", "-10.00", payout_id="po_2")
        self.play(
            *self.members,
            self.own,
            good,
            own,
            self.listing(*self.members),
            settlement("po_2", [good, own]),
        )
        self.assertEqual(self.payout("po_2").state, "tied")
        self.assertEqual(self.payout().state, "flagged")
        self.assertIn("journal", self.payout().reason)
        self.assertFalse((self.find("t1") | self.find("t3")).move_ids)
        exception = self.env["finance.exception"].search(
            [("payout_id", "=", self.payout().id)]
        )
        self.assertTrue(exception.remedy)

    def test_payout_goes_on_after_its_entry_could_not_be_posted(self):
        """FAULTS 44."""
        account = self.account("processing", "fee")
        account.active = False
        self.play(*self.members, self.own, self.listing(*self.members))
        self.assertEqual(set(self.documents().mapped("state")), {"held"})
        account.active = True
        self.documents().exception_id._release()
        self.drain()
        self.assertEqual(self.payout().state, "tied", self.payout().reason)

    def pause_what_told(self, source_id):
        flow = self.find(source_id).message_id.flow_id
        flow = flow.with_user(self.make_user("operator"))
        flow._pause("The provider moves")
        return flow

    def play_by_pull(self, *documents):
        """As the flow does that fills gaps, which is not paused."""
        flows = self.system.flow_ids
        message, _status = self.deliver(*documents)
        message.flow_id = flows.filtered(lambda each: each.kind == "pull")[:1]
        self.drain()

    def test_nothing_of_a_paused_flow_posts_with_its_payout(self):
        self.play(*self.members, self.own)
        flow = self.pause_what_told("t1")
        self.play_by_pull(self.listing(*self.members))
        self.assertEqual(set(self.documents().mapped("state")), {"ready"})
        self.assertEqual(self.payout().state, "open")
        flow.action_resume()
        self.drain()
        self.assertEqual(self.payout().state, "tied", self.payout().reason)

    def test_nothing_of_a_paused_flow_posts_by_the_balance(self):
        self.play(*self.members)
        flow = self.pause_what_told("t1")
        self.play_by_pull(self.own, payout_notice(automatic=False, method="instant"))
        self.assertEqual(self.find("t1").state, "ready")
        self.assertEqual(self.payout().state, "open")
        flow.action_resume()
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")
        self.assertEqual(self.payout().state, "unlisted", self.payout().reason)

    def test_manual_payout_takes_from_the_balance_and_nothing_waits_for_ever(self):
        self.play(*self.members, self.own)
        self.assertEqual(set(self.documents().mapped("state")), {"ready"})
        self.play(payout_notice(automatic=False, method="instant"))
        payout = self.payout()
        self.assertEqual(payout.state, "unlisted", payout.reason)
        self.assertIn("instant", payout.reason)
        self.assertEqual(set(self.documents().mapped("state")), {"posted"})
        self.assertEqual(len(self.documents().move_ids), 4)
        self.bank_line(125.20, "po_1")
        self.drain()
        self.assertEqual(payout.state, "cleared")
