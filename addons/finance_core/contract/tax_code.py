from typing import Literal

from .envelope import Document
from .fields import Country, Identifier, Number, Text


class TaxCode(Document):
    """A tax as the source names it; ``rate`` in percent."""

    type: Literal["tax_code"] = "tax_code"
    code: Identifier
    name: Text
    rate: Number
    kind: Literal["sale", "purchase"]
    country: Country | None = None
