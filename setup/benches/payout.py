"""Payout: 10,000 transactions, stored page by page as gateways list them, become one
posted entry with every transaction linked to it. One process, each step a transaction.
"""

from statistics import median

from ._place import Place

RUNS = 5
TRANSACTIONS = 10_000


def run(server) -> dict:
    place = Place(server)
    place.renew()
    rounds = [place.inside("payout", number) for number in range(RUNS)]
    figures = {
        name: round(median(each[name] for each in rounds), 2) for name in rounds[0]
    }
    speed = median(TRANSACTIONS / (each["store_s"] + each["road_s"]) for each in rounds)
    return {
        "name": "payout",
        "runs": RUNS,
        "median": {"transactions_per_s": round(speed), **figures},
        "ratio": {},
    }
