"""Growth: what an item costs, from its delivery to its settled document, with 10,000
and with 1,000,000 messages, documents and log rows stored; the same for opening the
board and the list of messages; and the memory of a worker that drains 100,000 items.
"""

from statistics import median

from ._place import DATABASE, Place

RUNS = 5
SIZES = {f"{DATABASE}_10k": 10_000, f"{DATABASE}_1m": 1_000_000}
SMALL, LARGE = SIZES
ITEMS = 100_000
A_MESSAGE = 100


def run(server) -> dict:
    place = Place(server)
    place.renew(SMALL)
    grown = place.inside("worker_growth", ITEMS, A_MESSAGE, name=SMALL)
    for name, count in SIZES.items():
        place.renew(name)
        place.inside("fill", count, name=name)
    rounds = [
        {name: place.inside("deal", number, name=name) for name in SIZES}
        for number in range(RUNS)
    ]
    for name in SIZES:
        place.drop(name)
    return {
        "name": "growth",
        "runs": RUNS,
        "median": {**_medians(rounds), "worker_growth_mb": round(grown, 1)},
        "ratio": {
            f"{what}_at_1m_vs_10k": round(
                median(each[LARGE][figure] / each[SMALL][figure] for each in rounds), 2
            )
            for what, figure in (
                ("cost", "item"),
                ("board", "board"),
                ("message_list", "message_list"),
            )
        },
    }


def _medians(rounds: list[dict]) -> dict[str, float]:
    """Milliseconds."""
    return {
        f"{figure}_ms_at_{size}": round(
            1000 * median(each[name][figure] for each in rounds), 2
        )
        for name, size in ((SMALL, "10k"), (LARGE, "1m"))
        for figure in rounds[0][name]
    }
