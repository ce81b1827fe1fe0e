"""Which record of the real world a document is about, and what it says of it. Pure.

Two systems that tell of one record name it by the same key: the invoice number, the
account code, the VAT number. Documents of movements have ids of their own system and
claim nothing.
"""

import hashlib
import json
from collections.abc import Collection

from .contract.envelope import Document
from .likeness import plain_code

#: what belongs to the telling, not to the record
_ENVELOPE = frozenset(Document.model_fields) - {"currency"}


def record_key(document: Document) -> str:
    """What identifies the record whatever system tells of it; empty for none."""
    build = _KEYS.get(document.type)
    return build(document) if build else ""


def said(document: Document, field: str, without: Collection[str] = ()) -> str:
    """SHA-256 (hex) of what a document says of one ``field``, or with ``""`` of all
    fields but those in ``without``. Equal words give equal digests."""
    content = document.model_dump(mode="json", exclude=_ENVELOPE)
    if field:
        told = content.get(field)
    else:
        told = {name: content[name] for name in content if name not in without}
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _number(document) -> str:
    return document.number or ""


def _supplier_number(document) -> str:
    """A supplier numbers its invoices; two suppliers may use one number."""
    party = document.party
    supplier = plain_code(party.vat or "") or party.name.casefold().strip()
    return f"{supplier}/{document.number}" if supplier and document.number else ""


def _code(document) -> str:
    return document.code


def _vat(document) -> str:
    return plain_code(document.vat or "")


def _rate(document) -> str:
    return f"{document.base_currency}/{document.quote_currency}/{document.date}"


_KEYS = {
    "account": _code,
    "cost_center": _code,
    "credit_note": _number,
    "customer": _vat,
    "customer_invoice": _number,
    "exchange_rate": _rate,
    "legal_entity": _code,
    "supplier": _vat,
    "supplier_invoice": _supplier_number,
    "tax_code": _code,
}
CLAIMING = tuple(_KEYS)  #: the types of documents that are about a shared record
