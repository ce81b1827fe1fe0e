"""Translation: a document and a snapshot of mappings and rules become an entry draft.

Pure: no database, no clock, no network. Previews, tests and postings all use
:func:`translate`; only the hub's last step creates records. The default entries are
those of double entry for payment gateways (clearing, transit, reserve, dispute
accounts); they are data (:class:`Rule`), not code.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from . import invoicing
from .contract._invoice import Invoice
from .contract.envelope import Document
from .errors import NeedsPerson
from .mapping import MappingTable, valid_on
from .mapping_value import join_key
from .partner_check import check_partner
from .words import in_words

ZERO = Decimal(0)


@dataclass(frozen=True)
class RuleLine:
    """One line of an entry to be.

    ``measure`` names the amount (see MEASURES), ``sign`` is +1 for debit when that
    amount is positive. The account is that of the open item the reference with role
    ``settles`` names; without one, what ``mapping`` says for ``key``, a tuple of
    templates such as ``("clearing", "{currency}")``. ``match`` is the role of the
    reference whose lines on one account belong together and are reconciled once
    they sum to zero. ``tolerance`` bounds the exchange difference of a conversion,
    as a share of the amount.
    """

    measure: str
    sign: int
    mapping: str
    key: tuple[str, ...]
    label: str = ""
    settles: str = ""
    match: str = ""
    tolerance: Decimal = Decimal("0.1")


@dataclass(frozen=True)
class Rule:
    """How one document type (of some categories; none means all) becomes an entry.

    ``outcome`` is ``post``, ``invoice`` (see :mod:`.invoicing`; the accounts of the
    lines are those of the first rule line), or ``ignore`` with a ``reason``.
    ``credit_note`` asks for a credit note against the invoice that a refund names.
    """

    rule_id: int
    version_id: int
    document_type: str
    categories: frozenset[str] = frozenset()
    outcome: str = "post"
    reason: str = ""
    journal_mapping: str = "journal"
    journal_key: tuple[str, ...] = ("gateway",)
    credit_note: bool = False
    lines: tuple[RuleLine, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def applies_to(self, document: Document) -> bool:
        return document.type == self.document_type and (
            not self.categories or document.category in self.categories
        )

    def until(self, day: date) -> "Rule":
        """The same, with ``day`` as its last."""
        return replace(self, valid_to=day)


@dataclass(frozen=True)
class OpenItem:
    """The receivable or payable line of an invoice of ``currency`` in the books.

    ``balance_per_unit`` is not kept: Odoo values the reconciliation itself.
    ``commercial_partner_id`` is who owes it: the company of a contact.
    """

    account_id: int
    partner_id: int
    move_id: int
    currency: str
    commercial_partner_id: int = 0


@dataclass(frozen=True)
class OpenAmount:
    """What lines of one match hold open: ``amount`` in ``currency``, debit positive,
    ``balance`` the same as it is carried in company currency."""

    amount: Decimal
    currency: str
    balance: Decimal


@dataclass(frozen=True)
class Snapshot:
    """Everything translation may know, read once for a whole batch.

    ``digits`` are the decimal places of the currencies that are active in the books.
    ``rates`` hold company currency per unit by (currency, date).
    ``open_items`` are keyed by (role, foreign value); several of one key are for a
    person. ``open_amounts`` are keyed by (document type, source id). ``altered`` names
    versions whose content is not what was approved: nothing is translated while there
    is one. ``partners`` are the commercial partners behind the source's customer ids,
    as far as a person has confirmed them, ``partner_names`` what those and the owners
    of open items are called. ``accepted`` are (document digest, cause) pairs that a
    person let pass. ``invoices`` is what those need that become invoices in Odoo, whose
    partners are found among ``partners`` too. Whether the period is open is no matter
    of translation, see controls.py.
    """

    company_currency: str
    time_zone: str
    rules: Sequence[Rule]
    mappings: Mapping[str, Sequence[MappingTable]]
    digits: Mapping[str, int]
    rates: Mapping[tuple[str, date], Decimal]
    open_items: Mapping[tuple[str, str], Sequence[OpenItem]]
    open_amounts: Mapping[tuple[str, str], Sequence[OpenAmount]] = field(
        default_factory=dict
    )
    altered: Sequence[str] = ()
    partners: Mapping[str, int] = field(default_factory=dict)
    partner_names: Mapping[int, str] = field(default_factory=dict)
    accepted: Collection[tuple[str, str]] = frozenset()
    invoices: invoicing.Known = field(default_factory=invoicing.Known)


@dataclass(frozen=True)
class DraftLine:
    """``amount`` is signed (debit positive) in ``currency``, ``balance`` the same in
    company currency. ``settles`` and ``match`` are (role, value) or None."""

    account_id: int
    amount: Decimal
    currency: str
    balance: Decimal
    label: str
    partner_id: int | None = None
    settles: tuple[str, str] | None = None
    match: tuple[str, str] | None = None


@dataclass(frozen=True)
class CreditNoteDraft:
    """A credit note of ``amount`` (gross, positive) against the invoice ``item``.

    ``key`` is the foreign id of the refund; the entry's line that settles
    ``("credit_note", key)`` is reconciled with it.
    """

    key: str
    item: OpenItem
    invoice: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class WriteOff:
    """A difference of at most ``limit``, in company currency, that settling an invoice
    leaves is booked on the account ``loss`` (paid too little) or ``gain``."""

    limit: Decimal
    loss: int
    gain: int


@dataclass(frozen=True)
class EntryDraft:
    """A balanced entry as plain data, with the versions it was made by. ``customer``
    is the source's customer id with the partner whose open item is settled: what can
    be learned about who is who. ``original_date`` is the day it belongs to, where a
    control moved it to an open period; ``likeness`` is what likely duplicates share.
    With ``invoice`` Odoo makes the entry of that; ``lines`` are what it comes to by the
    totals of the source."""

    date: date
    journal_id: int
    ref: str
    lines: tuple[DraftLine, ...]
    rule: Rule
    mapping_versions: frozenset[int] = frozenset()
    credit_notes: tuple[CreditNoteDraft, ...] = ()
    customer: tuple[str, int] | None = None
    original_date: date | None = None
    write_off: WriteOff | None = None
    likeness: str | None = None
    invoice: invoicing.InvoiceDraft | None = None

    @property
    def taxed(self) -> bool:
        """Whether the tax report shows it."""
        return self.invoice is not None and self.invoice.taxed


@dataclass(frozen=True)
class Ignored:
    """Nothing to post, by an approved rule and for its reason."""

    rule: Rule
    reason: str


@dataclass(frozen=True)
class _Part:
    """An amount of a document: with its currency and what templates may say."""

    amount: Decimal
    currency: str
    values: Mapping[str, str]
    label: str = ""
    balance: Decimal | None = None  # where it is known instead of converted


def _amount(doc):
    return [_Part(doc.amount, doc.currency, {})]


def _counter(doc):
    """The amount in the currency of the underlying object, where that differs."""
    if getattr(doc, "source_amount", None) is None:
        return _amount(doc)
    return [
        _Part(doc.source_amount, doc.source_currency, {"currency": doc.source_currency})
    ]


def _fee(doc):
    return [_Part(doc.fee, doc.currency, {})]


def _each_fee(doc):
    if not doc.fees:  # the source did not break its fee down
        return [_Part(doc.fee, doc.currency, {"fee": "fee"})]
    return [
        _Part(fee.amount, doc.currency, {"fee": fee.type}, fee.description)
        for fee in doc.fees
    ]


def _each_line(doc):
    return [
        _Part(
            line.debit - line.credit,
            doc.currency,
            {"account": line.account},
            line.label,
        )
        for line in doc.lines
    ]


def _each_item(doc):
    return [
        _Part(
            line.net,
            doc.currency,
            {"account": line.account_hint or invoicing.UNTOLD},
            line.description,
        )
        for line in doc.lines
    ]


MEASURES = {
    "amount": _amount,
    "counter": _counter,
    "fee": _fee,
    "each_fee": _each_fee,
    "each_line": _each_line,
    "each_item": _each_item,
}
OPEN_BALANCE = "open_balance"  #: what is open under the document's own reference
DIFFERENCE = "difference"  #: what is missing to balance, in company currency


def types_of_open_balance(rules: Iterable[Rule]) -> set[str]:
    """The types of documents that are about what is open under their reference."""
    return {
        rule.document_type
        for rule in rules
        for line in rule.lines
        if line.measure == OPEN_BALANCE
    }


def find_rule(document: Document, day: date, rules: Sequence[Rule]) -> Rule:
    """The first rule in force that applies. Raises NeedsPerson when there is none."""
    for rule in valid_on(day, rules):
        if rule.applies_to(document):
            return rule
    what = f"{document.type}/{document.category}".rstrip("/")
    raise NeedsPerson(
        f"rule:{what}",
        f"No posting rule says what to do with “{what}”.",
        "Add a posting rule for it; the waiting documents then go on by themselves.",
        field="Kind of document",
        value=in_words(document.category or document.type),
        action="add_rule",
    )


def accounting_date(document: Document, time_zone: str) -> date:
    """The day on an invoice; else the day it happened, in the company's time zone."""
    if isinstance(document, Invoice):
        return document.invoice_date
    return document.occurred_at.astimezone(ZoneInfo(time_zone)).date()


