"""Mapping: what it costs to translate 1,000 documents with ten mappings of 5,000 lines,
beside posting them. Each run begins without anything kept from the one before: reading
the versions, proving their hashes and building the tables is counted.
"""

from statistics import median

from ._place import Place

RUNS = 5


def run(server) -> dict:
    place = Place(server)
    place.renew()
    place.inside("map_widely")
    rounds = [place.inside("translate_and_post", number) for number in range(RUNS)]
    shares = [each["translate_s"] / each["post_s"] for each in rounds]
    return {
        "name": "mapping",
        "runs": RUNS,
        "median": {
            name: round(median(each[name] for each in rounds), 3) for name in rounds[0]
        },
        "ratio": {"overhead": round(median(shares), 4)},
    }
