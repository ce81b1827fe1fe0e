from typing import Literal

from ._party import Party


class Supplier(Party):
    """Somebody we buy from."""

    type: Literal["supplier"] = "supplier"
