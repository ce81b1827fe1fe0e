"""A payout of many transactions, told page by page, up to the one entry it becomes."""

import json
import time

from odoo.addons.finance_core.connector import Delivery

from ._shop import occurred_at, payment

TRANSACTIONS = 10_000
A_PAGE = 100  #: transactions, as gateways list them
STEPS = 500  #: more than any payout needs


def payout(env, run: int) -> dict[str, float]:
    """Seconds to store the pages, and to bring them into the books.

    Raises RuntimeError unless the payout ties and all its transactions are linked to
    one posted, balanced entry.
    """
    system = env["finance.system"].search([("code", "=", "bench_a")])
    system = system.with_company(system.company_id)
    system.granularity = "payout"
    env.cr.commit()
    pages = [json.dumps(page).encode() for page in _pages(run)]
    start = time.monotonic()
    for number, body in enumerate(pages):
        store(env, system, body, f"run {run} page {number}")
        env.cr.commit()
    stored = time.monotonic()
    drain(env, system)
    done = time.monotonic()
    _check(env, system, _name(run))
    return {"store_s": stored - start, "road_s": done - stored}


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


def _name(run: int) -> str:
    return f"po_{run:03}"


def _pages(run: int):
    """Deliveries with the transactions and the listing of the payout."""
    first = 1 + run * TRANSACTIONS
    for start in range(first, first + TRANSACTIONS, A_PAGE):
        transactions = [payment(number) for number in range(start, start + A_PAGE)]
        last = start + A_PAGE == first + TRANSACTIONS
        if last:
            transactions.append(_own(run, start + A_PAGE))
        listing = _listing(_name(run), start, transactions, last)
        yield {"id": f"run {run} {start}", "documents": [*transactions, listing]}


def _own(run: int, number: int) -> dict:
    """The transaction by which the money leaves the balance."""
    amount = f"-{TRANSACTIONS * 9680 // 100}.00"
    return {
        "version": 1,
        "type": "balance_transaction",
        "category": "payout",
        "source_id": f"own_{_name(run)}",
        "occurred_at": occurred_at(number).isoformat(),
        "currency": "EUR",
        "amount": amount,
        "fee": "0.00",
        "net": amount,
        "correlation_id": _name(run),
        "references": [{"role": "payout", "value": _name(run)}],
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


def _check(env, system, name: str) -> None:
    found = env["finance.payout"].search(
        [("system_id", "=", system.id), ("source_id", "=", name)]
    )
    documents = found.document_ids
    move = documents.move_ids
    linked = sum(len(each.move_ids) for each in documents)
    whole = (
        found.state == "tied"
        and len(move) == 1
        and move.state == "posted"
        and len(documents) == linked == TRANSACTIONS + 1
        and not env.company.currency_id.round(sum(move.line_ids.mapped("balance")))
    )
    if not whole:
        raise RuntimeError(f"{name} is {found.state}: {found.reason}; {len(move)}")
