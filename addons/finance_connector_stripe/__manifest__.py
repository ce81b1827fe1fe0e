{
    "name": "Finance Connector: Stripe",
    "summary": "Stripe payments, fees, refunds, disputes and payouts in the ledger",
    "version": "19.0.1.0.0",
    "category": "Accounting",
    "website": "https://github.com/finance-integration/finance-integration",
    "author": "Finance Integration contributors",
    "license": "AGPL-3",
    "depends": ["finance_integration"],
    "installable": True,
}
