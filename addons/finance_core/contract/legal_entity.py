from typing import Literal

from .envelope import Document
from .fields import Country, Identifier, Text


class LegalEntity(Document):
    """A legal entity of the source; ``code`` is what ``entity`` of others names."""

    type: Literal["legal_entity"] = "legal_entity"
    code: Identifier
    name: Text
    country: Country | None = None
    vat: Identifier | None = None
