"""Road: deliveries of one payment each, from the first POST to the last posted entry,
beside Odoo's own batch create and post and one-by-one posting through JSON-2.

It tells of receive too: both together are what a source sees.
"""

import json
import time
from statistics import median

from lib.console import SetupError

from . import _load, _shop, receive
from ._place import Place, run_together

RUNS = 3
DELIVERIES = 1000
ONE_BY_ONE = 40
CONNECTIONS = 12
LIMIT = 180  # seconds
POSTED = """
    SELECT count(*) FILTER (WHERE state IN ('posted', 'reconciled')),
           count(*) FILTER (WHERE state = 'held')
      FROM finance_document
"""


def run(server) -> dict:
    place = Place(server)
    doors = receive.measure(place)
    with place.odoo() as port:
        _road(place, port, 2 * len(place.systems))  # waits for the job runner too
        entries = [place.inside("like", system["id"]) for system in place.systems]
        key = place.inside("api_key")
        rounds = [_round(place, port, entries, key) for _ in range(RUNS)]
    return {
        "name": "road",
        "runs": RUNS,
        "median": {**_medians(rounds), **doors["median"]},
        "ratio": {**_ratios(rounds), **doors["ratio"]},
    }


def _round(place: Place, port: int, entries: list[dict], key: str) -> dict[str, float]:
    """Entries a second, each way; ``entries`` are models of ours, one a system."""
    return {
        "road": DELIVERIES / _road(place, port, DELIVERIES),
        "odoo_batch": DELIVERIES / _batch(place, entries),
        "json2": ONE_BY_ONE / _json2(port, entries[0], key),
    }


def _road(place: Place, port: int, count: int) -> float:
    """Seconds until ``count`` deliveries, to the systems in turn, are posted."""
    several = [
        _shop.deliveries(system, count // len(place.systems), 1)
        for system in place.systems
    ]
    requests = [each for group in zip(*several, strict=True) for each in group]
    wanted = place.query(POSTED)[0] + count
    start = time.monotonic()
    _load.fire(port, requests, CONNECTIONS, 202)
    while time.monotonic() < start + LIMIT:
        posted, held = place.query(POSTED)
        if held:
            raise SetupError(f"{held} documents are held.")
        if posted == wanted:
            return time.monotonic() - start
        time.sleep(0.1)
    raise SetupError(f"{wanted - posted} documents are not posted after {LIMIT} s.")


def _batch(place: Place, entries: list[dict]) -> float:
    """Seconds of Odoo's own batches: one process and one journal for each entry."""
    share = DELIVERIES // len(entries)
    return max(
        run_together([place.start_inside("batch", entry, share) for entry in entries])
    )


def _json2(port: int, entry: dict, key: str) -> float:
    """Seconds of creating and posting entries one by one from outside."""
    headers = {"Authorization": f"bearer {key}"}
    start = time.monotonic()
    for number in range(ONE_BY_ONE):
        vals = _shop.move_vals(entry, number)
        created = _call(port, headers, "create", {"vals_list": [vals]})
        _call(port, headers, "action_post", {"ids": created})
    return time.monotonic() - start


def _call(port: int, headers: dict, method: str, arguments: dict):
    path = f"/json/2/account.move/{method}"
    data = _load.request(path, json.dumps(arguments).encode(), headers)
    head, _, body = _load.send(port, data).partition(b"\r\n\r\n")
    if head[9:12] != b"200":
        raise SetupError(f"JSON-2 answered {head[9:12].decode()} to {method}.")
    return json.loads(body)


def _medians(rounds: list[dict]) -> dict[str, float]:
    return {
        f"{way}_per_s": round(median(each[way] for each in rounds), 1)
        for way in rounds[0]
    }


def _ratios(rounds: list[dict]) -> dict[str, float]:
    return {
        name: round(median(each["road"] / each[way] for each in rounds), 2)
        for name, way in (
            ("vs_odoo_batch", "odoo_batch"),
            ("vs_json2_one_by_one", "json2"),
        )
    }
