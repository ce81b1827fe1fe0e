"""A delivered customer finds its partner by evidence; a flow may create one."""

from odoo.tests import tagged

from .common import HubCase
from .test_claims import customer


@tagged("post_install", "-at_install")
class Parties(HubCase):
    def reference(self, foreign_id="c1"):
        return self.env["finance.reference"].search(
            [("system_id", "=", self.system.id), ("foreign_id", "=", foreign_id)]
        )

    def test_partner_is_proposed_by_its_vat_number(self):
        self.customer.vat = "ATU12345678"
        self.play(customer("c1", vat="at u12345678", name="Whoever"))
        reference = self.reference()
        self.assertEqual(reference.target, self.customer)
        self.assertEqual(reference.source, "proposed")
        self.assertEqual(reference.state, "proposed")
        self.assertEqual(self.find("c1", "customer").state, "ignored")

    def test_partner_of_another_company_is_not_proposed(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.env["res.partner"].create(
            {"name": "Z", "vat": "ATU12345678", "company_id": elsewhere.id}
        )
        self.play(customer("c1"))
        self.assertFalse(self.reference())

    def test_unknown_customer_creates_nobody_unless_the_flow_says_so(self):
        self.play(customer("c1", vat=None, name="Xq Zyvw"))
        self.assertFalse(self.reference())
        partners = self.env["res.partner"]
        self.assertFalse(partners.search([("name", "=", "Xq Zyvw")]))
        self.system.flow_ids.unknown_partners = "create"
        self.play(customer("c2", vat=None, name="Xq Zyvw", email="x@q.example"))
        created = self.reference("c2").target
        self.assertEqual(created.email, "x@q.example")
        self.assertEqual(created.company_id, self.company)
        self.assertEqual(created.customer_rank, 1)

    def test_what_a_person_wrote_is_kept(self):
        other = self.env["res.partner"].create({"name": "By hand"})
        self.env["finance.reference"].create(
            {
                "system_id": self.system.id,
                "kind": "partner",
                "foreign_id": "c1",
                "target": f"res.partner,{other.id}",
            }
        )
        self.customer.vat = "ATU12345678"
        self.play(customer("c1"))
        self.assertEqual(self.reference().target, other)
