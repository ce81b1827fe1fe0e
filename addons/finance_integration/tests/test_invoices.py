"""Invoices of other systems become bills, invoices and credit notes of Odoo."""

from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.finance_core.errors import NeedsPerson

from .common import DAY, HubCase, txn
from .test_process import ProcessCase

BILL = "supplier_invoice"


def line(net, **told):
    return {"quantity": "1", "unit_price": net, "net": net, **told}


def invoice(source_id, *lines, kind=BILL, tax=(), **told):
    """An invoice of supplier s1 as the demo shop sends it. ``tax`` is (code, amount)
    of all lines together."""
    net = sum((Decimal(each["net"]) for each in lines), Decimal(0))
    amount = Decimal(tax[1]) if tax else Decimal(0)
    taxes = [{"tax_code": tax[0], "base": str(net), "amount": tax[1]}] if tax else []
    return {
        "type": kind,
        "source_id": source_id,
        "occurred_at": f"{DAY}T10:00:00Z",
        "currency": "EUR",
        "number": f"R-{source_id}",
        "party": {"source_id": "s1"},
        "invoice_date": DAY,
        "status": "open",
        "lines": list(lines),
        "taxes": taxes,
        "total_net": str(net),
        "total_tax": str(amount),
        "total_gross": str(net + amount),
        **told,
    }


class Invoicing:
    """What a person sets up once for a system that sends invoices."""

    @classmethod
    def prepare(cls):
        cls.supplier = cls.env["res.partner"].create({"name": "Paper Ltd"})
        cls.office, cls.other, cls.input_tax, cls.sold = (
            cls.make_account(name, kind)
            for name, kind in (
                ("Office", "expense"),
                ("Bought", "expense"),
                ("Input tax", "asset_current"),
                ("Sold", "income"),
            )
        )
        cls.v19 = cls.make_vat(19, "purchase")
        cls.s19 = cls.make_vat(19, "sale")
        cls.add_mapping(cls.system, "item", "purchase|office", cls.office)
        cls.add_mapping(cls.system, "item", "purchase|*", cls.other)
        cls.add_mapping(cls.system, "item", "sale|*", cls.sold)
        cls.add_mapping(cls.system, "tax", "V19", cls.v19)
        cls.add_mapping(cls.system, "tax", "S19", cls.s19)
        cls.purchases, cls.sales = (
            cls.env["account.journal"].create(
                {
                    "name": f"Other {kind}",
                    "type": kind,
                    "code": code,
                    "company_id": cls.company.id,
                }
            )
            for kind, code in (("purchase", "OPU"), ("sale", "OSA"))
        )
        cls.add_mapping(cls.system, "journal", "purchase", cls.purchases)
        cls.add_mapping(cls.system, "journal", "sale", cls.sales)

    @classmethod
    def make_account(cls, name, kind):
        return cls.env["account.account"].create(
            {
                "name": name,
                "code": f"INV{next(cls.numbers)}",
                "account_type": kind,
                "company_ids": [(6, 0, cls.company.ids)],
            }
        )

    @classmethod
    def make_vat(cls, percent, use):
        tax = cls.make_tax(percent, type_tax_use=use)
        shares = tax.invoice_repartition_line_ids | tax.refund_repartition_line_ids
        shares.filtered(
            lambda each: each.repartition_type == "tax"
        ).account_id = cls.input_tax
        return tax

    @classmethod
    def know_supplier(cls, foreign="s1", partner=None):
        reference = cls.env["finance.reference"].create(
            {
                "system_id": cls.system.id,
                "kind": "partner",
                "foreign_id": foreign,
                "target": f"res.partner,{(partner or cls.supplier).id}",
            }
        )
        reference.with_user(cls.make_user("approver")).action_confirm()

    def entry(self, source_id, kind=BILL):
        document = self.find(source_id, kind)
        self.assertEqual(document.state, "posted", document.reason)
        return document.move_ids

    def held(self, source_id, cause, kind=BILL):
        document = self.find(source_id, kind)
        self.assertEqual(document.state, "held", document.reason)
        exception = document.exception_id
        self.assertTrue(exception.cause.startswith(cause), exception.cause)
        self.assertTrue(exception.remedy)
        self.assertFalse(document.move_ids)
        return exception

    def assert_lines(self, move, *expected):
        lines = [(each.account_id, each.amount_currency) for each in move.line_ids]
        wanted = [(account, amount) for account, amount in expected]
        self.assertEqual(
            sorted(lines, key=lambda pair: (pair[0].id, pair[1])),
            sorted(wanted, key=lambda pair: (pair[0].id, pair[1])),
        )


