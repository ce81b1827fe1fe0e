import json
from datetime import date
from decimal import Decimal
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.connector import Delivery, Unreadable
from odoo.addons.finance_core.errors import MalformedPayload

from .. import const
from .common import SAMPLES, connector, documents, moved, sample, told

EVENTS = {
    "charge_succeeded": ("payment", "succeeded"),
    "charge_authorised": ("payment", "authorised"),
    "charge_partly_captured": ("payment", "succeeded"),
    "charge_expired": ("payment", "cancelled"),
    "charge_failed": ("payment", "failed"),
    "charge_in_yen": ("payment", "succeeded"),
    "refund_created": ("refund", "succeeded"),
    "refund_failed": ("refund", "failed"),
    "dispute_created": ("dispute", "open"),
    "dispute_won": ("dispute", "won"),
    "dispute_inquiry": ("dispute", "inquiry"),
    "payout_paid": ("payout", "paid"),
    "payout_failed": ("payout", "failed"),
    "payout_negative": ("payout", "paid"),
    "invoice_paid": ("customer_invoice", "paid"),
    "invoice_upcoming": ("event", "invoice.upcoming"),
    "balance_available": ("balance", ""),
    "early_fraud_warning": ("event", "radar.early_fraud_warning.created"),
    "unknown_type": ("event", "shiny.new_thing.created"),
}
CATEGORIES = {
    "advance": "advance",
    "advance_funding": "advance_funding",
    "charge": "payment",
    "charge_failure": "payment_reversal",
    "connect_collection_transfer": "connect_collection_transfer",
    "connect_reserved_funds": "reserve",
    "dispute": "dispute",
    "dispute_reversal": "dispute_reversal",
    "fee": "fee",
    "network_cost": "network_cost",
    "other_adjustment": "adjustment",
    "partial_capture_reversal": "payment_reversal",
    "payment_network_reserved_funds": "reserve",
    "payout": "payout",
    "payout_reversal": "payout_reversal",
    "platform_earning": "platform_earning",
    "refund": "refund",
    "refund_failure": "refund_reversal",
    "risk_reserved_funds": "reserve",
    "tax": "tax",
    "topup": "topup",
    "topup_reversal": "topup_reversal",
    "transfer": "transfer",
    "transfer_reversal": "transfer_reversal",
    "something_new": "something_new",
}


