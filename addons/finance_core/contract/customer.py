from typing import Literal

from ._party import Party


class Customer(Party):
    """Somebody who buys from us."""

    type: Literal["customer"] = "customer"
