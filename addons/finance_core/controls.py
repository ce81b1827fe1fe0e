"""The control step: may what was translated be posted, as it stands, today?

Pure: a document, its draft, the control in force and what the books know give the
draft to post with notes for people, or NeedsPerson. Order: decisions of people and of
the risk system, amount limits, duplicates, the period.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from .contract.envelope import Document
from .errors import NeedsPerson
from .mapping import MappingTable, valid_on
from .posting import EntryDraft, WriteOff

#: By which reference equal documents of several sources are recognised: the first
#: that a document has.
REFERENCES = ("invoice", "order", "payment")
LOCKS = {
    "fiscalyear": "Global Lock Date",
    "tax": "Tax Return Lock Date",
    "sale": "Sales Lock Date",
    "purchase": "Purchase Lock Date",
    "hard": "Hard Lock Date",
}


@dataclass(frozen=True)
class Limit:
    """The largest amount that posts without a release, in ``currency``; without one,
    in company currency. Only for ``category``, unless that is empty."""

    amount: Decimal
    currency: str = ""
    category: str = ""


@dataclass(frozen=True)
class Control:
    """What is approved for documents of a system: those of one ``flow``, of one type,
    both, or all where neither is named.

    ``period``: refuse, hold or first_open. ``duplicates``: ignore, warn or hold, for
    equal documents at most ``window`` days apart. ``tolerance``, in company currency:
    what an invoice may be paid too little or too much and still be settled;
    ``write_off_limit``: what a person may write off of a payout. ``decider`` is the
    system whose risk decisions count.
    """

    version_id: int = 0
    flow: int | None = None
    document_type: str = ""
    period: str = "refuse"
    duplicates: str = "ignore"
    window: int = 0
    tolerance: Decimal = Decimal(0)
    write_off_limit: Decimal = Decimal(0)
    limits: tuple[Limit, ...] = ()
    decider: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None


#: What holds where nothing was approved.
DEFAULT = Control()


@dataclass(frozen=True)
class Decision:
    """What somebody decided about a document: ``verdict`` is approve, reject, revoke,
    restore (a rejection is taken back) or distinct (not a duplicate). ``decider`` is
    the risk system, None for a person; ``amount`` in ``currency`` is what the decision
    was about, where it says so. ``at`` is what the decider says, never after the
    decision arrived; ``revision`` orders what he decided at one moment."""

    verdict: str
    at: datetime
    reason: str
    decider: int | None = None
    amount: Decimal | None = None
    currency: str = ""
    revision: int = 0


@dataclass(frozen=True)
class Twin:
    """An equal document that was there before, ``days`` away. ``same_number``: it is an
    invoice of the same partner with the same number, whenever that was."""

    name: str
    days: int = 0
    same_number: bool = False


@dataclass(frozen=True)
class Books:
    """What the books know, read once for a batch: ``locks`` are the last locked days
    by name (see LOCKS), exceptions that Odoo grants to everybody applied.
    ``journals`` are types by journal; ``taxed`` the invoices that carry tax;
    ``accounts`` the versions of the mapping of accounts."""

    company_currency: str
    locks: Mapping[str, date] = field(default_factory=dict)
    journals: Mapping[int, str] = field(default_factory=dict)
    taxed: frozenset[int] = frozenset()
    accounts: Sequence[MappingTable] = ()


@dataclass(frozen=True)
class Passed:
    """The draft to post, and what people should know about it."""

    draft: EntryDraft
    notes: tuple[str, ...] = ()


def find_control(
    kind: str, today: date, controls: Sequence[Control], flow: int | None = None
) -> Control:
    """The control in force today of a document of that type which came by ``flow``, the
    most specific first: of its flow and type, of its flow, of its type, of all. By
    today and not by the date of the document, which its source chooses."""
    fitting = [
        each
        for each in valid_on(today, controls)
        if each.flow in (flow, None) and each.document_type in (kind, "")
    ]
    return max(fitting, key=_specificity, default=DEFAULT)


def _specificity(control: Control) -> tuple[bool, bool]:
    return control.flow is not None, bool(control.document_type)


def check(
    document: Document,
    draft: EntryDraft,
    control: Control,
    books: Books,
    twins: Iterable[Twin] = (),
    decisions: Sequence[Decision] = (),
) -> Passed:
    """Raises NeedsPerson for what must not post now. ``decisions`` as they arrived."""
    _check_released(document, draft, control, books, decisions)
    notes = [*_check_twins(document, control, twins, decisions)]
    draft, moved = _check_period(draft, control, books)
    draft = _with_tolerance(draft, control, books)
    return Passed(draft, (*notes, *moved))


# -- decisions -----------------------------------------------------------------------


def verdict(
    document: Document, control: Control, decisions: Iterable[Decision]
) -> Decision | None:
    """The last decision about posting that counts: a person's, or one of the approved
    decider about this very amount. ``decisions`` in the order in which they arrived.

    Each decider's own last one is by the time it states. Between a person and a risk
    system arrival decides, as nobody's clock may overrule the other.
    """
    standing: dict[int | None, tuple[int, Decision]] = {}
    for number, each in enumerate(decisions):
        if not _counts(each, document, control):
            continue
        known = standing.get(each.decider)
        if known is None or _moment(each) >= _moment(known[1]):
            standing[each.decider] = (number, each)
    return max(standing.values(), default=(0, None), key=lambda pair: pair[0])[1]


def _moment(decision: Decision) -> tuple[datetime, int]:
    return decision.at, decision.revision


def _counts(decision: Decision, document: Document, control: Control) -> bool:
    return (
        decision.verdict != "distinct"
        and (decision.decider is None or decision.decider == control.decider)
        and _is_about(decision, document)
    )


def _is_about(decision: Decision, document: Document) -> bool:
    amount = stated(document)
    return decision.amount is None or (
        amount is not None
        and (decision.amount, decision.currency) == (abs(amount), document.currency)
    )


def _check_released(document, draft, control, books, decisions):
    last = verdict(document, control, decisions)
    if last and last.verdict == "approve":
        return
    if last and last.verdict == "revoke":
        why = f"its release was taken back: {last.reason}"
        raise _needs_release(document, why, "taken back")
    for limit in control.limits:
        if limit.category and limit.category != document.category:
            continue
        amount, currency = _measured(document, draft, limit, books)
        if currency == (limit.currency or books.company_currency) and (
            abs(amount) > limit.amount
        ):
            raise _needs_release(
                document,
                f"{abs(amount)} {currency} are more than the limit of {limit.amount}",
                f"{abs(amount)} {currency}",
            )


def _needs_release(document, why: str, value: str) -> NeedsPerson:
    return NeedsPerson(
        f"limit:{document.type}:{document.source_id}",
        f"{document.source_id} waits for a release: {why}.",
        "An approver releases it, or rejects it with the reason; a risk decision goes"
        " on by itself.",
        category="control",
        field="Amount",
        value=value,
        action="release",
    )


def total(document: Document, draft: EntryDraft) -> tuple[Decimal, str]:
    """The amount of a document in its currency; what its entry debits, where the
    document as a whole has none."""
    amount = stated(document)
    if amount is None:
        lines = (line for line in draft.lines if line.currency == document.currency)
        amount = sum((line.amount for line in lines if line.amount > 0), Decimal(0))
    return amount, document.currency


def stated(document: Document) -> Decimal | None:
    """What a document says it is about as a whole; None where it says no amount."""
    return getattr(document, "amount", getattr(document, "total_gross", None))


def _measured(document, draft, limit: Limit, books: Books) -> tuple[Decimal, str]:
    """The amount a limit speaks about, in the document's or company currency."""
    amount, currency = total(document, draft)
    if limit.currency or currency == books.company_currency:
        return amount, currency
    lines = [line for line in draft.lines if line.currency == currency]
    foreign = sum(abs(line.amount) for line in lines)
    if not foreign:  # the entry is in other currencies: its debits are its value
        return (
            sum((line.balance for line in draft.lines if line.balance > 0), Decimal(0)),
            books.company_currency,
        )
    rate = sum(abs(line.balance) for line in lines) / foreign
    return round(amount * rate, 2), books.company_currency


