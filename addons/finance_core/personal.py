"""Which fields of the canonical contract tell about persons, and how to hide them."""

from collections.abc import Mapping

PERSONAL = frozenset(
    {"account_iban", "address", "counterparty", "email", "iban", "phone", "vat"}
)
PARTIES = frozenset({"customer", "partner", "party", "supplier"})  #: have a name, too
MASKED = "•••"


def mask(value, owner: str = ""):
    """Plain data (as of JSON) with what is personal hidden, at any depth; what is
    empty stays so. ``owner`` is the type or the field whose data this is."""
    if isinstance(value, Mapping):
        return {
            name: MASKED if each and _is_personal(owner, name) else mask(each, name)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [mask(each, owner) for each in value]
    return value


def _is_personal(owner: str, name: str) -> bool:
    return name in PERSONAL or (name == "name" and owner in PARTIES)
