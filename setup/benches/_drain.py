"""Documents without an effect on the books, to be drained."""

import json
import resource
import time

from ._payouts import drain, store
from ._shop import occurred_at

FIRST_STEPS = 2_000  #: documents until all caches of a worker are filled


def event(number: int) -> dict:
    """What the approved rules ignore."""
    return {
        "version": 1,
        "type": "event",
        "name": "customer.seen",
        "source_id": f"event_{number:09}",
        "occurred_at": occurred_at(number).isoformat(),
        "references": [{"role": "customer", "value": f"customer_{number % 997:04}"}],
        "description": f"Visit {number}",
    }


def arrive(env, code: str, first: int, count: int, a_message: int) -> None:
    """Store deliveries with so many new documents each, as the door does."""
    system = env["finance.system"].search([("code", "=", code)])
    for start in range(first, first + count, a_message):
        several = [event(number) for number in range(start, start + a_message)]
        body = json.dumps({"id": f"events {start}", "documents": several}).encode()
        store(env, system, body, f"events {start}")
        env.cr.commit()


def drain_all(env, first: int, count: int) -> float:
    """Let ``count`` documents arrive at each system, and wake the engine as after a
    full step: when that was (epoch seconds)."""
    for system in _systems(env):
        arrive(env, system.code, first, count, 1)
    for system in _systems(env):
        env["finance.engine"]._go_on(system.id, 10**6)
    return time.time()


def job_each(env, first: int, count: int) -> float:
    """Let ``count`` documents arrive at each system, and make a job for each: when
    they were there (epoch seconds)."""
    for system in _systems(env):
        arrive(env, system.code, first, count, 1)
    for message in env["finance.message"].search([("state", "=", "received")]):
        env["finance.bench.event"].with_delay()._job_normalise(message.id)
    return time.time()


def _systems(env):
    return env["finance.system"].search([("code", "like", "bench_")])


def worker_growth(env, items: int, a_message: int) -> float:
    """By how many MB the memory of this process grows at most while it drains so many
    documents, after its caches are filled."""
    system = env["finance.system"].search([("code", "=", "bench_a")])
    system = system.with_company(system.company_id)
    begun = 0
    for first in range(0, items + FIRST_STEPS, FIRST_STEPS):
        arrive(env, system.code, 10**8 + first, FIRST_STEPS, a_message)
        drain(env, system)
        begun = begun or _peak()
    return (_peak() - begun) / 1024


def _peak() -> int:
    """KiB that were resident at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
