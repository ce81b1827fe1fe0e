"""Errors grouped by what can be done about them.

``Refused`` will never succeed however often it is repeated; ``RetryLater`` may
succeed by itself; ``NeedsPerson`` waits for somebody. Messages are read by people:
they say what happened, to which record and what to do, and never hold a secret.
"""


class FinanceError(Exception):
    """Base of all errors of the suite. ``code`` is stable, for machines."""

    code = "finance_error"


class Refused(FinanceError):
    """The input is wrong and stays wrong: repeating it is pointless."""

    code = "refused"


class MalformedPayload(Refused):
    """The bytes are not what the format promises."""

    code = "malformed"


class SignatureRefused(Refused):
    """Not authentic. One class and one message for every cause, on purpose: a
    stranger must not learn which check failed. ``reason`` is for our own log."""

    code = "not_authentic"

    def __init__(self, reason: str):
        super().__init__("The signature of this delivery could not be verified.")
        self.reason = reason


class RetryLater(FinanceError):
    """The other side is busy, limited or down.

    ``after`` is the number of seconds it asked us to wait, or ``None``.
    """

    code = "retry"

    def __init__(self, message: str, after: int | None = None):
        super().__init__(message)
        self.after = after


class HeldBack(RetryLater):
    """We did not even ask: the other side is paused, or our own limits say wait.

    No attempt was made, so none is counted.
    """

    code = "held_back"


class NeedsPerson(FinanceError):
    """A business case: somebody has to decide or to complete data.

    ``cause`` is the stable grouping key of equal cases (``"mapping:account:fee"``),
    ``category`` one of technical, data, control, reconciliation, and ``remedy``
    tells in plain words what to do. ``field`` and ``value`` name what is wrong with
    what ("Fee", "odd_fee"). ``action`` is the code of the button that does what the
    remedy says; the hub has the table of them. ``logged`` is what the log, which
    forgets nothing, keeps of a message that names people. ``patient``: what is missing
    may come by itself, so people are not asked before a stated wait.
    """

    code = "needs_person"

    def __init__(
        self,
        cause: str,
        message: str,
        remedy: str,
        category: str = "data",
        *,
        field: str = "",
        value: str = "",
        action: str = "try_again",
        logged: str = "",
        patient: bool = False,
    ):
        super().__init__(message)
        self.logged = logged or message
        self.cause = cause
        self.remedy = remedy
        self.category = category
        self.field = field
        self.value = value
        self.action = action
        self.patient = patient


class ImpossibleTransition(FinanceError):
    """A state was asked to change in a way its table does not allow."""

    code = "impossible_transition"