class EventBecomesDocument(TestCase):
    def test_every_kind_of_event_has_its_document_type_and_category(self):
        self.assertEqual(set(EVENTS), {path.stem for path in SAMPLES.glob("*.json")})
        for name, expected in EVENTS.items():
            with self.subTest(name):
                document = told(name)
                self.assertEqual((document.type, document.category), expected)

    def test_event_gives_the_time_of_telling(self):
        event = sample("refund_failed")
        [refund] = documents(event)
        self.assertEqual(refund.recorded_at.timestamp(), event["created"])
        self.assertEqual(
            refund.occurred_at.timestamp(), event["data"]["object"]["created"]
        )

    def test_later_event_is_the_newer_revision(self):
        before, after = sample("refund_failed"), sample("refund_failed")
        before["data"]["object"]["status"] = "failed"
        after["data"]["object"]["status"] = "pending"
        after["created"] += 1
        self.assertLess(documents(before)[0].revision, documents(after)[0].revision)

    def test_within_one_second_the_life_of_the_object_orders_its_events(self):
        """FAULTS 21: whatever arrives first."""
        lives = {
            "charge_succeeded": ("pending", "succeeded"),
            "refund_failed": ("pending", "succeeded", "failed"),
            "dispute_won": ("needs_response", "under_review", "won"),
            "invoice_paid": ("draft", "open", "paid"),
        }
        for name, life in lives.items():
            with self.subTest(name):
                revisions = [told(name, status=status).revision for status in life]
                self.assertEqual(revisions, sorted(set(revisions)))

    def test_dispute_names_itself_so_that_its_money_is_found(self):
        dispute = sample("dispute_won")["data"]["object"]
        self.assertEqual(told("dispute_won").reference("dispute"), dispute["id"])

    def test_decided_dispute_took_effect_when_it_was_decided(self):
        event = sample("dispute_won")
        for status, expected in (
            ("won", event["created"]),
            ("lost", event["created"]),
            ("under_review", event["data"]["object"]["created"]),
        ):
            event["data"]["object"]["status"] = status
            [dispute] = documents(event)
            self.assertEqual(dispute.occurred_at.timestamp(), expected, status)

    def test_later_news_of_a_decided_dispute_move_no_money(self):
        event = sample("dispute_won")
        [decided] = documents(event)
        [later] = documents(event | {"created": event["created"] + 86400})
        self.assertEqual(later.financial_digest(), decided.financial_digest())

    def test_webhook_and_event_list_tell_identical_documents(self):
        for name in EVENTS:
            with self.subTest(name):
                event = sample(name)
                [pulled] = documents({"data": [event]}, "events")
                self.assertEqual(pulled.digest(), told(name).digest())

    def test_connect_event_names_its_account(self):
        event = sample("charge_succeeded") | {"account": "acct_1"}
        self.assertEqual(documents(event)[0].entity, "acct_1")

    def test_deleted_object_is_kept_as_event(self):
        event = sample("invoice_paid")
        event["data"]["object"] = {"id": "in_1", "object": "invoice", "deleted": True}
        self.assertEqual(documents(event)[0].type, "event")

    def test_statuses(self):
        samples = {"refund": const.REFUND_STATUSES, "dispute": const.DISPUTE_STATUSES}
        for name, table in samples.items():
            for status, ours in table.items():
                with self.subTest(f"{name} {status}"):
                    self.assertEqual(
                        told(f"{name}_created", status=status).status, ours
                    )

    def test_unknown_status_is_refused_and_not_guessed(self):
        for name in ("charge_succeeded", "refund_created", "payout_paid"):
            with self.subTest(name), self.assertRaises(MalformedPayload):
                told(name, status="shiny")

    def test_objects_of_another_shape_are_malformed(self):
        for wrong in (None, [], "x", {}, {"object": []}, {"object": None}):
            with self.subTest(wrong), self.assertRaises(MalformedPayload):
                documents(sample("charge_succeeded") | {"data": wrong})
        for field in ("amount", "currency", "created", "status", "captured"):
            for wrong in (None, "x", [], {}, 1.5, 10**30):
                with self.subTest((field, wrong)), self.assertRaises(MalformedPayload):
                    told("charge_succeeded", **{field: wrong})

    def test_ids_nobody_can_store_are_malformed(self):
        for wrong in (None, 1, "", "x" * 256, "evt\n1", {"id": "evt_1"}):
            body = json.dumps(sample("charge_succeeded") | {"id": wrong}).encode()
            with self.subTest(wrong), self.assertRaises(MalformedPayload):
                connector.identify(Delivery(body))


class Payout(TestCase):
    def test_within_one_second_facts_that_stay_true_order_a_charge(self):
        """FAULTS 21."""
        authorised = {"captured": False, "amount_refunded": 0, "refunded": False}
        captured = {**authorised, "captured": True}
        part = {**captured, "amount_refunded": 100}
        life = (authorised, captured, part, {**part, "refunded": True})
        revisions = [told("charge_succeeded", **facts).revision for facts in life]
        self.assertEqual(revisions, sorted(set(revisions)))

    def test_life_of_a_payout_orders_its_revisions_whatever_the_events_order(self):
        life = ["pending", "in_transit", "paid", "failed"]
        revisions = [
            told("payout_paid", status=status, trace_id=None).revision
            for status in life
        ]
        self.assertEqual(revisions, sorted(set(revisions)))

    def test_payout_list_and_webhook_tell_identical_documents(self):
        [pulled, _other] = documents(sample("pages/payouts"), "payouts")
        self.assertEqual(pulled.digest(), told("payout_paid").digest())

    def test_trace_that_becomes_known_later_is_a_newer_revision(self):
        known, unknown = told("payout_paid"), told("payout_paid", trace_id=None)
        self.assertGreater(known.revision, unknown.revision)

    def test_converted_payout_leaves_in_one_currency_and_arrives_in_another(self):
        page = sample("pages/payouts")
        payout = page["data"][1]
        payout["balance_transaction"] = {
            "id": "txn_1",
            "object": "balance_transaction",
            "amount": -100000,
            "currency": "usd",
        }
        document = documents(page, "payouts")[1]
        self.assertEqual((document.amount, document.currency), (Decimal(1000), "USD"))
        self.assertEqual(document.destination_amount, Decimal(915))
        self.assertEqual(document.destination_currency, "EUR")
        self.assertEqual(document.reference("transaction"), "txn_1")

    def test_negative_payout_is_drawn_from_the_bank(self):
        self.assertEqual(told("payout_negative").amount, Decimal("-12.50"))


