"""The engine under faults that only real transactions have. What happens is played by
engine_inside.py, in one Odoo process with threads and connections of its own."""

import json
import subprocess
from pathlib import Path

import pytest
from door import CONF, DATABASE, prepare
from lib import odoo_server, postgres
from lib.paths import PYTHON

LIMIT = 300  # seconds
COUNT = 30
ONCE = {
    "messages": COUNT,
    "waiting": 0,
    "documents": COUNT,
    "entries": COUNT,
    "posted": COUNT,
}


@pytest.fixture(scope="module")
def played() -> dict:
    """By scenario, what it came to."""
    with postgres.running() as server:
        prepare(server)
        run = subprocess.run(
            [PYTHON, Path(__file__).with_name("engine_inside.py"), DATABASE],
            env=odoo_server.environment(server, ODOO_RC=str(CONF)),
            stdout=subprocess.PIPE,
            check=True,
            timeout=LIMIT,
        )
    return json.loads(run.stdout.splitlines()[-1])


def everything_once(facts: dict):
    assert ONCE.items() <= facts.items(), facts


def test_step_refused_by_a_serialisation_failure_is_done_again(played):
    """FAULTS 28."""
    facts = played["serialisation_failure"]
    assert facts["error"] == "SerializationFailure"
    everything_once(facts)


def test_step_that_lost_a_deadlock_is_done_again(played):
    """FAULTS 28."""
    facts = played["deadlock"]
    assert facts["errors"] == ["DeadlockDetected"]
    everything_once(facts)


def test_four_workers_at_one_system_post_everything_once(played):
    """FAULTS 29."""
    everything_once(played["two_workers"])


def test_zombie_whose_lock_is_gone_changes_nothing(played):
    """FAULTS 29: nobody else can work as long as it lives, and it cannot commit when
    somebody else could."""
    facts = played["late_zombie"]
    assert facts["meanwhile"] == 0
    assert facts["error"]
    everything_once(facts)


def test_job_that_is_started_twice_finds_nothing_to_do(played):
    """FAULTS 29."""
    everything_once(played["job_run_twice"])


def test_jobs_of_an_old_shape_fail_alone_and_the_sweep_finds_their_work(played):
    """FAULTS 33."""
    facts = played["old_jobs"]
    assert facts["errors"] == ["AttributeError", "", "TypeError", ""]
    assert facts["waiting"] == 0
    assert facts["posted"] == facts["messages"] == 2 * COUNT


def test_replay_pressed_by_two_people_at_once_replays_each_message_once(played):
    """FAULTS 40."""
    facts = played["replay_by_two"]
    assert facts["begun"] == 2, "one for each of two replays"
    assert facts["states"] == ["done", "done"]
    assert facts["messages"] == COUNT
    assert facts["received"] == 2 * COUNT, "by the door, and by one of the replays"
    assert sum(facts["counts"]) == COUNT


def test_lanes_inside_a_journal_would_wait_for_each_other(played):
    """Why steps of one system follow each other: the entries of a journal are numbered
    without gaps, so its second transaction waits until the first is over."""
    assert played["lanes"] == {"same": "waits", "other": "posted"}
