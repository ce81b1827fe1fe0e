"""The canonical contract, version 1: one module a document type.

Adding a type is adding a module with one class; it is found here.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from ..errors import MalformedPayload
from ..strict_json import loads
from .envelope import Document

_COMMAND = "schemas"  # run as a program, so not to be imported before that


def _find_types() -> Mapping[str, type[Document]]:
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    modules = [
        importlib.import_module(f"{__name__}.{name}")
        for name in names
        if name != _COMMAND
    ]
    classes = [
        member
        for module in modules
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Document)
    ]
    concrete = (cls for cls in classes if not cls.model_fields["type"].is_required())
    return MappingProxyType({cls.model_fields["type"].default: cls for cls in concrete})


TYPES: Mapping[str, type[Document]] = _find_types()
"""Document type → its class."""


def document_from_fields(fields: object) -> Document:
    """The document of a decoded JSON object. Raises MalformedPayload."""
    if not isinstance(fields, dict):
        raise MalformedPayload("A document must be a JSON object.")
    name = fields.get("type")
    if not isinstance(name, str) or name not in TYPES:
        raise MalformedPayload("type: is not a known document type")
    return TYPES[name](**fields)


def document_from_json(data: bytes | str) -> Document:
    """The document a JSON text holds. Raises MalformedPayload naming every wrong
    field and no value."""
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")  # loads refuses surrogates
    return document_from_fields(loads(data))