class InvoiceCase(Invoicing, HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prepare()
        cls.know_supplier()
        cls.payable = cls.supplier.with_company(cls.company).property_account_payable_id
        cls.receivable = cls.supplier.with_company(
            cls.company
        ).property_account_receivable_id


@tagged("post_install", "-at_install")
class Bills(InvoiceCase):
    def test_a_supplier_invoice_becomes_a_vendor_bill(self):
        self.play(
            invoice(
                "b1",
                line("100.00", account_hint="office", description="Paper"),
                line("50.00", quantity="2", unit_price="25"),
                tax=("V19", "28.50"),
                due_date="2026-04-09",
            )
        )
        move = self.entry("b1")
        self.assertEqual((move.move_type, move.state), ("in_invoice", "posted"))
        self.assertEqual((move.partner_id, move.ref), (self.supplier, "R-b1"))
        self.assertEqual((move.invoice_origin, move.journal_id), ("b1", self.purchases))
        self.assertEqual(str(move.invoice_date), DAY)
        self.assertEqual(str(move.date), DAY)
        self.assertEqual(str(move.invoice_date_due), "2026-04-09")
        self.assertEqual((move.amount_untaxed, move.amount_tax), (150.0, 28.5))
        self.assert_lines(
            move,
            (self.office, 100.0),
            (self.other, 50.0),
            (self.input_tax, 28.5),
            (self.payable, -178.5),
        )
        self.assertEqual(move.invoice_line_ids.tax_ids, self.v19)
        self.assertEqual(move.invoice_line_ids[1].quantity, 2)
        self.assertEqual(self.find("b1", BILL).amount, 178.5)
        self.assertTrue(self.find("b1", BILL).mapping_version_ids)

    def test_without_a_due_date_the_terms_of_the_supplier_count(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "20 days",
                "line_ids": [
                    (0, 0, {"value": "percent", "value_amount": 100, "nb_days": 20})
                ],
            }
        )
        self.supplier.with_company(
            self.company
        ).property_supplier_payment_term_id = term
        self.play(invoice("b1", line("10.00")))
        self.assertEqual(str(self.entry("b1").invoice_date_due), "2026-03-30")

    def test_a_foreign_currency_is_valued_at_the_rate_of_the_invoice_date(self):
        self.play(invoice("b1", line("100.00"), currency="USD"))
        move = self.entry("b1")
        self.assertEqual(move.amount_total, 100)
        self.assertEqual(move.amount_total_signed, -92)

    def test_the_cent_of_rounding_is_the_cent_of_the_source(self):
        """FAULTS 48: 19 % of 0.09 EUR is 0.02 EUR, but 0.03 EUR line by line."""
        lines = [
            line("0.03", tax_code="V19", tax_amount="0.01") for _number in range(3)
        ]
        self.play(
            invoice("b1", *lines, total_tax="0.03", total_gross="0.12"),
        )
        move = self.entry("b1")
        self.assertEqual((move.amount_tax, move.amount_total), (0.03, 0.12))
        owed = move.line_ids.filtered(lambda each: each.account_id == self.payable)
        self.assertEqual(owed.balance, -0.12)

    def test_tax_that_differs_is_held_and_posts_once_it_is_tolerated(self):
        self.play(invoice("b1", line("100.00"), tax=("V19", "19.04")))
        exception = self.held("b1", "total:b1")
        self.assertIn("19.04 EUR", exception.name + exception.summary)
        self.assertIn("19.00 EUR", exception.name + exception.summary)
        control = self.env["finance.control"].create(
            {"system_id": self.system.id, "document_type": BILL}
        )
        version = control.version_ids
        version.write({"tolerance": 0.05, "change_reason": "For a test"})
        version.action_submit()
        self.approve(version)
        exception.action_try_again()
        self.drain()
        self.assertEqual(self.entry("b1").amount_tax, 19.04)

    def test_one_that_does_not_tie_does_not_stop_its_neighbours(self):
        """FAULTS 22."""
        self.play(
            invoice("b1", line("100.00"), tax=("V19", "19.00")),
            invoice("b2", line("100.00"), tax=("V19", "18.00")),
            invoice("b3", line("100.00"), tax=("V19", "19.00")),
        )
        self.entry("b1")
        self.held("b2", "total:b2")
        self.entry("b3")

    def test_a_tax_included_in_prices_never_posts_other_amounts(self):
        included = self.make_vat(7, "purchase")
        included.price_include_override = "tax_included"
        self.add_mapping(self.system, "tax", "V7I", included)
        self.play(invoice("b1", line("100.00"), tax=("V7I", "7.00")))
        self.held("b1", "total:b1")

    def test_an_unmapped_tax_waits_and_goes_on_by_itself(self):
        self.play(invoice("b1", line("100.00"), tax=("V7", "7.00")))
        self.held("b1", "mapping:tax:V7")
        self.add_mapping(self.system, "tax", "V7", self.make_vat(7, "purchase"))
        self.drain()
        self.assertEqual(self.entry("b1").amount_tax, 7)

    def test_an_archived_tax_is_for_a_person(self):
        """FAULTS 44."""
        self.v19.active = False
        self.play(invoice("b1", line("100.00"), tax=("V19", "19.00")))
        self.held("b1", "tax:V19")

    def test_an_unknown_supplier_waits_and_goes_on_by_itself(self):
        self.play(invoice("b1", line("10.00"), party={"source_id": "s2"}))
        self.held("b1", "partner_unknown:s2")
        self.know_supplier("s2")
        self.drain()
        self.entry("b1")

    def test_a_journal_for_other_documents_is_for_a_person(self):
        general = self.account("gateway", "journal")
        draft = self.env["finance.mapping"]._find(self.system, "journal")._draft("Test")
        line_ = draft.rule_ids.filtered(lambda each: each.key == "purchase")
        line_.target = f"account.journal,{general.id}"
        draft.action_submit()
        self.approve(draft)
        self.play(invoice("b1", line("10.00")))
        self.held("b1", "posting:")

    def test_a_cost_centre_is_kept(self):
        plan = self.env["account.analytic.plan"].create({"name": "Places"})
        north = self.env["account.analytic.account"].create(
            {"name": "North", "plan_id": plan.id, "company_id": self.company.id}
        )
        self.add_mapping(self.system, "cost_center", "north", north)
        self.play(invoice("b1", line("10.00", cost_center="north")))
        items = self.entry("b1").invoice_line_ids
        self.assertEqual(items.analytic_distribution, {str(north.id): 100})

    def test_a_number_the_supplier_used_is_held_until_somebody_decides(self):
        self.play(invoice("b1", line("10.00"), number="R-1"))
        self.play(invoice("b2", line("99.00"), number="R-1"))
        exception = self.held("b2", "duplicate:")
        self.assertEqual(exception.category, "control")
        self.entry("b1")

    def test_one_number_twice_in_a_batch_posts_once(self):
        self.play(
            invoice("b1", line("10.00"), number="R-1"),
            invoice("b2", line("99.00"), number="R-1"),
        )
        self.entry("b1")
        self.held("b2", "duplicate:")

    def test_a_bill_entered_by_hand_is_not_booked_again(self):
        by_hand = self.make_invoice(
            "10", move_type="in_invoice", partner_id=self.supplier.id, ref="R-b1"
        )
        self.play(invoice("b1", line("10.00")))
        self.assertIn(by_hand.name, self.held("b1", "duplicate:").summary)

    def test_another_supplier_may_use_the_same_number(self):
        other = self.env["res.partner"].create({"name": "Ink Ltd"})
        self.know_supplier("s2", other)
        self.play(
            invoice("b1", line("10.00"), number="R-1"),
            invoice("b2", line("99.00"), number="R-1", party={"source_id": "s2"}),
        )
        self.entry("b1")
        self.entry("b2")

    def test_a_draft_and_a_void_one_post_nothing(self):
        self.play(
            invoice("b1", line("10.00"), status="draft"),
            invoice("b2", line("10.00"), status="void"),
        )
        for source_id in ("b1", "b2"):
            document = self.find(source_id, BILL)
            self.assertEqual(document.state, "ignored")
            self.assertIn("draft or void", document.reason)

    def test_paid_later_it_is_the_same_bill(self):
        self.play(invoice("b1", line("10.00")))
        self.play(invoice("b1", line("10.00"), status="paid", revision=2))
        states = sorted(self.find("b1", BILL).mapped("state"))
        self.assertEqual(states, ["posted", "superseded"])
        self.play(invoice("b1", line("10.00"), status="void", revision=3))
        self.assertIn("held", self.find("b1", BILL).mapped("state"))

    def test_in_a_locked_period_it_is_held(self):
        """FAULTS 41."""
        self.company.purchase_lock_date = DAY
        self.play(invoice("b1", line("10.00")))
        self.held("b1", "period:")

    def test_on_the_first_open_day_the_invoice_keeps_its_own(self):
        self.company.purchase_lock_date = DAY
        control = self.env["finance.control"].create(
            {"system_id": self.system.id, "document_type": BILL}
        )
        control.version_ids.write({"period": "first_open", "change_reason": "Test"})
        control.version_ids.action_submit()
        self.approve(control.version_ids)
        self.play(invoice("b1", line("10.00")))
        move = self.entry("b1")
        self.assertEqual((str(move.date), str(move.invoice_date)), ("2026-03-11", DAY))
        self.assertEqual(str(move.finance_original_date), DAY)

    def test_many_bills_take_one_creation_and_one_posting(self):
        self.play(*(invoice(f"b{number}", line("10.00")) for number in range(20)))
        moves = self.find_all(BILL).move_ids
        self.assertEqual(len(moves), 20)
        self.assertEqual(len(set(moves.mapped("name"))), 20)

    def find_all(self, kind):
        return self.env["finance.document"].search(
            [("system_id", "=", self.system.id), ("type", "=", kind)]
        )