class BalanceTransactionMovesMoney(TestCase):
    def test_every_reporting_category(self):
        for theirs, ours in CATEGORIES.items():
            with self.subTest(theirs):
                self.assertEqual(moved(reporting_category=theirs).category, ours)

    def test_fee_and_tax_on_it_stay_apart(self):
        charge = moved()
        self.assertEqual(charge.net, Decimal("96.19"))
        self.assertEqual(
            [(fee.type, fee.amount) for fee in charge.fees],
            [("stripe_fee", Decimal("3.20")), ("tax", Decimal("0.61"))],
        )

    def test_partial_capture_is_two_transactions_of_one_charge(self):
        whole, rest = moved(11), moved(12)
        self.assertEqual(whole.amount + rest.amount, Decimal(60))
        self.assertEqual(whole.correlation_id, rest.correlation_id)
        self.assertEqual(rest.reference("payment"), "ch_sample2")
        self.assertIsNone(rest.reference("refund"))

    def test_refund_and_dispute_lead_to_charge_customer_and_invoice(self):
        for number, role in ((2, "refund"), (4, "dispute")):
            with self.subTest(role):
                document = moved(number)
                self.assertEqual(document.correlation_id, "ch_sample1")
                self.assertEqual(document.reference("payment"), "ch_sample1")
                self.assertTrue(document.reference(role))
                self.assertEqual(document.reference("customer"), "cus_sample1")
                self.assertEqual(document.reference("invoice"), "INV/2026/00001")

    def test_source_that_is_not_expanded_is_known_by_its_prefix(self):
        roles = {"ch": "payment", "pyr": "refund", "du": "dispute", "po": "payout"}
        for prefix, role in roles.items():
            with self.subTest(prefix):
                self.assertEqual(
                    moved(source=f"{prefix}_1").reference(role), f"{prefix}_1"
                )

    def test_hold_and_release_of_a_reserve_share_their_reference(self):
        hold = {"id": "rsv_1", "object": "reserve.hold"}
        release = {"id": "rel_1", "object": "reserve.release", "reserve_hold": "rsv_1"}
        for source in (hold, release):
            self.assertEqual(moved(8, source=source).reference("reserve"), "rsv_1")

    def test_foreign_charge_tells_both_currencies(self):
        document = moved(7)
        self.assertEqual((document.amount, document.currency), (Decimal(88), "EUR"))
        self.assertEqual(document.source_amount, Decimal(100))
        self.assertEqual(document.source_currency, "USD")
        self.assertEqual(document.exchange_rate, Decimal("0.88"))

    def test_foreign_amount_has_the_sign_of_the_transaction(self):
        refund = sample("refund_created")["data"]["object"] | {"currency": "usd"}
        self.assertEqual(moved(2, source=refund).source_amount, Decimal(-40))
        payout = sample("payout_negative")["data"]["object"] | {"currency": "usd"}
        drawn = moved(9, amount=1100, net=1100, source=payout)
        self.assertEqual(drawn.source_amount, Decimal("12.50"))

    def test_foreign_partial_capture_reverses_what_was_not_captured(self):
        source = sample("charge_partly_captured")["data"]["object"]
        rest = moved(12, source=source | {"currency": "usd"})
        self.assertEqual(rest.source_amount, Decimal(-40))

    def test_becoming_available_changes_nothing(self):
        self.assertEqual(
            moved(status="available").digest(), moved(status="pending").digest()
        )

    def test_it_is_the_same_in_the_list_of_its_payout(self):
        whole = documents(sample("pages/balance_transactions"), "balance_transactions")
        of_payout = documents(
            sample("pages/payout_transactions"), "payout_transactions", "po_sample1"
        )
        digests = {document.digest() for document in whole}
        self.assertLess({d.digest() for d in of_payout[:-1]}, digests)

    def test_amounts_that_do_not_tie_are_unreadable(self):
        """FAULTS 22: the one transaction is, not the page it came with."""
        self.assertIsInstance(moved(net=9620), Unreadable)


class Settlement(TestCase):
    def test_a_page_lists_its_transactions_and_whether_more_follow(self):
        page = sample("pages/payout_transactions")
        for more in (True, False):
            *transactions, settlement = documents(
                page | {"has_more": more}, "payout_transactions", "po_sample1"
            )
            self.assertEqual(settlement.type, "settlement")
            self.assertEqual(settlement.payout_id, "po_sample1")
            self.assertEqual(settlement.last, not more)
            self.assertEqual(
                [line.source_id for line in settlement.transactions],
                [transaction.source_id for transaction in transactions],
            )

    def test_an_empty_list_is_kept(self):
        page = {"object": "list", "data": [], "has_more": False}
        [document] = documents(page, "payout_transactions", "po_sample1")
        self.assertEqual(document.source_id, "po_sample1:empty")


