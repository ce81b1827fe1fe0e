{
    "name": "Finance Connector: Demo Shop",
    "summary": "A signed source of canonical documents to try the suite with",
    "version": "19.0.1.0.0",
    "category": "Accounting",
    "website": "https://github.com/finance-integration/finance-integration",
    "author": "Finance Integration contributors",
    "license": "AGPL-3",
    "depends": ["finance_integration"],
    "installable": True,
}
