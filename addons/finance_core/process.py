"""Processes: the steps a document goes through, with people in some of them.

Pure: no database, no clock. A :class:`Run` is where one document stands;
:func:`advance` takes one event and answers with the next run and what is to be done
about it. An event that does not fit where the run stands changes nothing: repeats and
events that come too late are harmless in any order. The states are those of
:data:`~.states.PROCESS_RUN` and :data:`~.states.PROCESS_STEP`.

A refusal undoes what was done: each done step that has a compensation is compensated,
one after the other, the last first (the saga of Garcia-Molina and Salem, 1987).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from . import states
from .contract.envelope import Document

OPEN = ("active", "late")  #: states of the step a run stands at
RUNNING = "running"
COMPENSATING = "compensating"


@dataclass(frozen=True)
class Step:
    """``kind`` is check, decision, post or event. ``refuse_late`` refuses it when its
    time is over; else somebody is told. ``compensation`` names what undoes it; empty:
    nothing has to."""

    code: str
    kind: str
    check: str = ""
    refuse_late: bool = False
    compensation: str = ""


@dataclass(frozen=True)
class Process:
    """Steps in order, for one document type (of some categories; none means all)."""

    version_id: int
    document_type: str
    steps: tuple[Step, ...]
    categories: frozenset[str] = frozenset()
    valid_from: date | None = None
    valid_to: date | None = None

    def applies_to(self, document: Document) -> bool:
        return document.type == self.document_type and (
            not self.categories or document.category in self.categories
        )


@dataclass(frozen=True)
class Run:
    """``steps`` are the states of the steps of the process, in their order."""

    steps: tuple[str, ...]
    state: str = RUNNING

    @property
    def at(self) -> int | None:
        """The index of the step it stands at, or that is being undone."""
        now = ("compensating",) if self.state == COMPENSATING else OPEN
        return next((i for i, state in enumerate(self.steps) if state in now), None)

    def with_step(self, index: int, state: str) -> "Run":
        states.check(states.PROCESS_STEP, self.steps[index], state)
        before, after = self.steps[:index], self.steps[index + 1 :]
        return replace(self, steps=(*before, state, *after))

    def with_state(self, state: str) -> "Run":
        states.check(states.PROCESS_RUN, self.state, state)
        return replace(self, state=state)


@dataclass(frozen=True)
class Event:
    """``kind``: done, refused, late, undone or cancelled; ``step`` is the code of the
    step it is about."""

    kind: str
    step: str


@dataclass(frozen=True)
class Effect:
    """What is to be done: ``begin`` a step, ``escalate`` it, or ``undo`` it."""

    kind: str
    step: Step


Moved = tuple[Run, tuple[Effect, ...]]


def start(process: Process) -> Moved:
    """A new run, at its first step."""
    waiting = Run(("waiting",) * len(process.steps))
    return _begin(process, waiting, 0)


def advance(process: Process, run: Run, event: Event) -> Moved:
    """The run after ``event``, and what is to be done; unchanged, with nothing to do,
    where the event does not fit. Raises ValueError for an unknown kind of event."""
    if event.kind not in MOVES:
        raise ValueError(f"There is no event {event.kind!r}.")
    run_state, step_states, move = MOVES[event.kind]
    at = run.at
    fits = (
        run.state == run_state
        and at is not None
        and process.steps[at].code == event.step
        and run.steps[at] in step_states
    )
    return move(process, run, at) if fits else (run, ())


def find_process(document: Document, day: date, known: Iterable[Process]):
    """The first process in force on ``day`` that applies, or None."""
    for process in known:
        begun = process.valid_from is None or process.valid_from <= day
        ended = process.valid_to is not None and process.valid_to < day
        if begun and not ended and process.applies_to(document):
            return process
    return None


def _begin(process: Process, run: Run, at: int) -> Moved:
    return run.with_step(at, "active"), (Effect("begin", process.steps[at]),)


def _done(process: Process, run: Run, at: int) -> Moved:
    run = run.with_step(at, "done")
    if at + 1 == len(process.steps):
        return run.with_state("done"), ()
    return _begin(process, run, at + 1)


def _refused(process: Process, run: Run, at: int) -> Moved:
    run = _cancel_waiting(run.with_step(at, "refused"))
    return _undo_last(process, run.with_state(COMPENSATING))


def _late(process: Process, run: Run, at: int) -> Moved:
    step = process.steps[at]
    if step.refuse_late:
        return _refused(process, run, at)
    return run.with_step(at, "late"), (Effect("escalate", step),)


def _undone(process: Process, run: Run, at: int) -> Moved:
    return _undo_last(process, run.with_step(at, "compensated"))


def _cancelled(_process: Process, run: Run, at: int) -> Moved:
    run = _cancel_waiting(run.with_step(at, "cancelled"))
    return run.with_state("cancelled"), ()


def _undo_last(process: Process, run: Run) -> Moved:
    for at in reversed(range(len(process.steps))):
        step = process.steps[at]
        if run.steps[at] == "done" and step.compensation:
            return run.with_step(at, "compensating"), (Effect("undo", step),)
    return run.with_state("compensated"), ()


def _cancel_waiting(run: Run) -> Run:
    for at, state in enumerate(run.steps):
        if state == "waiting":
            run = run.with_step(at, "cancelled")
    return run


MOVES: Mapping[str, tuple[str, tuple[str, ...], Callable[..., Moved]]] = {
    "done": (RUNNING, OPEN, _done),
    "refused": (RUNNING, OPEN, _refused),
    "late": (RUNNING, ("active",), _late),
    "cancelled": (RUNNING, OPEN, _cancelled),
    "undone": (COMPENSATING, ("compensating",), _undone),
}
"""What each event needs (state of the run, of the step it stands at), what it does."""
