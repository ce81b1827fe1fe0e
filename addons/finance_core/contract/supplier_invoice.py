from typing import Literal

from ._invoice import Invoice


class SupplierInvoice(Invoice):
    """An invoice ``party``, a supplier, issued to us."""

    type: Literal["supplier_invoice"] = "supplier_invoice"
