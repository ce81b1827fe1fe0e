"""Currencies and the number of decimals of their minor unit.

Source: ISO 4217 "List one" as published on 2026-01-01 by its maintenance agency
(https://www.six-group.com/en/products-services/financial-information/data-standards.html),
without the codes that have no minor unit (gold, special drawing rights, testing).
"""

from collections.abc import Mapping
from types import MappingProxyType

from .errors import MalformedPayload

_CODES_BY_DIGITS = {
    0: """BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF""",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN
        BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP
        ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR
        IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT
        MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
        PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
        SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD
        XCD XCG YER ZAR ZMW ZWG
    """,
    3: """BHD IQD JOD KWD LYD OMR TND""",
    4: """CLF UYW""",
}
#: Withdrawn since 2021, still met in the books of the years before.
_WITHDRAWN = {2: "ANG BGN CUC HRK SLL ZWL"}

MINOR_UNITS: Mapping[str, int] = MappingProxyType(
    {
        code: digits
        for table in (_CODES_BY_DIGITS, _WITHDRAWN)
        for digits, codes in table.items()
        for code in codes.split()
    }
)
"""ISO 4217 code → decimals of its minor unit (0, 2, 3 or 4)."""


class UnknownCurrencyError(MalformedPayload, ValueError):
    """Not an ISO 4217 code of a currency with a minor unit."""

    code = "unknown_currency"


def currency_code(value: object) -> str:
    """``value`` if it is a known code in upper case. Raises UnknownCurrencyError."""
    if isinstance(value, str) and value in MINOR_UNITS:
        return value
    raise UnknownCurrencyError("must be an ISO 4217 currency code in upper case")
