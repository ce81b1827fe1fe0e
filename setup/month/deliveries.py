"""How the webhooks of a month travel: twice, out of order, forged, or not at all."""

import json
import random
from dataclasses import dataclass

from stripe_simulator import sign

TWICE_EVERY = 20
FORGED_EVERY = 100
LATE_SHARE = 0.1
LOST_TYPE = "charge.succeeded"


@dataclass(frozen=True)
class Delivery:
    """One POST to a company's endpoint.

    ``kind`` is ``first``, ``duplicate`` (the same bytes again) or ``forged`` (a
    signature that does not fit; the same event comes properly later as ``first``).
    """

    company: str
    event_id: str
    body: bytes
    kind: str

    def headers(self, secret, now):
        """Return the headers to send now.

        ``secret`` is the endpoint's, ``now`` the time in epoch seconds.
        """
        used = f"{secret}forged" if self.kind == "forged" else secret
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign(self.body, used, now),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }


@dataclass(frozen=True)
class DeliveryPlan:
    """Deliveries in the order to send them, and the event that never arrives."""

    deliveries: tuple[Delivery, ...]
    lost: tuple[str, str]

    def count(self, kind):
        """Return how many deliveries are of ``kind``."""
        return sum(delivery.kind == kind for delivery in self.deliveries)


def plan_deliveries(events, seed=0):
    """Return the DeliveryPlan of {company key: [events, oldest first]}.

    Counting from one: every 20th event is delivered twice, every 100th is preceded
    by a forgery, a tenth arrive late and so out of order, one is lost in transit.
    """
    rng = random.Random(f"{seed}:deliveries")
    numbered = list(enumerate(_by_time(events), start=1))
    lost = rng.choice(
        [
            (company, event["id"])
            for number, (company, event) in numbered
            if event["type"] == LOST_TYPE and number % TWICE_EVERY
        ]
    )
    placed = []
    for number, (company, event) in numbered:
        if (company, event["id"]) != lost:
            body = json.dumps(event, indent=2, default=float).encode()
            for position, kind in _positions(number, rng):
                delivery = Delivery(company, event["id"], body, kind)
                placed.append((position, delivery))
    placed.sort(key=lambda pair: pair[0])
    return DeliveryPlan(tuple(delivery for _, delivery in placed), lost)


def _by_time(events):
    pairs = [(company, event) for company, some in events.items() for event in some]
    return sorted(pairs, key=lambda pair: pair[1]["created"])


def _positions(number, rng):
    """Yield (position in the stream, kind) for each delivery of one event."""
    first = number + (rng.uniform(1, 8) if rng.random() < LATE_SHARE else 0)
    if number % FORGED_EVERY == 0:
        yield first, "forged"
        first += rng.uniform(10, 30)
    yield first, "first"
    if number % TWICE_EVERY == 0:
        yield first + rng.uniform(0, 15), "duplicate"
