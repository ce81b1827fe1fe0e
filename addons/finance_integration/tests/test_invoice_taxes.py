"""Each tax of an invoice is what its source states of it, not only all together."""

from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.finance_core.errors import NeedsPerson

from .test_invoices import BILL, InvoiceCase, invoice, line

NOTE = "credit_note"


def taxed(source_id, *lines, **told):
    """An invoice whose tax is told by its lines: (net, code, tax) of each."""
    net, tax = (sum(Decimal(each[n]) for each in lines) for n in (0, 2))
    told = {"total_tax": str(tax), "total_gross": str(net + tax), **told}
    parts = (line(net, tax_code=code, tax_amount=amount) for net, code, amount in lines)
    return invoice(source_id, *parts, **told)


CENT_BY_LINE = [("0.03", "V19", "0.01")] * 3  #: Odoo makes 0.02 of it


class TwoTaxes(InvoiceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.v7 = cls.make_vat(7, "purchase")
        cls.add_mapping(cls.system, "tax", "V7", cls.v7)

    def amounts(self, move):
        """Debit positive, by tax."""
        lines = move.line_ids.filtered("tax_line_id")
        by_tax = lines.grouped(lambda each: each.group_tax_id or each.tax_line_id)
        return {
            tax: round(sum(several.mapped("amount_currency")), 2)
            for tax, several in by_tax.items()
        }

    def make_reverse_charge(self):
        """19 % that are owed and taken off at once."""
        shares = [
            (0, 0, {"repartition_type": "base"}),
            *(
                (
                    0,
                    0,
                    {
                        "repartition_type": "tax",
                        "factor_percent": percent,
                        "account_id": self.input_tax.id,
                    },
                )
                for percent in (100, -100)
            ),
        ]
        return self.make_tax(
            19,
            type_tax_use="purchase",
            invoice_repartition_line_ids=shares,
            refund_repartition_line_ids=shares,
        )


@tagged("post_install", "-at_install")
class TaxesOfInvoices(TwoTaxes):
    def test_errors_of_two_taxes_that_cancel_out_are_held(self):
        self.play(
            taxed("b0", ("100.00", "V19", "19.00")),
            taxed("b1", ("100.00", "V19", "20.00"), ("100.00", "V7", "6.00")),
            taxed("b2", ("100.00", "V7", "7.00")),
        )
        said = self.held("b1", "total:b1").name
        self.assertIn(self.v19.name, said)
        self.assertIn("20.00 EUR", said)
        self.assertIn("19.00 EUR", said)
        self.entry("b0")
        self.entry("b2")

    def test_the_cent_of_rounding_goes_to_its_own_tax(self):
        self.play(taxed("b1", *CENT_BY_LINE, ("100.00", "V7", "7.00")))
        move = self.entry("b1")
        self.assertEqual(self.amounts(move), {self.v19: 0.03, self.v7: 7})
        self.assertEqual((move.amount_tax, move.amount_total), (7.03, 107.12))

    def test_cents_of_several_taxes_each_go_to_their_own(self):
        self.play(taxed("b1", *CENT_BY_LINE, *[("0.06", "V7", "0.00")] * 3))
        self.assertEqual(self.amounts(self.entry("b1")), {self.v19: 0.03, self.v7: 0})

    def test_a_credit_note_has_the_cents_of_its_source(self):
        self.play(
            taxed(
                *("c1", *CENT_BY_LINE, ("100.00", "V7", "7.00")),
                **{"kind": NOTE, "direction": "purchase"},
            ),
            taxed(
                *("c2", ("100.00", "V19", "20.00"), ("100.00", "V7", "6.00")),
                **{"kind": NOTE, "direction": "purchase"},
            ),
        )
        move = self.entry("c1", NOTE)
        self.assertEqual(self.amounts(move), {self.v19: -0.03, self.v7: -7})
        self.held("c2", "total:c2", NOTE)

    def test_two_codes_of_one_tax_are_compared_together(self):
        self.add_mapping(self.system, "tax", "ALSO19", self.v19)
        self.play(
            taxed("b1", ("100.00", "V19", "18.00"), ("100.00", "ALSO19", "20.00")),
            taxed("b2", ("100.00", "V19", "19.00"), ("100.00", "ALSO19", "20.00")),
        )
        self.assertEqual(self.amounts(self.entry("b1")), {self.v19: 38})
        self.held("b2", "total:b2")

    def test_a_group_is_compared_as_a_whole(self):
        """Each part is rounded by itself: 9 % and 9 % of 10.03 are 1.80, not 1.81."""
        parts = self.make_vat(9, "purchase") | self.make_vat(9, "purchase")
        group = self.make_tax(
            0,
            type_tax_use="purchase",
            amount_type="group",
            children_tax_ids=[(6, 0, parts.ids)],
        )
        self.add_mapping(self.system, "tax", "G18", group)
        self.play(
            taxed("b1", ("10.03", "G18", "1.81"), ("100.00", "V7", "7.00")),
            taxed("b2", ("10.03", "G18", "1.90")),
        )
        move = self.entry("b1")
        self.assertEqual(self.amounts(move), {group: 1.81, self.v7: 7})
        self.assertIn(group.name, self.held("b2", "total:b2").name)

    def test_reverse_charge_and_taxes_of_nothing_post_with_both_lines(self):
        charge = self.make_reverse_charge()
        self.add_mapping(self.system, "tax", "RC", charge)
        self.add_mapping(self.system, "tax", "V0", self.make_vat(0, "purchase"))
        self.play(
            taxed("b1", ("100.00", "RC", "0.00"), ("50.00", "V0", "0.00")),
            taxed("b2", ("100.00", "RC", "19.00")),
            taxed("b3", ("50.00", "V0", "0.01")),
        )
        move = self.entry("b1")
        owed = move.line_ids.filtered(lambda each: each.tax_line_id == charge)
        self.assertEqual(sorted(owed.mapped("balance")), [-19, 19])
        self.held("b2", "total:b2")
        self.held("b3", "total:b3")

    def test_the_tolerance_is_for_all_taxes_together(self):
        control = self.env["finance.control"].create(
            {"system_id": self.system.id, "document_type": BILL}
        )
        version = control.version_ids
        version.write({"tolerance": 0.05, "change_reason": "For a test"})
        version.action_submit()
        self.approve(version)
        self.play(
            taxed("b1", ("100.00", "V19", "19.03"), ("100.00", "V7", "6.97")),
            taxed("b2", ("100.00", "V19", "19.04"), ("100.00", "V7", "6.96")),
        )
        self.assertEqual(
            self.amounts(self.entry("b1")), {self.v19: 19.03, self.v7: 6.97}
        )
        self.held("b2", "total:b2")


@tagged("post_install", "-at_install")
class TaxesTakenBack(TwoTaxes):
    def bill(self):
        self.play(taxed("b1", *CENT_BY_LINE, ("100.00", "V7", "7.00")))
        return self.entry("b1")

    def test_a_reversal_has_the_cents_of_each_tax(self):
        bill = self.bill()
        reversal = self.env["finance.compensation"]._reversal(bill)
        self.assertEqual(self.amounts(reversal), {self.v19: -0.03, self.v7: -7})
        self.assertEqual((bill.payment_state, bill.amount_residual), ("reversed", 0))

    def test_what_is_taxed_otherwise_since_is_reversed_by_a_person(self):
        bill = self.bill()
        self.v19.amount = 0
        with self.assertRaisesRegex(NeedsPerson, "the taxes of today"):
            self.env["finance.compensation"]._reversal(bill)

    def test_reverse_charge_that_changed_since_is_reversed_by_a_person(self):
        """Its lines cancel out, so no total tells."""
        charge = self.make_reverse_charge()
        self.add_mapping(self.system, "tax", "RC", charge)
        self.play(taxed("b1", ("100.00", "RC", "0.00")))
        charge.amount = 16
        with self.assertRaisesRegex(NeedsPerson, "the taxes of today"):
            self.env["finance.compensation"]._reversal(self.entry("b1"))
