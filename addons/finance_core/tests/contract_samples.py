"""The least fields of a valid document of each type, as decoded JSON."""

_ENVELOPE = {"source_id": "x-1", "occurred_at": "2026-03-31T23:59:59+02:00"}
_INVOICE = {
    "currency": "EUR",
    "number": "2026/0001",
    "party": {"source_id": "c-1"},
    "invoice_date": "2026-03-31",
    "status": "open",
    "lines": [
        {"unit_price": "0.0035", "quantity": "20000", "net": "70", "tax_amount": "14"},
        {"unit_price": "-20", "net": "-20.00", "tax_amount": "-4"},
    ],
    "taxes": [{"tax_code": "S20", "base": "50", "amount": "10.0"}],
    "total_net": "50",
    "total_tax": "10",
    "total_gross": "60",
}
_SPECIFIC = {
    "customer": {"name": "Ann", "address": {"city": "Graz", "country": "AT"}},
    "supplier": {"name": "Bob Ltd", "vat": "ATU1", "iban": "AT611904300234573201"},
    "account": {"code": "4000", "name": "Sales", "kind": "income"},
    "cost_center": {"code": "10", "name": "Shop", "parent": "1"},
    "legal_entity": {"code": "AT01", "name": "Austria", "country": "AT"},
    "exchange_rate": {
        "base_currency": "EUR",
        "quote_currency": "JPY",
        "rate": "161.250",
        "date": "2026-03-31",
    },
    "tax_code": {"code": "S20", "name": "20 %", "rate": "20.0", "kind": "sale"},
    "customer_invoice": _INVOICE,
    "supplier_invoice": _INVOICE,
    "credit_note": {**_INVOICE, "invoice_number": "2026/0000"},
    "payment": {"currency": "JPY", "amount": "500", "status": "succeeded"},
    "refund": {"currency": "EUR", "amount": "0.01", "status": "pending"},
    "dispute": {"currency": "EUR", "amount": "100", "status": "inquiry"},
    "payout": {
        "currency": "USD",
        "amount": "-1000",
        "status": "paid",
        "destination_amount": "-136500",
        "destination_currency": "JPY",
    },
    "balance_transaction": {
        "currency": "EUR",
        "category": "payment",
        "amount": "100",
        "fee": "3.81",
        "net": "96.19",
        "fees": [
            {"type": "stripe_fee", "amount": "3.2"},
            {"type": "tax", "amount": "0.61"},
        ],
        "source_amount": "16125",
        "source_currency": "JPY",
        "exchange_rate": "0.0062015503876",
    },
    "balance": {
        "available": [{"currency": "EUR", "amount": "-1.5"}],
        "pending": [{"currency": "KWD", "amount": "1.005"}],
    },
    "settlement": {
        "currency": "EUR",
        "payout_id": "po_1",
        "transactions": [{"source_id": "txn_1", "net": "1.1", "category": "payment"}],
        "last": True,
    },
    "bank_statement": {
        "currency": "EUR",
        "opening_balance": "-10",
        "closing_balance": "5.50",
        "lines": [
            {
                "value_date": "2026-03-31",
                "booking_date": "2026-04-01",
                "amount": "15.5",
            }
        ],
    },
    "journal_entry": {
        "currency": "EUR",
        "date": "2026-03-31",
        "lines": [
            {"account": "1000", "debit": "1.5"},
            {"account": "4000", "credit": "1.50"},
        ],
    },
    "event": {"name": "customer.created"},
    "risk_decision": {
        "currency": "EUR",
        "decision": "approve",
        "subject_type": "supplier_invoice",
        "subject_id": "bill_1",
        "amount": "1500",
        "reason": "Known supplier",
    },
}
SAMPLES = {
    name: {"type": name, **_ENVELOPE, **fields} for name, fields in _SPECIFIC.items()
}
