from typing import Literal

from .envelope import Document
from .fields import Identifier, Text


class CostCenter(Document):
    """A cost centre; ``parent`` is the code of the one above it."""

    type: Literal["cost_center"] = "cost_center"
    code: Identifier
    name: Text
    parent: Identifier | None = None
