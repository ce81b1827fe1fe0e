"""Several entry drafts become one: how a payout is posted as one entry. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from .errors import NeedsPerson
from .posting import ZERO, DraftLine, EntryDraft


def by_month(drafts: Mapping) -> list[dict]:
    """``drafts``, by whatever names them, apart by accounting month, the oldest
    first: a settlement that spans two months is split by date."""

    def month(item):
        return item[1].date.replace(day=1)

    ordered = sorted(drafts.items(), key=month)
    return [dict(several) for _month, several in groupby(ordered, month)]


def combine(drafts: Sequence[EntryDraft], ref: str) -> EntryDraft:
    """One entry of the last day of its parts: lines that settle something stay
    apart, all others are summed by account, partner, currency and match.

    Balanced because every part is. Its rule and mapping versions are those of the
    first part; each part keeps its own. Raises ValueError for no drafts, NeedsPerson
    for drafts of several journals.
    """
    if not drafts:
        raise ValueError("There is nothing to combine.")
    _check_one_journal(drafts, ref)
    apart: list[DraftLine] = []
    alike: dict[tuple, list[DraftLine]] = defaultdict(list)
    for line in (line for draft in drafts for line in draft.lines):
        if line.settles:
            apart.append(line)
            continue
        key = (line.account_id, line.partner_id, line.currency, line.match)
        alike[key].append(line)
    summed = [_sum(several, ref) for several in alike.values()]
    moved = [draft.original_date for draft in drafts if draft.original_date]
    kept = [line for line in summed if line.amount or line.balance]
    return replace(
        drafts[0],
        date=max(draft.date for draft in drafts),
        original_date=min(moved) if moved else None,
        write_off=next((draft.write_off for draft in drafts if draft.write_off), None),
        ref=ref,
        lines=tuple(apart + kept),
        credit_notes=tuple(note for draft in drafts for note in draft.credit_notes),
    )


def _check_one_journal(drafts: Sequence[EntryDraft], ref: str) -> None:
    if len({draft.journal_id for draft in drafts}) > 1:
        raise NeedsPerson(
            f"journal:{ref}",
            f"The transactions of {ref} belong into different journals, so they cannot"
            " be one entry.",
            "Map them to one journal, or post one entry per transaction; then try"
            " again.",
            category="control",
            field="Journal of the payout",
            value=ref,
        )


def _sum(lines: Sequence[DraftLine], ref: str) -> DraftLine:
    labels = {line.label for line in lines}
    return replace(
        lines[0],
        amount=sum((line.amount for line in lines), ZERO),
        balance=sum((line.balance for line in lines), ZERO),
        label=lines[0].label if len(labels) == 1 else ref,
    )
