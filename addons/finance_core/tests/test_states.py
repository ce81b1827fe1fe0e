"""The state tables, tested as the data they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core import states
from odoo.addons.finance_core.errors import ImpossibleTransition

TABLES = {
    name: table
    for name, table in vars(states).items()
    if name.isupper() and isinstance(table, dict)
}
PAIRS = [
    (name, current, target)
    for name, table in TABLES.items()
    for current in table
    for target in table
]
#: Where a thing may stay for good. Anything else is a stop on the way.
RESTS = {
    "MESSAGE": {"processed", "rejected", "dead"},
    "DOCUMENT": {"reconciled", "ignored", "superseded"},
    "EXCEPTION": {"resolved"},
    "PAYOUT": {"cleared"},
    "COMPLETENESS": {"complete"},
    "BREAKER": {"closed"},
    "VERSION": {"approved", "rejected", "superseded"},
    "PROCESS_RUN": {"done", "compensated", "cancelled"},
    "PROCESS_STEP": {"done", "refused", "compensated", "cancelled"},
}
every_table = pytest.mark.parametrize("name", TABLES)


def reachable(table, start):
    found, waiting = set(), [start]
    while waiting:
        state = waiting.pop()
        if state not in found:
            found.add(state)
            waiting.extend(table[state])
    return found


def test_every_table_is_known_here():
    assert set(TABLES) == set(RESTS)


@pytest.mark.parametrize(("name", "current", "target"), PAIRS)
def test_a_step_is_allowed_repeated_or_impossible(name, current, target):
    table = TABLES[name]
    if current == target:
        assert states.check(table, current, target) is False
    elif target in table[current]:
        assert states.check(table, current, target) is True
    else:
        with pytest.raises(ImpossibleTransition):
            states.check(table, current, target)


@every_table
def test_every_target_is_a_state_and_none_leads_to_itself(name):
    for current, targets in TABLES[name].items():
        assert targets <= set(TABLES[name])
        assert current not in targets


@every_table
@pytest.mark.parametrize("target", ("", "posted ", "POSTED", "unknown"))
def test_a_state_that_is_not_in_the_table_is_never_reached(name, target):
    for current in TABLES[name]:
        with pytest.raises(ImpossibleTransition):
            states.check(TABLES[name], current, target)


@every_table
def test_an_unknown_state_is_no_start_and_no_repeat(name):
    for target in (*TABLES[name], "unknown"):
        with pytest.raises(ImpossibleTransition):
            states.check(TABLES[name], "unknown", target)


@every_table
def test_every_state_is_reached_from_the_first_and_leads_to_a_rest(name):
    table = TABLES[name]
    assert reachable(table, next(iter(table))) == set(table)
    for state in table:
        assert reachable(table, state) & RESTS[name], f"{state} never rests"


@given(st.sampled_from(sorted(TABLES)), st.data())
def test_no_walk_leaves_its_table(name, data):
    table = TABLES[name]
    state = data.draw(st.sampled_from(sorted(table)))
    wishes = st.one_of(st.sampled_from(sorted(table)), st.text(max_size=8))
    for target in data.draw(st.lists(wishes, max_size=30)):
        try:
            changed = states.check(table, state, target)
        except ImpossibleTransition:
            continue
        assert changed == (target != state)
        state = target
        assert state in table


def test_money_that_is_on_the_books_leaves_them_by_no_state():
    """A posted document is corrected by another one, never by going back."""
    left = {"normalised", "mapped", "ready", "held", "ignored", "superseded"}
    assert not reachable(states.DOCUMENT, "posted") & left


def test_what_was_approved_is_never_a_draft_again():
    """FAULTS 46: its content changes only by another version."""
    assert reachable(states.VERSION, "approved") == {"approved", "superseded"}


@pytest.mark.parametrize("state", ("dead", "rejected"))
def test_what_was_given_up_can_be_replayed(state):
    assert states.check(states.MESSAGE, state, "received")
