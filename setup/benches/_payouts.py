"""A payout of many transactions, told page by page, up to the one entry it becomes."""

import json
import time
from dataclasses import dataclass
from decimal import Decimal

import psutil

from odoo.addons.finance_core.connector import Delivery

from ._shop import occurred_at, payment

TRANSACTIONS = 10_000
A_PAGE = 100  #: transactions, as gateways list them
STEPS = 500  #: more than any payout needs


def payout(env, run: int) -> dict[str, float]:
    """Seconds to store the pages, and to bring them into the books, in a process whose
    caches a small payout has filled; and how many of them a processor worked, for Odoo
    and for PostgreSQL: those say more on a busy machine.

    Raises RuntimeError unless the payout ties and all its transactions are linked to
    one posted, balanced entry.
    """
    system = env["finance.system"].search([("code", "=", "bench_a")])
    system = system.with_company(system.company_id)
    system.granularity = "payout"
    env.cr.commit()
    first = 1 + run * (A_PAGE + TRANSACTIONS)
    _bring_in(env, system, Payout(f"small_{run}", first, A_PAGE))
    return _bring_in(env, system, Payout(f"po_{run}", first + A_PAGE, TRANSACTIONS))


def _bring_in(env, system, wanted: "Payout") -> dict[str, float]:
    pages = [(page["id"], json.dumps(page).encode()) for page in wanted.pages()]
    start, worked = time.monotonic(), _worked(env)
    for identity, body in pages:
        store(env, system, body, identity)
        env.cr.commit()
    stored = time.monotonic()
    drain(env, system)
    done = time.monotonic()
    cpu = {name: after - worked[name] for name, after in _worked(env).items()}
    _check(env, system, wanted)
    return {"store_s": stored - start, "road_s": done - stored, **cpu}


def _worked(env) -> dict[str, float]:
    """Processor seconds so far, of this process and its connection's, which has to be
    on this machine."""
    backend = psutil.Process(env.cr._cnx.get_backend_pid()).cpu_times()
    return {
        "odoo_cpu_s": time.process_time(),
        "postgres_cpu_s": backend.user + backend.system,
    }


def store(env, system, body: bytes, identity: str) -> None:
    """What the door does with a delivery whose signature is good."""
    names = ("system_id", "company_id", "connector", "flow_id", "allow_revisions")
    door = dict(zip(names, env["finance.system"]._door(system.code), strict=True))
    env["finance.message"]._store(door, Delivery(body), identity)


def drain(env, system) -> None:
    """Steps of the engine until nothing is left, each a transaction of its own."""
    for _step in range(STEPS):
        done = env["finance.engine"]._step(system)
        env.cr.commit()
        env.invalidate_all()
        if not done:
            return
    raise RuntimeError("The engine does not come to an end.")


@dataclass(frozen=True)
class Payout:
    """Payments ``first`` to ``first + count - 1`` of the shop, whole pages of them."""

    name: str
    first: int
    count: int

    def pages(self):
        """Deliveries with the transactions and the listing of the payout."""
        end = self.first + self.count
        for start in range(self.first, end, A_PAGE):
            transactions = [payment(number) for number in range(start, start + A_PAGE)]
            last = start + A_PAGE == end
            if last:
                transactions.append(self._own(end))
            listing = _listing(self.name, start, transactions, last)
            identity = f"{self.name} {start}"
            yield {"id": identity, "documents": [*transactions, listing]}

    def _own(self, number: int) -> dict:
        """The transaction by which the money leaves the balance."""
        amount = str(-self.count * Decimal(payment(number)["net"]))
        return {
            "version": 1,
            "type": "balance_transaction",
            "category": "payout",
            "source_id": f"own_{self.name}",
            "occurred_at": occurred_at(number).isoformat(),
            "currency": "EUR",
            "amount": amount,
            "fee": "0.00",
            "net": amount,
            "correlation_id": self.name,
            "references": [{"role": "payout", "value": self.name}],
        }


def _listing(name: str, page: int, transactions: list[dict], last: bool) -> dict:
    return {
        "version": 1,
        "type": "settlement",
        "source_id": f"{name}:{page}",
        "occurred_at": transactions[-1]["occurred_at"],
        "currency": "EUR",
        "correlation_id": name,
        "payout_id": name,
        "transactions": [
            {key: each[key] for key in ("source_id", "net", "category")}
            for each in transactions
        ],
        "last": last,
        "references": [{"role": "payout", "value": name}],
    }


def _check(env, system, wanted: Payout) -> None:
    found = env["finance.payout"].search(
        [("system_id", "=", system.id), ("source_id", "=", wanted.name)]
    )
    documents = found.document_ids
    move = documents.move_ids
    linked = sum(len(each.move_ids) for each in documents)
    whole = (
        found.state == "tied"
        and len(move) == 1
        and move.state == "posted"
        and len(documents) == linked == wanted.count + 1
        and env.company.currency_id.is_zero(sum(move.line_ids.mapped("balance")))
    )
    if not whole:
        raise RuntimeError(f"{wanted.name} is {found.state}: {found.reason}")
