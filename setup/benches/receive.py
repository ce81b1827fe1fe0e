"""Receive: signed deliveries made durable, beside a controller that does nothing and
one that stores and enqueues each event. The job runner rests: only doors are measured.
"""

from statistics import median

from lib.odoo_server import NO_JOBS

from . import _load, _shop
from ._place import Place

RUNS = 5
CONNECTIONS = 12
COUNTS = {"finance": 1000, "bare": 1500, "job": 300}  # about two seconds each
DOCUMENTS = 3  # a body of about 1.5 KB


def run(server) -> dict:
    return {"name": "receive", **measure(Place(server))}


def measure(place: Place) -> dict:
    """Runs, medians and ratios of the doors."""
    with place.odoo(**NO_JOBS) as port:
        for door in COUNTS:  # fills the caches of all workers
            _load.fire(port, _requests(place, door, 60), CONNECTIONS, 202)
        rounds = [_round(place, port) for _ in range(RUNS)]
    return {"runs": RUNS, "median": _medians(rounds), "ratio": _ratios(rounds)}


def _round(place: Place, port: int) -> dict[str, _load.Load]:
    return {
        door: _load.fire(port, _requests(place, door, count), CONNECTIONS, 202)
        for door, count in COUNTS.items()
    }


def _requests(place: Place, door: str, count: int) -> list[bytes]:
    signed = _shop.deliveries(place.systems[0], count, DOCUMENTS)
    if door == "finance":
        return signed
    if door == "job":
        path = f"/finance/webhook/{place.systems[0]['code']} ".encode()
        to = f"/finance_bench/job/{place.systems[0]['code']} ".encode()
        return [data.replace(path, to, 1) for data in signed]
    bodies = (data.partition(b"\r\n\r\n")[2] for data in signed)
    return [_load.request("/finance_bench/bare", body) for body in bodies]


def _medians(rounds: list[dict]) -> dict[str, float]:
    figures = {
        f"{door}_per_s": round(median(each[door].per_second for each in rounds), 1)
        for door in COUNTS
    }
    shares = (each["bare"].client_share for each in rounds)
    return {**figures, "client_share": round(median(shares), 2)}


def _ratios(rounds: list[dict]) -> dict[str, float]:
    return {
        f"vs_{name}": round(
            median(
                each["finance"].per_second / each[door].per_second for each in rounds
            ),
            2,
        )
        for name, door in (("bare_controller", "bare"), ("job_per_event", "job"))
    }