# -- duplicates ----------------------------------------------------------------------


def likeness(document: Document, draft: EntryDraft) -> str | None:
    """SHA-256 (hex) of what equal documents of several sources share: the kind,
    amount, currency, partners and a reference; None without a reference, as equal
    amounts alone are no duplicates."""
    reference = getattr(document, "number", None) or next(
        filter(None, map(document.reference, REFERENCES)), None
    )
    if not reference:
        return None
    amount, currency = total(document, draft)
    partners = sorted({line.partner_id for line in draft.lines if line.partner_id})
    words = (document.type, document.category, amount, currency, partners, reference)
    return hashlib.sha256(repr(tuple(map(str, words))).encode()).hexdigest()


def _check_twins(document, control, twins, decisions):
    twins = list(twins)
    if any(each.verdict == "distinct" for each in decisions):
        return
    _check_number(document, [each.name for each in twins if each.same_number])
    near = [
        each for each in twins if not each.same_number and each.days <= control.window
    ]
    if control.duplicates == "ignore" or not near:
        return
    names = ", ".join(each.name for each in near[:3])
    words = (
        f"{document.source_id} looks like {names}: same partner, amount, currency and"
        f" reference within {control.window} days"
    )
    if control.duplicates == "warn":
        yield f"{words}."
        return
    raise _duplicate(document, words, names)


