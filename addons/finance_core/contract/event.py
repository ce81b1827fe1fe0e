from typing import ClassVar, Literal

from .envelope import Document
from .fields import Identifier


class Event(Document):
    """Something a source told that has no financial meaning for us; ``name`` is the
    source's own. Kept and ignored by rule, so that nothing is lost."""

    category_field: ClassVar[str] = "name"

    type: Literal["event"] = "event"
    name: Identifier
