from .envelope import Document, Part
from .fields import Bool, Country, Identifier, Text


class Address(Part):
    """A postal address; ``state`` as the source names it."""

    street: Text = ""
    street2: Text = ""
    zip: Text = ""
    city: Text = ""
    state: Text = ""
    country: Country | None = None


class Party(Document):
    """Somebody we trade with. ``vat`` and ``iban`` as the source tells them."""

    name: Text
    email: Text | None = None
    vat: Identifier | None = None
    iban: Identifier | None = None
    address: Address | None = None
    active: Bool = True


class PartyRef(Part):
    """The party of another document: its identifier, and what else is told there."""

    source_id: Identifier
    name: Text = ""
    vat: Identifier | None = None
