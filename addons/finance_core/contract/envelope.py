"""The envelope every canonical document travels in.

A document says what happened in our words. It is frozen, complete in itself and
equal to every other document with the same content: same JSON, same digest.
Money is Decimal in major units, exact to the minor unit of its currency, and a
string in JSON; times are UTC. Constructing a document or a part from anything raises
only MalformedPayload, which names every wrong field at once and quotes no value.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ..errors import MalformedPayload
from ..money import exact
from .fields import CurrencyCode, Identifier, InCurrency, Instant, Revision, Text, Token

_SHOWN_ERRORS = 20
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,63}")
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
)


class _Strict(type(BaseModel)):
    """Makes every construction raise MalformedPayload. In the metaclass, because an
    ``__init__`` would run for nested parts too and hide where the error is."""

    def __call__(cls, /, **fields: object):
        try:
            return super().__call__(**fields)
        except ValidationError as error:
            raise MalformedPayload(_readable(error)) from None


class Part(BaseModel, metaclass=_Strict):
    """A piece of a document. Its money is in the document's currency unless it
    names its own."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        # a copy, so that one part in two documents takes on the decimals of each
        revalidate_instances="always",
    )
    _money: ClassVar[tuple[tuple[str, str], ...]] = ()
    _parts: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs):  # pylint: disable=missing-return
        super().__pydantic_init_subclass__(**kwargs)
        found = {
            name: list(_leaves(field.annotation, field.metadata))
            for name, field in cls.model_fields.items()
        }
        cls._money = tuple(
            (name, leaf.field)
            for name, leaves in found.items()
            for leaf in leaves
            if isinstance(leaf, InCurrency)
        )
        cls._parts = tuple(
            name
            for name, leaves in found.items()
            for leaf in leaves
            if isinstance(leaf, type) and issubclass(leaf, Part)
            if leaf._money or leaf._parts
        )


def _leaves(annotation: object, metadata: tuple | list = ()) -> Iterator[object]:
    """The classes and markers an annotation is made of, at any depth."""
    yield from metadata
    yield annotation
    for inner in get_args(annotation):
        yield from _leaves(inner)


class _Category:
    """What posting rules select by: the field a class names in ``category_field``.

    Not a property, because ``balance_transaction`` has a field of this name, which
    a property of the base would shadow.
    """

    def __get__(self, document, owner):
        if document is None:
            raise AttributeError("category")
        name = owner.category_field
        return getattr(document, name) if name else ""


class Reference(Part):
    """A foreign identifier this document points to, and what it is there: payment,
    invoice, customer, payout, dispute, order, refund, reserve, transaction…"""

    role: Token
    value: Identifier


def _unique(references: tuple[Reference, ...]) -> tuple[Reference, ...]:
    return tuple(dict.fromkeys(references))


@dataclass(frozen=True)
class Written:
    """A document as it is kept: ``plain`` data and the canonical ``text`` of it, with
    the SHA-256 (hex) of everything and of what must not change once it is posted."""

    plain: Mapping[str, object]
    text: str
    digest: str
    financial_digest: str


class Document(Part):
    """Base of all canonical documents, version 1.

    ``source_id`` is the source's own identifier, ``revision`` its own order of the
    versions of one object (often epoch seconds). ``occurred_at`` is when it took
    effect, ``recorded_at`` when the source wrote it down. ``entity`` is the legal
    entity or account as the source names it. ``correlation_id`` is the root business
    id that everything of one story shares.
    """

    model_config = ConfigDict(ignored_types=(_Category,))

    category_field: ClassVar[str] = ""
    #: What may still change after posting: it moves no money.
    not_financial: ClassVar[frozenset[str]] = frozenset(
        {"references", "description", "revision", "recorded_at", "entity"}
    )
    category = _Category()

    type: str
    version: Literal[1] = 1
    source_id: Identifier
    revision: Revision = 0
    occurred_at: Instant
    recorded_at: Instant | None = None
    entity: Identifier | None = None
    currency: CurrencyCode | None = None
    correlation_id: Identifier = Field(
        default_factory=lambda fields: fields["source_id"]
    )
    references: Annotated[tuple[Reference, ...], AfterValidator(_unique)] = ()
    description: Text = ""

    @model_validator(mode="after")
    def _exact_money(self):
        wrong = list(_settle(self, self.currency, ""))
        if wrong:
            raise ValueError("; ".join(wrong[:_SHOWN_ERRORS]))
        return self

    def reference(self, role: str) -> str | None:
        """The first reference of that role."""
        for reference in self.references:
            if reference.role == role:
                return reference.value
        return None

    def written(self) -> Written:
        """Everything that is derived from the fields, at the price of one look."""
        plain = self.model_dump(mode="json")
        text = _ENCODER.encode(plain)
        financial = _ENCODER.encode(self._financial(plain))
        return Written(plain, text, _sha256(text), _sha256(financial))

    def _financial(self, plain: Mapping[str, object]) -> dict[str, object]:
        """Of the fields as JSON tells them: what must not change once it is posted."""
        return {
            name: value
            for name, value in plain.items()
            if name not in self.not_financial
        }

    def to_json(self) -> str:
        """Canonical: sorted keys, no spaces; equal documents give equal text."""
        return self.written().text

    def digest(self) -> str:
        """SHA-256 (hex) of everything."""
        return self.written().digest

    def financial_digest(self) -> str:
        """SHA-256 (hex) of what must not change once it is posted."""
        return self.written().financial_digest


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _settle(part: Part, currency: str | None, path: str) -> Iterator[str]:
    """Gives all money of ``part`` the decimals of its currency, yields what fails.

    Writes into the new, not yet published instance: one look per amount is all the
    time there is.
    """
    values = part.__dict__
    own = values.get("currency") or currency
    for name, currency_field in part._money:
        amount: Decimal | None = values[name]
        if amount is None:
            continue
        code = values.get(currency_field) or own
        if code is None:
            yield f"{path}{name}: needs {currency_field}"
            continue
        try:
            values[name] = exact(amount, code)
        except ValueError as error:
            yield f"{path}{name}: {error}"
    for name in part._parts:
        for number, item in enumerate(values[name]):
            yield from _settle(item, own, f"{path}{name}.{number}.")


def _readable(error: ValidationError) -> str:
    """``field.path: reason`` of every error, without the values."""
    details = error.errors(
        include_url=False, include_context=False, include_input=False
    )
    # the default of one field is missing because another is wrong: told by that one
    errors = [item for item in details if item["type"] != "default_factory_not_called"]
    lines = [
        ": ".join(filter(None, (_path(item["loc"]), _reason(item["msg"]))))
        for item in errors[:_SHOWN_ERRORS]
    ]
    if len(errors) > _SHOWN_ERRORS:
        lines.append(f"and {len(errors) - _SHOWN_ERRORS} more")
    return "; ".join(lines)


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(
        str(step) if isinstance(step, int) or _NAME.fullmatch(step) else "(odd name)"
        for step in location
    )


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ")


def require(condition: bool, message: str) -> None:
    """Raises ValueError, which pydantic collects, unless ``condition`` holds."""
    if not condition:
        raise ValueError(message)