class MinorUnits(TestCase):
    """FAULTS 48. https://docs.stripe.com/currencies"""

    def test_special_currencies(self):
        amounts = {
            "eur": (1050, "10.50"),
            "jpy": (500, "500"),
            "mga": (500, "500"),
            "kwd": (5120, "5.120"),
            "isk": (500, "5"),
            "ugx": (500, "5"),
            "huf": (1045, "10.45"),
            "twd": (80045, "800.45"),
        }
        for code, (minor, major) in amounts.items():
            with self.subTest(code):
                charge = told("charge_succeeded", currency=code, amount=minor)
                self.assertEqual(charge.amount, Decimal(major))

    def test_fraction_of_a_whole_currency_is_refused(self):
        with self.assertRaises(MalformedPayload):
            told("charge_succeeded", currency="isk", amount=550)

    @given(st.sampled_from(["eur", "jpy", "kwd"]), st.integers(-(10**11), 10**11))
    def test_minor_units_survive_the_way_there(self, code, minor):
        document = moved(
            amount=minor, net=minor, fee=0, fee_details=[], currency=code, source=None
        )
        digits = const.DECIMALS.get(code.upper(), 2)
        self.assertEqual(document.amount.scaleb(digits), minor)


class Invoice(TestCase):
    def test_lines_taxes_and_party(self):
        invoice = told("invoice_paid")
        self.assertEqual([line.net for line in invoice.lines], [60, 40])
        self.assertEqual([(t.base, t.amount) for t in invoice.taxes], [(100, 19)])
        self.assertEqual(invoice.total_gross, 119)
        self.assertEqual(invoice.party.vat, "DE123456789")
        self.assertEqual(invoice.due_date, date(2026, 10, 15))

    def test_lines_that_do_not_make_the_total_become_one(self):
        lines = sample("invoice_paid")["data"]["object"]["lines"]
        lines["data"].pop()
        invoice = told("invoice_paid", lines=lines)
        self.assertEqual([line.net for line in invoice.lines], [100])

    def test_discount_and_included_tax_come_off_the_line(self):
        line = {
            "amount": 11900,
            "description": "Plan",
            "discount_amounts": [{"amount": 1190, "discount": "di_1"}],
            "quantity": 3,
            "taxes": [
                {
                    "amount": 1710,
                    "tax_behavior": "inclusive",
                    "type": "tax_rate_details",
                }
            ],
        }
        invoice = told(
            "invoice_paid",
            lines={"data": [line]},
            total=10710,
            total_taxes=line["taxes"],
        )
        [line] = invoice.lines
        self.assertEqual((line.net, line.unit_price), (Decimal(90), Decimal(30)))

    def test_statuses(self):
        for status in ("draft", "open", "paid", "void", "uncollectible"):
            self.assertEqual(told("invoice_paid", status=status).status, status)


class FollowUps(TestCase):
    def pulls(self, document):
        return [(pull.stream, pull.scope) for pull in connector.follow_ups(document)]

    def test_what_moves_money_asks_for_the_money(self):
        money = [("balance_transactions", "")]
        for name in ("charge_succeeded", "refund_created", "dispute_created"):
            self.assertEqual(self.pulls(told(name)), money)
        self.assertEqual(self.pulls(told("payout_paid", status="in_transit")), money)

    def test_finished_automatic_payout_asks_for_its_transactions(self):
        for name in ("payout_paid", "payout_failed"):
            payout = told(name)
            self.assertIn(("payout_transactions", payout.source_id), self.pulls(payout))

    def test_manual_payout_has_no_list_of_transactions(self):
        self.assertEqual(
            self.pulls(told("payout_paid", automatic=False)),
            [("balance_transactions", "")],
        )

    def test_balance_that_was_pulled_asks_for_nothing(self):
        self.assertEqual(self.pulls(told("balance_available")), [("balance", "")])
        [pulled] = documents(sample("pages/balance"), "balance")
        self.assertEqual(self.pulls(pulled), [])

    def test_the_rest_asks_for_nothing(self):
        for name in ("unknown_type", "invoice_paid"):
            self.assertEqual(self.pulls(told(name)), [])
        self.assertEqual(self.pulls(moved()), [])
