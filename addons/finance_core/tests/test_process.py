"""The state machine of processes: any order of events, checked against its tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core import process, states
from odoo.addons.finance_core.process import Event, Process, Run, Step

KINDS = sorted(process.MOVES)
INVOICE = Process(
    1,
    "supplier_invoice",
    (
        Step("validated", "check"),
        Step("approved", "decision", compensation="withdraw"),
        Step("posted", "post", compensation="reverse"),
        Step("released", "decision", refuse_late=True),
    ),
)

steps = st.builds(
    Step,
    code=st.sampled_from("abcdef"),
    kind=st.sampled_from(["check", "decision", "post", "event"]),
    refuse_late=st.booleans(),
    compensation=st.sampled_from(["", "reverse", "withdraw"]),
)
processes = st.lists(
    steps, min_size=1, max_size=6, unique_by=lambda each: each.code
).map(lambda several: Process(1, "supplier_invoice", tuple(several)))
events = st.lists(
    st.builds(Event, st.sampled_from(KINDS), st.sampled_from("abcdef")), max_size=60
)


def play(flow, several):
    """Every run and all effects of a run that meets these events."""
    run, effects = process.start(flow)
    runs, done = [run], list(effects)
    for event in several:
        run, effects = process.advance(flow, run, event)
        runs.append(run)
        done.extend(effects)
    return runs, done


def events_of(text):
    return [Event(*each.split(" ")) for each in text.split(", ")]


@given(processes, events)
def test_no_order_of_events_leads_to_a_state_outside_the_tables(flow, several):
    runs, _effects = play(flow, several)
    for before, after in zip(runs, runs[1:], strict=False):
        # a refusal with nothing to undo goes through "compensating" at once
        way = [before.state, after.state]
        if before.state != after.state == "compensated":
            way.insert(1, "compensating")
        for current, target in zip(way, way[1:], strict=False):
            states.check(states.PROCESS_RUN, current, target)
        assert set(after.steps) <= set(states.PROCESS_STEP)


@given(processes, events)
def test_a_running_process_stands_at_exactly_one_step(flow, several):
    for run in play(flow, several)[0]:
        at_work = [each for each in run.steps if each in ("active", "late")]
        undoing = [each for each in run.steps if each == "compensating"]
        assert len(at_work) == (run.state == "running")
        assert len(undoing) == (run.state == "compensating")


@given(processes, events)
def test_done_steps_are_undone_once_and_the_last_first(flow, several):
    undone = [each.step for each in play(flow, several)[1] if each.kind == "undo"]
    order = [flow.steps.index(each) for each in undone]
    assert order == sorted(set(order), reverse=True)
    assert all(each.compensation for each in undone)


@given(processes, events)
def test_after_a_refusal_nothing_that_can_be_undone_stays_done(flow, several):
    last = play(flow, several)[0][-1]
    if last.state == "compensated":
        left = zip(flow.steps, last.steps, strict=True)
        assert not [step for step, at in left if at == "done" and step.compensation]


@given(processes, events, events)
def test_a_finished_run_ignores_what_comes_later(flow, several, later):
    run = play(flow, several)[0][-1]
    if not states.PROCESS_RUN[run.state]:
        for event in later:
            assert process.advance(flow, run, event) == (run, ())


@given(processes, events, st.data())
def test_a_repeated_event_changes_nothing(flow, several, data):
    run = play(flow, several)[0][-1]
    event = data.draw(st.builds(Event, st.sampled_from(KINDS), st.sampled_from("abc")))
    once, _effects = process.advance(flow, run, event)
    assert process.advance(flow, once, event) == (once, ())


def test_steps_begin_one_after_the_other():
    runs, effects = play(INVOICE, events_of("done validated, done approved"))
    assert runs[-1] == Run(("done", "done", "active", "waiting"))
    assert [(each.kind, each.step.code) for each in effects] == [
        ("begin", "validated"),
        ("begin", "approved"),
        ("begin", "posted"),
    ]


def test_a_step_that_is_not_its_turn_is_not_done():
    run, _effects = process.start(INVOICE)
    assert process.advance(INVOICE, run, Event("done", "approved")) == (run, ())


def test_a_late_step_is_escalated_once_and_can_still_be_done():
    told = events_of("done validated, late approved, late approved, done approved")
    runs, effects = play(INVOICE, told)
    assert [each.kind for each in effects].count("escalate") == 1
    assert runs[-1].steps == ("done", "done", "active", "waiting")


def test_a_late_step_that_refuses_undoes_what_was_done_last_first():
    told = "done validated, done approved, done posted, late released"
    runs, effects = play(INVOICE, events_of(told))
    assert runs[-1] == Run(
        ("done", "done", "compensating", "refused"), state="compensating"
    )
    runs, effects = play(INVOICE, events_of(f"{told}, undone posted, undone approved"))
    assert runs[-1].state == "compensated"
    undone = [each.step.compensation for each in effects if each.kind == "undo"]
    assert undone == ["reverse", "withdraw"]


def test_a_refusal_before_anything_was_done_is_over_at_once():
    runs, _effects = play(INVOICE, events_of("refused validated"))
    assert runs[-1].state == "compensated"


def test_an_unknown_event_is_an_error():
    run, _effects = process.start(INVOICE)
    with pytest.raises(ValueError, match="no event"):
        process.advance(INVOICE, run, Event("lost", "validated"))
