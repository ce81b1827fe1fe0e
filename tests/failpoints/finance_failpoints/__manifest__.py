{
    "name": "Finance Failpoints",
    "summary": "Kills the process that reaches a chosen point; for tests only.",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "Finance Integration contributors",
    "website": "https://github.com/finance-integration/finance-integration",
    "license": "AGPL-3",
    "depends": ["base"],
    "installable": False,
}
