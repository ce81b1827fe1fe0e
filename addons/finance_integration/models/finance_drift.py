"""Do our accounts, taxes, partners and rates still say what their source says?"""

from collections.abc import Mapping
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.likeness import plain_code

from .. import canonical
from ..screens import open_record
from .finance_exception_remedy import Remedy
from .finance_reference import KIND_OF_TYPE

A_STEP = 500  #: documents
MAX_OPEN = 200  #: differences of one system shown at a time; more are one problem
TYPES = ("account", "tax_code", "customer", "supplier", "exchange_rate")
PERSONAL = ("customer", "supplier")  #: only fields are named: all people read cases
GROUPS = {"off": "off_balance"}  #: Odoo's word for a kind of account, where another


class FinanceSystem(models.Model):
    # a room of its own: how far the comparison has come is its own business
    _inherit = "finance.system"  # pylint: disable=consider-merging-classes-inherited

    drift_document_id = fields.Integer(
        readonly=True, help="The comparison of reference data goes on after it."
    )


class FinanceDrift(models.AbstractModel):
    """Compares the latest reference data each system told with the books, a bounded
    step at a time. A difference is an exception; it closes itself when it is gone."""

    _name = "finance.drift"
    _description = "Comparison of Reference Data"

    @api.model
    def _cron_compare(self):
        """A step for each system; again soon for those with more to compare."""
        systems = self.env["finance.system"].search([])
        if any([self._compare_step(each) for each in systems]):
            self.env.ref("finance_integration.cron_drift")._trigger()

    @api.model
    def _compare_step(self, system) -> int:
        """Compare the next documents of a system: how many there were. None are left
        at the end of a round, and the next step starts anew."""
        self = self.with_company(system.company_id)  # codes of accounts are its own
        documents = self._take(system)
        system.drift_document_id = documents[-1:].id
        plain = {document: document._plain() for document in documents}
        records = self._records(system, plain.values())
        room = MAX_OPEN - self._count_open(system)
        for document, told in plain.items():
            need = self._need(
                document, told, records.get((document.type, document.source_id))
            )
            if need is None:
                self._gone(system, document)
            elif room > 0:
                room -= 1
                self.env["finance.exception"]._raise_for(system, need)
        return len(documents)

    def _take(self, system):
        """The latest document of each object, in order."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM finance_document
                    WHERE system_id = %s AND id > %s AND type = ANY(%s)
                      AND state IN ('ignored', 'posted', 'reconciled')
                      AND purged_at IS NULL
                    ORDER BY id LIMIT %s""",
                system.id,
                system.drift_document_id,
                list(TYPES),
                A_STEP,
            )
        )
        return self.env["finance.document"].browse(id_ for (id_,) in rows)

    # -- finding ours ------------------------------------------------------------

    def _records(self, system, told) -> dict:
        """Our record by (type, foreign id) of what was told; empty or None where we
        have none."""
        told = list(told)
        references = self.env["finance.reference"]
        known = {}
        for type_, kind in KIND_OF_TYPE.items():
            ids = [each.source_id for each in told if each.type == type_]
            found = references._known(system, kind, ids) if ids else {}
            known |= {(type_, key): each.target for key, each in found.items()}
        return known | {
            (each.type, each.source_id): self._by_identity(system, each)
            for each in told
            if (each.type, each.source_id) not in known
        }

    def _by_identity(self, system, told):
        return getattr(self, f"_find_{told.type}")(system.company_id, told)

    def _find_account(self, company, told):
        return self._one("account", company, [("code", "=", told.code)])

    def _find_tax_code(self, company, told):
        words = [("name", "=", told.name), ("type_tax_use", "=", told.kind)]
        return self._one("tax", company, words)

    def _find_customer(self, company, told):
        vat = plain_code(told.vat or "")
        return self._one("partner", company, [("vat", "=", vat)]) if vat else None

    _find_supplier = _find_customer

    def _find_exchange_rate(self, company, told):
        return (
            self.env["res.currency"]
            .search([("name", "in", (told.base_currency, told.quote_currency))])
            .filtered(lambda each: each != company.currency_id)[:1]
        )

    def _one(self, kind: str, company, domain: list):
        records = self.env[canonical.KINDS[kind].model]
        return records.search(
            [*domain, *records._check_company_domain(company)], limit=1
        )

    # -- comparing ---------------------------------------------------------------

    def _need(self, document, told, record) -> NeedsPerson | None:
        """What is different, for a person; None when nothing is."""
        if not record:
            if told.type in PERSONAL:
                return None  # parties are proposed, not missed
            return self._difference(document, {"record": ("", "not in the books")})
        compare = getattr(self, f"_compare_{told.type}")
        pairs = compare(document.company_id, told, record)
        differing = {
            name: (theirs, ours)
            for name, (theirs, ours) in pairs.items()
            if theirs is not None and theirs != ours
        }
        return self._difference(document, differing) if differing else None

    def _compare_account(self, _company, told, account) -> Mapping:
        group = account.internal_group
        return {
            "code": (told.code, account.code),
            "name": (told.name, account.name),
            "kind": (told.kind, GROUPS.get(group, group)),
        }

    def _compare_tax_code(self, _company, told, tax) -> Mapping:
        return {
            "name": (told.name, tax.name),
            "rate": (_plain(told.rate), _plain(Decimal(str(tax.amount)))),
            "kind": (told.kind, tax.type_tax_use),
        }

    def _compare_customer(self, _company, told, partner) -> Mapping:
        vat = told.vat and plain_code(told.vat)
        return {
            "name": (told.name, partner.name),
            "email": (told.email and told.email.casefold(), _lower(partner.email)),
            "vat": (vat, plain_code(partner.vat or "")),
        }

    _compare_supplier = _compare_customer

    def _compare_exchange_rate(self, company, told, currency) -> Mapping:
        """In the direction it was told; six significant digits, as rates are quoted."""
        known = {each.name: each for each in currency | company.currency_id}
        pair = told.base_currency, told.quote_currency
        if not set(pair) <= set(known):
            return {}  # between two foreign currencies: not kept in the books
        base, quote = (known[code] for code in pair)
        ours = base._get_conversion_rate(base, quote, company, told.date)
        return {"rate": (f"{told.rate:.6g}", f"{Decimal(repr(ours)):.6g}")}

    def _difference(self, document, differing: Mapping) -> NeedsPerson:
        field, (theirs, ours) = next(iter(differing.items()))
        system = document.system_id
        fields_ = ", ".join(differing)
        words, value = fields_, ""
        if document.type not in PERSONAL:
            value = str(ours or theirs)
            words = "; ".join(
                f"{name}: “{ours}” here, “{theirs}” there"
                for name, (theirs, ours) in differing.items()
            )
        kind = document.type.replace("_", " ")
        return NeedsPerson(
            _cause(document),
            f"The {kind} {document.source_id} differs from {system.name}: {words}.",
            "Correct it where it is wrong; this closes by itself once both agree.",
            field=field,
            value=value,
            action="open_drifted",
            logged=f"The {kind} {document.source_id} differs in: {fields_}.",
        )

    # -- cases -------------------------------------------------------------------

    def _count_open(self, system) -> int:
        return self.env["finance.exception"].search_count(
            [
                ("system_id", "=", system.id),
                ("state", "=", "open"),
                ("cause", "=like", "drift:%"),
            ]
        )

    def _gone(self, system, document):
        self.env["finance.exception"].search(
            [
                ("system_id", "=", system.id),
                ("state", "=", "open"),
                ("cause", "=", _cause(document)),
            ]
        )._resolve(self.env._("Both say the same again."))


class FinanceException(models.Model):
    # a room of its own: what to do about drift is not the life of a case
    _inherit = "finance.exception"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _remedies(self):
        label = self.env._("Open What Differs")
        return super()._remedies() | {"open_drifted": Remedy(label, "user")}

    def _remedy_open_drifted(self):
        """Our record, or what the other system told where we have none."""
        _drift, kind, source_id = self.cause.split(":", 2)
        told = self.env["finance.document"].search(
            [
                ("system_id", "=", self.system_id.id),
                ("type", "=", kind),
                ("source_id", "=", source_id),
            ],
            order="id desc",
            limit=1,
        )
        if told.purged_at:
            return open_record(told)
        # sudo: what was told is read to find ours; that one's own rights decide
        canonical_form = told.sudo()._plain()
        drift = self.env["finance.drift"].with_company(self.company_id)
        records = drift._records(self.system_id, [canonical_form])
        return open_record(records.get((kind, source_id)) or told)


def _cause(document) -> str:
    return f"drift:{document.type}:{document.source_id}"


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _lower(text) -> str:
    return (text or "").casefold()
