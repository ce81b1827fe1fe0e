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


def want_drains(env) -> float:
    """Wake the engine, as after a full step: when that was (epoch seconds)."""
    for system in env["finance.system"].search([("code", "like", "bench_")]):
        env["finance.engine"]._go_on(system.id, 10**6)
    return time.time()


def want_jobs(env) -> float:
    """A job for each waiting message, with one document in it: when they were there
    (epoch seconds)."""
    waiting = env["finance.message"].search([("state", "=", "received")])
    for message in waiting:
        env["finance.bench.event"].with_delay()._job_normalise(message.id)
    return time.time()


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