@tagged("post_install", "-at_install")
class CreditNotes(InvoiceCase):
    def test_a_supplier_credit_note_settles_the_bill_it_names(self):
        self.play(invoice("b1", line("100.00"), tax=("V19", "19.00")))
        self.play(
            invoice(
                "c1",
                line("100.00"),
                tax=("V19", "19.00"),
                kind="credit_note",
                direction="purchase",
                invoice_number="R-b1",
            )
        )
        bill, note = self.entry("b1"), self.entry("c1", "credit_note")
        self.assertEqual((note.move_type, note.reversed_entry_id), ("in_refund", bill))
        self.assertEqual(note.ref, "R-c1")
        self.assertEqual((bill.amount_residual, note.amount_residual), (0, 0))

    def test_it_waits_for_the_bill_it_names(self):
        """FAULTS 21."""
        self.play(
            invoice(
                "c1",
                line("10.00"),
                kind="credit_note",
                direction="purchase",
                invoice_number="R-b1",
            )
        )
        self.held("c1", "open_item:bill:R-b1", "credit_note")
        self.play(invoice("b1", line("100.00")))
        self.drain()
        self.assertEqual(self.entry("c1", "credit_note").amount_total, 10)
        self.assertEqual(self.entry("b1").amount_residual, 90)

    def credit(self, source_id, net, bill):
        return invoice(
            source_id,
            line(net),
            kind="credit_note",
            direction="purchase",
            invoice_number=bill,
        )

    def test_several_of_one_bill_and_of_others_each_settle_their_own(self):
        self.play(invoice("b1", line("100.00")), invoice("b2", line("50.00")))
        self.play(
            self.credit("c1", "10.00", "R-b1"),
            self.credit("c2", "20.00", "R-b1"),
            self.credit("c3", "5.00", "R-b2"),
        )
        owed = [self.entry(each).amount_residual for each in ("b1", "b2")]
        self.assertEqual(owed, [70, 45])
        for note in ("c1", "c2", "c3"):
            self.assertEqual(self.entry(note, "credit_note").amount_residual, 0)

    def test_a_bill_that_is_credited_in_part_is_not_taken_back_silently(self):
        self.play(invoice("b1", line("100.00")))
        self.play(self.credit("c1", "10.00", "R-b1"))
        with self.assertRaisesRegex(NeedsPerson, "credited a part of"):
            self.env["finance.compensation"]._reversal(self.entry("b1"))

    def test_it_goes_on_once_the_bill_is_entered_by_hand_and_by_no_other(self):
        other = self.env["res.partner"].create({"name": "Ink Ltd"})
        self.play(self.credit("c1", "10.00", "R-hand"))
        self.held("c1", "open_item:bill:R-hand", "credit_note")
        self.enter_bill(other)
        self.sweep()
        self.held("c1", "open_item:bill:R-hand", "credit_note")
        bill = self.enter_bill(self.supplier)
        self.sweep()
        self.assertEqual(self.entry("c1", "credit_note").reversed_entry_id, bill)

    def sweep(self):
        self.env["finance.engine"]._cron_sweep()
        self.drain()

    def enter_bill(self, partner):
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": partner.id,
                "journal_id": self.purchases.id,
                "invoice_date": DAY,
                "ref": "R-hand",
                "invoice_line_ids": [
                    (0, 0, {"account_id": self.office.id, "price_unit": 100.0})
                ],
            }
        )
        bill.invoice_line_ids.tax_ids = False
        bill.action_post()
        return bill

    def test_a_credit_note_of_ours_keeps_its_number(self):
        self.play(invoice("c1", line("10.00"), kind="credit_note", direction="sale"))
        note = self.entry("c1", "credit_note")
        self.assertEqual((note.move_type, note.name), ("out_refund", "R-c1"))