def translate(document: Document, snapshot: Snapshot) -> EntryDraft | Ignored:
    """The entry of one document, balanced to the cent, or the reason for none.

    Raises NeedsPerson for everything a person has to complete: no rule, unmapped
    value, unknown open item, missing rate or currency, an entry that does not
    balance.
    """
    _check_unaltered(snapshot)
    day = accounting_date(document, snapshot.time_zone)
    rule = find_rule(document, day, snapshot.rules)
    if rule.outcome == "ignore":
        return Ignored(rule, rule.reason)
    return _Translation(document, snapshot, rule, day).draft()


def _check_unaltered(snapshot: Snapshot) -> None:
    """Which version was altered may be the very thing that was altered, so none is
    trusted until a person has looked."""
    for name in snapshot.altered:
        raise NeedsPerson(
            f"altered:{name}",
            f"{name} was changed or approved around Odoo.",
            "Find out who changed it; then have a new version of it approved. The"
            " waiting documents go on by themselves.",
            category="control",
            field="Approved version",
            value=name,
        )


class _Translation:
    """One run of :func:`translate`: keeps what several steps need."""

    def __init__(self, document: Document, snapshot: Snapshot, rule: Rule, day: date):
        self.document = document
        self.snapshot = snapshot
        self.rule = rule
        self.date = day
        self.versions: set[int] = set()
        self.values = {
            "currency": document.currency or "",
            "category": document.category,
        }
        if isinstance(document, Invoice):
            self.values["direction"] = invoicing.direction(document)

    def draft(self) -> EntryDraft | Ignored:
        if self.rule.outcome == "invoice":
            return self._invoice()
        if not any(
            part.amount for each in self.rule.lines for part in self._parts(each)
        ):
            return Ignored(self.rule, "Nothing to post: every amount is zero.")
        journal = self._map(self.rule.journal_mapping, self.rule.journal_key, {})
        lines = [
            line for rule_line in self.rule.lines for line in self._lines(rule_line)
        ]
        return EntryDraft(
            date=self.date,
            journal_id=journal,
            ref=self.document.source_id,
            lines=tuple(self._balanced(lines)),
            rule=self.rule,
            credit_notes=tuple(self._credit_notes()),
            mapping_versions=frozenset(self.versions),
            customer=self._customer(lines),
        )

    def _invoice(self) -> EntryDraft | Ignored:
        document, known = self.document, self.snapshot.invoices
        if not document.lines and not document.total_gross:
            return Ignored(self.rule, "Nothing to post: it has no lines.")
        [line] = self.rule.lines
        partner = self.snapshot.partners.get(document.party.source_id)
        account = line.mapping, line.key
        journal = self._map(self.rule.journal_mapping, self.rule.journal_key, {})
        made = invoicing.draft(document, partner, known, self._map, account)
        return EntryDraft(
            date=self.date,
            journal_id=journal,
            ref=document.source_id,
            lines=tuple(self._invoice_lines(made)),
            rule=self.rule,
            mapping_versions=frozenset(self.versions),
            invoice=made,
        )

    def _invoice_lines(self, made: invoicing.InvoiceDraft) -> Iterable[DraftLine]:
        """What the partner owes or is owed carries what is missing to zero."""
        amount = balance = ZERO
        for account, each, label in made.amounts(self.snapshot.invoices.taxes):
            value = self._value(each, made.currency)
            amount, balance = amount + each, balance + value
            yield DraftLine(account, each, made.currency, value, label)
        yield DraftLine(
            account_id=made.account_id,
            amount=-amount,
            currency=made.currency,
            balance=-balance,
            label=made.number,
            partner_id=made.partner_id,
        )

    def _lines(self, rule_line: RuleLine):
        item = self._open_item(rule_line.settles)
        for part in self._parts(rule_line):
            if not part.amount:
                continue
            if item:
                self._check_same_currency(item, part)
            amount = part.amount * rule_line.sign
            account = (
                item.account_id
                if item
                else self._map(rule_line.mapping, rule_line.key, part.values)
            )
            yield DraftLine(
                account_id=account,
                amount=amount,
                currency=part.currency,
                balance=self._balance(rule_line, amount, part),
                label=self._label(rule_line, part),
                partner_id=item.partner_id if item else None,
                settles=self._settles(rule_line) if item else None,
                match=self._reference(rule_line.match),
            )

    def _parts(self, rule_line: RuleLine) -> Sequence[_Part]:
        if rule_line.measure == DIFFERENCE:  # known when all others are
            return ()
        if rule_line.measure == OPEN_BALANCE:
            return self._open_parts()
        return MEASURES[rule_line.measure](self.document)

    def _open_parts(self) -> Sequence[_Part]:
        document = self.document
        found = self.snapshot.open_amounts.get((document.type, document.source_id))
        if not found and document.amount:
            raise NeedsPerson(
                f"open_item:{document.type}:{document.source_id}",
                f"The books hold no money of {document.type} {document.source_id}.",
                "Wait for the transaction that moved it, or ask the source for it; the"
                " document then goes on by itself.",
                field=in_words(document.type),
                value=document.source_id,
                patient=True,
            )
        return [
            _Part(
                each.amount,
                each.currency,
                {"currency": each.currency},
                balance=each.balance,
            )
            for each in found or ()
        ]

    def _settles(self, rule_line: RuleLine) -> tuple[str, str] | None:
        if self.rule.credit_note:
            return ("credit_note", self.document.source_id)
        return self._reference(rule_line.settles)

    def _label(self, rule_line: RuleLine, part: _Part) -> str:
        words = [rule_line.label, part.label or self.document.description]
        return " · ".join(word for word in words if word) or self.document.source_id

    def _reference(self, role: str) -> tuple[str, str] | None:
        value = self.document.reference(role) if role else None
        return (role, value) if value else None

    def _open_item(self, role: str) -> OpenItem | None:
        reference = self._reference(role)
        if reference is None:
            return None
        items = self.snapshot.open_items.get(reference, ())
        if len(items) > 1:
            raise NeedsPerson(
                f"ambiguous:{role}:{reference[1]}",
                f"The books know {len(items)} documents as {role} {reference[1]}.",
                "Rename all but the one that is meant, then try again.",
                category="control",
                field=in_words(role),
                value=reference[1],
            )
        if not items:
            raise NeedsPerson(
                f"open_item:{role}:{reference[1]}",
                f"The {role} {reference[1]} is not posted in the books.",
                f"Post the {role} {reference[1]}, or correct the reference at the"
                " source; the document then goes on by itself.",
                field=in_words(role),
                value=reference[1],
                patient=True,
            )
        check_partner(self.document, reference[1], items[0], self.snapshot)
        return items[0]

    def _customer(self, lines: Sequence[DraftLine]) -> tuple[str, int] | None:
        customer = self.document.reference("customer")
        owner = next((line.partner_id for line in lines if line.settles), None)
        return (customer, owner) if customer and owner else None

    def _credit_notes(self) -> Iterable[CreditNoteDraft]:
        item = self._open_item("invoice") if self.rule.credit_note else None
        if item:
            part = _counter(self.document)[0]
            yield CreditNoteDraft(
                key=self.document.source_id,
                item=item,
                invoice=self.document.reference("invoice"),
                amount=abs(part.amount),
                currency=part.currency,
            )

    def _check_same_currency(self, item: OpenItem, part: _Part) -> None:
        """Which share of an invoice was paid or refunded only shows in its own
        currency."""
        if part.currency != item.currency:
            raise NeedsPerson(
                f"currency:{part.currency}:{item.currency}",
                f"{part.amount} {part.currency} were moved for an invoice in"
                f" {item.currency}.",
                "Correct the reference at the source, or post it by hand.",
                category="control",
                field="Currency",
                value=part.currency,
            )

    def _map(self, mapping: str, key: Sequence[str], values: Mapping) -> int:
        filled = tuple(part.format_map({**self.values, **values}) for part in key)
        versions = self.snapshot.mappings.get(mapping, ())
        table = next(iter(valid_on(self.date, versions)), None)
        rule = table.find(filled) if table else None
        if rule is None:
            label = versions[0].label if versions else mapping
            shown = " / ".join(filled)
            raise NeedsPerson(
                f"mapping:{mapping}:{join_key(filled)}",
                f"“{shown}” has no target in the mapping “{label}”.",
                f"Add “{shown}” to the mapping “{label}”; the waiting documents then"
                " go on by themselves.",
                field=label,
                value=shown,
                action="add_mapping",
            )
        self.versions.add(table.version_id)
        return rule.target

    def _balance(self, rule_line: RuleLine, amount: Decimal, part: _Part) -> Decimal:
        """Company currency. The counter line carries the value of the amount it
        stands against, unless it is in company currency itself."""
        currency = part.currency
        if part.balance is not None:
            return part.balance * rule_line.sign
        if currency == self.snapshot.company_currency:
            return self._exact(amount, currency)
        if rule_line.measure == "counter":
            self._exact(amount, currency)
            value = self._value(self.document.amount, self.document.currency)
            return value * rule_line.sign
        return self._value(amount, currency)

    def _value(self, amount: Decimal, currency: str) -> Decimal:
        amount = self._exact(amount, currency)
        company = self.snapshot.company_currency
        if currency == company:
            return amount
        rate = self.snapshot.rates.get((currency, self.date))
        if rate is None:
            raise NeedsPerson(
                f"rate:{currency}:{self.date}",
                f"There is no exchange rate for {currency} on {self.date}.",
                f"Enter the rate of {currency} for {self.date}.",
                field="Exchange rate",
                value=f"{currency}, {self.date}",
                action="open_currency",
            )
        return _rounded(amount * rate, self.snapshot.digits[company])

    def _exact(self, amount: Decimal, currency: str) -> Decimal:
        digits = self.snapshot.digits.get(currency)
        if digits is None:
            raise NeedsPerson(
                f"currency:{currency}",
                f"The currency {currency} is not active in Odoo.",
                f"Activate {currency} under Accounting › Configuration › Currencies.",
                field="Currency",
                value=currency,
                action="open_currency",
            )
        if _rounded(amount, digits) != amount:
            raise NeedsPerson(
                f"precision:{currency}",
                f"{amount} {currency} has more decimals than {currency} has in Odoo.",
                f"Correct the decimal places of {currency}, or the source.",
                category="control",
                field="Currency",
                value=currency,
                action="open_currency",
            )
        return amount

    def _balanced(self, lines: list[DraftLine]) -> list[DraftLine]:
        missing = -sum((line.balance for line in lines), ZERO)
        if not missing:
            return lines
        for rule_line in self.rule.lines:
            if rule_line.measure == DIFFERENCE and self._is_converted():
                return [*lines, self._difference(rule_line, missing)]
        return _spread_rounding(lines, missing, self.document, self.snapshot)

    def _is_converted(self) -> bool:
        """The source itself exchanged company currency for another one, at its rate."""
        source = getattr(self.document, "source_currency", None)
        return source == self.snapshot.company_currency != self.document.currency

    def _check_difference(self, rule_line: RuleLine, missing: Decimal) -> None:
        document, company = self.document, self.snapshot.company_currency
        value = self._value(document.amount, document.currency)
        if abs(missing) > abs(value) * rule_line.tolerance:
            raise NeedsPerson(
                f"difference:{document.currency}:{self.date}",
                f"{document.source_id} was exchanged with a difference of"
                f" {abs(missing)} {company}, more than"
                f" {rule_line.tolerance:.0%} of its amount.",
                f"Check the rate of {document.currency} for {self.date} and the amounts"
                " at the source, then try again.",
                category="control",
                field="Exchange difference",
                value=f"{abs(missing)} {company}",
            )

    def _difference(self, rule_line: RuleLine, missing: Decimal) -> DraftLine:
        self._check_difference(rule_line, missing)
        side = "loss" if missing > 0 else "gain"
        return DraftLine(
            account_id=self._map(rule_line.mapping, rule_line.key, {"side": side}),
            amount=missing,
            currency=self.snapshot.company_currency,
            balance=missing,
            label=rule_line.label or self.document.source_id,
        )


def _rounded(amount: Decimal, digits: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _spread_rounding(lines, missing, document, snapshot) -> list[DraftLine]:
    """Puts what conversion lost in rounding (at most half a minor unit a line) on
    the largest converted line; more than that is an error of the source."""
    unit = Decimal(1).scaleb(-snapshot.digits[snapshot.company_currency])
    company = snapshot.company_currency
    converted = [i for i, line in enumerate(lines) if line.currency != company]
    if not converted or abs(missing) > unit * len(lines) / 2:
        raise NeedsPerson(
            f"unbalanced:{document.type}",
            f"The entry of {document.source_id} does not balance:"
            f" {missing} {company} are missing.",
            "Correct the posting rule or the document at its source.",
            category="control",
            field="Difference",
            value=f"{missing} {company}",
        )
    largest = max(converted, key=lambda i: abs(lines[i].balance))
    line = lines[largest]
    return [
        *lines[:largest],
        replace(line, balance=line.balance + missing),
        *lines[largest + 1 :],
    ]