def _check_number(document, names: Sequence[str]):
    """No partner gives one number to two invoices: whatever the policy, somebody
    looks."""
    if names:
        shown = ", ".join(names[:3])
        words = f"{document.number} of the same partner is there already: {shown}"
        raise _duplicate(document, words, shown)


def _duplicate(document, words: str, names: str) -> NeedsPerson:
    return NeedsPerson(
        f"duplicate:{document.type}:{document.source_id}",
        f"{words}.",
        "Compare both. Say why it is not a duplicate, and it goes on; or have an"
        " approver reject it with the reason.",
        category="control",
        field="Likely duplicate of",
        value=names,
        action="not_duplicate",
    )


# -- the period ----------------------------------------------------------------------


def _check_period(draft, control, books) -> tuple[EntryDraft, tuple[str, ...]]:
    name, through = _lock_on(draft, books)
    if through is None:
        return draft, ()
    if control.period == "first_open":
        day = through + timedelta(days=1)
        note = f"Posted on {day}: its own day {draft.date} is locked ({LOCKS[name]})."
        return replace(draft, date=day, original_date=draft.date), (note,)
    remedy = {
        "hold": "Nothing: it goes on by itself once the period opens.",
        "refuse": "Reopen the period or grant a lock date exception, then try again;"
        " or have an approver reject it with the reason.",
    }
    raise NeedsPerson(
        f"period:{control.period}:{name}:{through}",
        f"The accounting date {draft.date} lies in a locked period (through {through},"
        f" {LOCKS[name]}).",
        remedy[control.period],
        category="control",
        field="Accounting date",
        value=str(draft.date),
        action="period_opened",
    )


def _lock_on(draft: EntryDraft, books: Books) -> tuple[str, date | None]:
    """The last of the locks that keep the entry of ``draft`` from its date."""
    names = ["fiscalyear", "hard", books.journals.get(draft.journal_id, "")]
    if draft.credit_notes:
        names.append("sale")
    if draft.taxed or any(
        note.item.move_id in books.taxed for note in draft.credit_notes
    ):
        names.append("tax")
    through = {name: books.locks[name] for name in names if name in books.locks}
    violated = {name: day for name, day in through.items() if draft.date <= day}
    if not violated:
        return "", None
    name = max(violated, key=violated.__getitem__)
    return name, violated[name]


# -- the tolerance -------------------------------------------------------------------


def _with_tolerance(draft: EntryDraft, control: Control, books: Books) -> EntryDraft:
    """``draft`` with where a small difference of the invoices it settles goes, and how
    far the tax of an invoice may be off. The difference itself is known when they are
    reconciled, or made."""
    if draft.invoice:
        made = replace(draft.invoice, tolerance=control.tolerance)
        return replace(draft, invoice=made)
    settles = any(line.settles and line.settles[0] == "invoice" for line in draft.lines)
    if not (control.tolerance and settles):
        return draft
    loss, gain = (
        difference_account(draft.date, side, books.company_currency, books.accounts)
        for side in ("loss", "gain")
    )
    return replace(draft, write_off=WriteOff(control.tolerance, loss, gain))


def difference_account(
    day: date, side: str, company_currency: str, accounts: Sequence[MappingTable]
) -> int:
    """Where a small ``loss`` or ``gain`` of settling goes, by the versions of the
    mapping of accounts. Raises NeedsPerson."""
    key = (f"settlement_{side}", company_currency)
    table = next(iter(valid_on(day, accounts)), None)
    rule = table.find(key) if table else None
    if rule is None:
        shown = " / ".join(key)
        raise NeedsPerson(
            f"mapping:account:{'|'.join(key)}",
            f"“{shown}” has no target in the mapping of accounts.",
            f"Add “{shown}”: where differences within the tolerance go; the waiting"
            " documents then go on by themselves.",
            field="Account",
            value=shown,
            action="add_mapping",
        )
    return rule.target