@tagged("post_install", "-at_install")
class CustomerInvoices(InvoiceCase):
    KIND = "customer_invoice"

    def test_without_a_rule_customer_invoices_are_made_in_odoo(
        self,
    ):
        self.play(invoice("i1", line("10.00"), kind=self.KIND))
        self.assertEqual(self.find("i1", self.KIND).state, "ignored")

    def add_rule(self, **line_values):
        rule = self.env["finance.posting.rule"].create(
            {
                "name": "Shop invoices",
                "document_type": self.KIND,
                "system_id": self.system.id,
            }
        )
        version = rule.version_ids or rule._draft("For a test")
        version.write(
            {
                "outcome": "invoice",
                "journal_key": "{direction}",
                "change_reason": "For a test",
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "side": "credit",
                            "measure": "each_item",
                            "mapping_code": "item",
                            "key": "{direction}|{account}",
                            **line_values,
                        },
                    )
                ],
            }
        )
        version.action_submit()
        self.approve(version)

    def test_by_an_approved_rule_they_are_invoices_under_their_own_number(self):
        self.add_rule()
        self.play(
            invoice(
                "i1",
                line("100.00"),
                tax=("S19", "19.00"),
                kind=self.KIND,
                number="SHOP-7",
            ),
            invoice("i2", line("10.00"), kind=self.KIND, number="SHOP-9"),
        )
        move = self.entry("i1", self.KIND)
        self.assertEqual((move.move_type, move.name), ("out_invoice", "SHOP-7"))
        self.assertEqual(self.entry("i2", self.KIND).name, "SHOP-9")
        self.assert_lines(
            move,
            (self.sold, -100.0),
            (self.input_tax, -19.0),
            (self.receivable, 119.0),
        )

    def test_a_payment_settles_it_by_its_number(self):
        self.add_rule()
        self.play(
            invoice("i1", line("100.00"), kind=self.KIND, number="SHOP-7"),
            txn("t1", "payment", "100.00", invoice_id="SHOP-7"),
        )
        self.env["finance.waiting"]._release_satisfied()
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")
        self.assertEqual(self.entry("i1", self.KIND).amount_residual, 0)

    def test_a_rule_for_invoices_has_the_one_line_it_needs(self):
        with self.assertRaises(UserError):
            self.add_rule(measure="amount")


