"""Drain: documents that change no books, one a message, from the stored message to the
settled document by the engine's jobs; beside one job a document, which only
normalises it. The same server with two workers for jobs does both.
"""

import time
from itertools import count
from statistics import median

from lib.console import SetupError

from ._place import Place

RUNS = 5
DRAINED = 4000
JOBS = 200
LIMIT = 120  # seconds
A_STEP = 0.02  # seconds between two looks
UNREAD = "SELECT count(*) FROM finance_message WHERE state = 'received'"
UNSETTLED = f"""
    SELECT ({UNREAD})
         + (SELECT count(*) FROM finance_document WHERE state = 'normalised')
"""
_numbers = count(1, max(DRAINED, JOBS))


def run(server) -> dict:
    place = Place(server)
    with place.odoo():
        _jobs(place, JOBS)  # fills the caches of all workers
        _drained(place, JOBS)
        rounds = [_round(place) for _ in range(RUNS)]
    return {
        "name": "drain",
        "runs": RUNS,
        "median": {
            f"{way}_per_s": round(median(each[way] for each in rounds), 1)
            for way in rounds[0]
        },
        "ratio": {
            "vs_job_per_document": round(
                median(each["drain"] / each["jobs"] for each in rounds), 1
            )
        },
    }


def _round(place: Place) -> dict[str, float]:
    """Documents a second, each way."""
    return {
        "jobs": JOBS / _jobs(place, JOBS),
        # with the few that jobs have left behind
        "drain": DRAINED / _drained(place, DRAINED),
    }


def _drained(place: Place, documents: int) -> float:
    return _seconds(place, UNSETTLED, _start(place, "drain_all", documents))


def _jobs(place: Place, documents: int) -> float:
    return _seconds(place, UNREAD, _start(place, "job_each", documents))


def _start(place: Place, way: str, documents: int) -> float:
    return place.inside(way, next(_numbers), documents // len(place.systems))


def _seconds(place: Place, waiting: str, start: float) -> float:
    """From ``start`` (epoch) until nothing waits. Raises SetupError when that takes
    too long."""
    while time.time() < start + LIMIT:
        if not place.query(waiting)[0]:
            return time.time() - start
        time.sleep(A_STEP)
    raise SetupError(f"Something still waits after {LIMIT} s.")
