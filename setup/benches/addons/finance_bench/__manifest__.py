{
    "name": "Finance Bench",
    "summary": "What the benchmarks measure against; never for a real database",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "website": "https://github.com/finance-integration/finance-integration",
    "author": "Finance Integration contributors",
    "license": "AGPL-3",
    "depends": ["finance_connector_demo", "queue_job"],
    "data": ["security/ir.model.access.csv"],
    "installable": True,
}
