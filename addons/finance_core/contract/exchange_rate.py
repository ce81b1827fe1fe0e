from typing import Literal

from pydantic import model_validator

from .envelope import Document, require
from .fields import CurrencyCode, Day, Rate


class ExchangeRate(Document):
    """``rate`` units of ``quote_currency`` for one of ``base_currency`` on ``date``."""

    type: Literal["exchange_rate"] = "exchange_rate"
    base_currency: CurrencyCode
    quote_currency: CurrencyCode
    rate: Rate
    date: Day

    @model_validator(mode="after")
    def _two_currencies(self):
        require(
            self.base_currency != self.quote_currency,
            "quote_currency: must differ from base_currency",
        )
        return self
