from typing import ClassVar, Literal

from .envelope import Document
from .fields import Identifier, Text, Token, UnsignedAmount


class RiskDecision(Document):
    """What a risk or approval system decided about a document of another source:
    ``subject_type`` and ``subject_id`` are that document's type and source id,
    ``subject_system`` the code of the system it came from, where ids of several
    systems may be equal. With an ``amount``, only that amount was judged."""

    category_field: ClassVar[str] = "decision"

    type: Literal["risk_decision"] = "risk_decision"
    decision: Literal["approve", "reject", "revoke"]
    subject_type: Token
    subject_id: Identifier
    subject_system: Identifier | None = None
    amount: UnsignedAmount | None = None
    reason: Text = ""
