"""The state tables: which state may follow which. This file is the only place.

A repeated transition is a no-op, an impossible one an error
(:class:`~.errors.ImpossibleTransition`). ``FINAL`` states are those in which a
thing counts as accounted for in *received = posted + held + ignored + superseded
+ dead*.
"""

from collections.abc import Mapping

from .errors import ImpossibleTransition

StateTable = Mapping[str, frozenset[str]]

MESSAGE: StateTable = {
    "received": frozenset({"processed", "rejected", "retrying"}),
    "retrying": frozenset({"processed", "rejected", "dead"}),
    "dead": frozenset({"received"}),  # replay
    "processed": frozenset(),
    "rejected": frozenset({"received"}),  # replay after the parser was mended
}

DOCUMENT: StateTable = {
    "normalised": frozenset({"mapped", "held", "ignored", "superseded"}),
    "mapped": frozenset({"ready", "held", "superseded"}),
    "ready": frozenset({"posted", "held", "ignored", "superseded"}),
    "held": frozenset({"normalised", "superseded", "ignored"}),
    "posted": frozenset({"reconciled"}),
    "reconciled": frozenset({"posted"}),  # a reconciliation was undone
    "ignored": frozenset({"superseded", "normalised"}),  # a rejection was taken back
    "superseded": frozenset({"normalised"}),  # the source said it again
}

EXCEPTION: StateTable = {
    "waiting": frozenset({"open", "resolved"}),  # it may come by itself
    "open": frozenset({"resolved"}),
    "resolved": frozenset({"open"}),
}

#: exceptions that are not over
LIVE = ("waiting", "open")

PAYOUT: StateTable = {
    "open": frozenset({"tied", "unlisted", "flagged"}),
    "flagged": frozenset({"open"}),
    "tied": frozenset({"cleared", "open"}),  # it may fail afterwards
    "unlisted": frozenset({"cleared", "open"}),
    "cleared": frozenset({"open"}),
}

VERSION: StateTable = {
    "draft": frozenset({"submitted"}),
    "submitted": frozenset({"approved", "rejected", "draft"}),  # draft: withdrawn
    "approved": frozenset({"superseded"}),
    "rejected": frozenset(),
    "superseded": frozenset(),
}

COMPLETENESS: StateTable = {
    "counting": frozenset({"complete", "pulled", "incomplete", "failed"}),
    "pulled": frozenset({"counting"}),
    "complete": frozenset({"counting"}),
    "incomplete": frozenset({"counting"}),
    "failed": frozenset({"counting"}),
}

BREAKER: StateTable = {
    "closed": frozenset({"open"}),
    "open": frozenset({"half_open"}),
    "half_open": frozenset({"closed", "open"}),
}

PROCESS_RUN: StateTable = {
    "running": frozenset({"done", "compensating", "cancelled"}),
    "compensating": frozenset({"compensated"}),
    "done": frozenset(),
    "compensated": frozenset(),
    "cancelled": frozenset(),
}

PROCESS_STEP: StateTable = {
    "waiting": frozenset({"active", "cancelled"}),
    "active": frozenset({"done", "refused", "late", "cancelled"}),
    "late": frozenset({"done", "refused", "cancelled"}),
    "done": frozenset({"compensating"}),
    "compensating": frozenset({"compensated"}),
    "refused": frozenset(),
    "compensated": frozenset(),
    "cancelled": frozenset(),
}


def check(table: StateTable, current: str, target: str) -> bool:
    """Whether going from ``current`` to ``target`` changes anything.

    False for a repeat, True for an allowed step.
    Raises ImpossibleTransition for everything else.
    """
    if target not in table:
        raise ImpossibleTransition(f"There is no state {target!r}.")
    if current == target:
        return False
    if target not in table.get(current, frozenset()):
        raise ImpossibleTransition(f"{current!r} cannot become {target!r}.")
    return True
