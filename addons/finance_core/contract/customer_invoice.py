from typing import Literal

from ._invoice import Invoice


class CustomerInvoice(Invoice):
    """An invoice we issued to ``party``, a customer."""

    type: Literal["customer_invoice"] = "customer_invoice"