@tagged("post_install", "-at_install")
class SupplierInvoiceProcess(Invoicing, ProcessCase):
    """The shipped template, from the first byte to the bill and back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prepare()
        process = cls.env["finance.process"].create(
            {
                "name": "Bills",
                "document_type": BILL,
                "system_id": cls.system.id,
                "template_id": cls.env.ref(
                    "finance_integration.process_supplier_invoice"
                ).id,
            }
        )
        process.version_ids.change_reason = "For a test"
        process.version_ids.action_submit()
        cls.approve(process.version_ids)
        cls.document_of = invoice("b1", line("100.00"), tax=("V19", "19.00"))

    def steps(self):
        return {each.code: each.state for each in self.run_of("b1", BILL).step_ids}

    def receive(self):
        self.know_supplier()
        self.play(self.document_of)

    def approve_bill(self):
        exception = self.held("b1", "process:")
        self.decide(self.approver, exception, "approve_step", "Ordered by us")
        return exception

    def test_received_validated_tax_checked_approved_posted_published(self):
        self.play(self.document_of)
        self.held("b1", "partner_unknown:s1")
        self.know_supplier()
        self.drain()
        self.held("b1", "process:")
        self.assertEqual(
            self.steps(),
            {
                "validated": "done",
                "tax_checked": "done",
                "approved": "active",
                "posted": "waiting",
                "published": "waiting",
            },
        )
        exception = self.approve_bill()
        self.assertEqual(set(self.steps().values()), {"done"})
        self.assertEqual(self.run_of("b1", BILL).state, "done")
        self.assertEqual(exception.state, "resolved")
        move = self.entry("b1")
        self.assertEqual(
            (move.move_type, move.state, move.partner_id, move.ref),
            ("in_invoice", "posted", self.supplier, "R-b1"),
        )
        self.assertEqual((move.amount_untaxed, move.amount_tax), (100, 19))
        self.assertEqual(move.invoice_line_ids.account_id, self.other)
        self.assertEqual(move.invoice_line_ids.tax_ids, self.v19)
        events = self.find("b1", BILL).log_ids.mapped("event")
        self.assertIn("step.done", events)
        self.assertIn("document.posted", events)

    def test_nobody_but_the_role_of_the_step_approves(self):
        self.receive()
        run = self.run_of("b1", BILL)
        for role in ("user", "operator", "editor", "admin"):
            with self.subTest(role=role), self.assertRaises(AccessError):
                run.with_user(self.make_user(role)).action_approve_step()
        self.held("b1", "process:")

    def test_wrong_tax_stops_before_anybody_is_asked(self):
        self.know_supplier()
        self.play(invoice("b1", line("100.00"), tax=("V19", "18.00")))
        self.held("b1", "tax_amount:b1")
        self.assertEqual(self.steps()["approved"], "waiting")

    def test_rejected_it_is_never_posted(self):
        self.receive()
        exception = self.held("b1", "process:")
        self.decide(self.approver, exception, "refuse_step", "Not ordered")
        document = self.find("b1", BILL)
        self.assertEqual((document.state, document.reason), ("ignored", "Not ordered"))
        self.assertFalse(document.move_ids)
        self.assertEqual(self.run_of("b1", BILL).state, "compensated")


@tagged("post_install", "-at_install")
class Compensated(Invoicing, ProcessCase):
    """A bill that is refused after its posting is reversed, once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prepare()
        cls.know_supplier()
        cls.add_process(
            {
                "code": "posted",
                "label": "Posted",
                "kind": "post",
                "compensation": "reverse",
            },
            {"code": "released", "label": "Released", "kind": "decision"},
            kind=BILL,
        )

    def refuse(self):
        run = self.run_of("b1", BILL)
        self.decide(self.second, run.exception_id, "refuse_step", "Goods sent back")
        return run

    def test_the_bill_is_reversed_to_the_cent_of_the_source(self):
        lines = [
            line("0.03", tax_code="V19", tax_amount="0.01") for _number in range(3)
        ]
        self.play(invoice("b1", *lines, total_tax="0.03", total_gross="0.12"))
        bill = self.entry("b1")
        run = self.refuse()
        document = self.find("b1", BILL)
        reversal = document.compensation_id
        self.assertEqual((run.state, len(document.move_ids)), ("compensated", 2))
        self.assertEqual(reversal.move_type, "in_refund")
        self.assertEqual(reversal.state, "posted")
        self.assertEqual(reversal.reversed_entry_id, bill)
        self.assertEqual(reversal.invoice_date, fields.Date.context_today(bill))
        self.assertEqual((reversal.amount_tax, reversal.amount_total), (0.03, 0.12))
        self.assertEqual((bill.payment_state, bill.amount_residual), ("reversed", 0))
        self.drain()
        self.assertEqual(len(bill.reversal_move_ids), 1)

    def test_a_corrected_bill_with_the_same_number_may_come(self):
        self.play(invoice("b1", line("10.00"), number="R-1"))
        self.refuse()
        self.play(invoice("b2", line("12.00"), number="R-1"))
        self.assertEqual(self.entry("b2").amount_total, 12)
