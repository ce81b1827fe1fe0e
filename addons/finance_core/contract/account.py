from typing import Literal

from .envelope import Document
from .fields import Bool, Identifier, Text


class Account(Document):
    """An account of the source's chart of accounts."""

    type: Literal["account"] = "account"
    code: Identifier
    name: Text
    kind: Literal["asset", "liability", "equity", "income", "expense", "off_balance"]
    reconcilable: Bool = False
