"""Reading lists as https://docs.stripe.com/api/pagination documents them."""

import copy
import operator
from collections import defaultdict
from typing import NamedTuple

from . import const
from .errors import ApiError

_BOUNDS = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


class Resource(NamedTuple):
    """A listable kind of object and the fields it can be filtered by."""

    kind: str
    filters: frozenset


RESOURCES = {
    "balance_transactions": Resource(
        "balance_transaction", frozenset({"payout", "type", "source", "currency"})
    ),
    "charges": Resource("charge", frozenset({"customer"})),
    "disputes": Resource("dispute", frozenset({"charge"})),
    "events": Resource("event", frozenset({"type", "types[]"})),
    "payouts": Resource("payout", frozenset({"status", "destination"})),
    "refunds": Resource("refund", frozenset({"charge"})),
}
_PAGING = {"limit", "starting_after", "ending_before", "expand[]", "created"}
_PAGING |= {f"created[{bound}]" for bound in _BOUNDS}


def answer_list(account, name, query):
    """Return the list object for ``GET /v1/<name>``.

    ``query`` is {parameter: [values]}. Raises ApiError for what Stripe refuses.
    """
    resource = RESOURCES[name]
    for parameter in query:
        if parameter not in _PAGING | resource.filters:
            raise ApiError.parameter(parameter, "parameter_unknown")
    oldest_first = list(account.objects[resource.kind].values())
    found = [item for item in oldest_first if _matches(account, item, query)]
    page, has_more = paginate(found[::-1], query)
    paths = [path.removeprefix("data.") for path in query.get("expand[]", ())]
    data = [present(account, item, paths) for item in page]
    return {
        "object": "list",
        "url": f"/v1/{name}",
        "has_more": has_more,
        "data": data,
    }


def _matches(account, item, query):
    return all(
        _passes(account, item, parameter, values) for parameter, values in query.items()
    )


def _passes(account, item, parameter, values):
    if parameter == "created":
        return item["created"] == _number(parameter, values)
    if parameter.startswith("created["):
        bound = _BOUNDS[parameter[8:-1]]
        return bound(item["created"], _number(parameter, values))
    if parameter == "payout":
        listed = item["id"] not in account.omitted
        return listed and account.payout_of.get(item["id"]) == values[0]
    if parameter == "types[]":
        return item["type"] in values
    return parameter in _PAGING or item.get(parameter) == values[0]


def paginate(newest_first, query):
    """Return (page, has_more) of a list, as the query's paging parameters say."""
    limit = _limit(query)
    if "ending_before" in query:
        end = _position(newest_first, query, "ending_before")
        start = max(0, end - limit)
        return newest_first[start:end], start > 0
    start = 0
    if "starting_after" in query:
        start = _position(newest_first, query, "starting_after") + 1
    rest = newest_first[start:]
    return rest[:limit], len(rest) > limit


def _limit(query):
    limit = _number("limit", query.get("limit", [str(const.PAGE_DEFAULT)]))
    if not 1 <= limit <= const.PAGE_LIMIT:
        raise ApiError.parameter("limit", "parameter_invalid_integer")
    return limit


def _number(parameter, values):
    if not values[0].isascii() or not values[0].isdigit():
        raise ApiError.parameter(parameter, "parameter_invalid_integer")
    return int(values[0])


def _position(items, query, parameter):
    id = query[parameter][0]
    for position, item in enumerate(items):
        if item["id"] == id:
            return position
    raise ApiError.parameter(parameter, "resource_missing")


def present(account, item, paths):
    """Return a copy of ``item`` as served now, with the ``paths`` expanded.

    A path that this kind of object does not have is passed over, as the sources of
    a list differ in kind. https://docs.stripe.com/api/expanding_objects
    """
    shown = copy.deepcopy(item)
    if item["object"] == "balance_transaction":
        shown["status"] = account.status(item)
    deeper = defaultdict(list)
    for path in paths:
        field, _, rest = path.partition(".")
        deeper[field] += [rest] if rest else []
    for field, rests in deeper.items():
        found = account.find(shown.get(field))
        if found:
            shown[field] = present(account, found, rests)
    return shown
