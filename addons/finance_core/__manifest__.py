{
    "name": "Finance Core",
    "summary": "Canonical finance objects, signatures and pure posting logic",
    "version": "19.0.1.0.0",
    "category": "Accounting",
    "website": "https://github.com/finance-integration/finance-integration",
    "author": "Finance Integration contributors",
    "license": "AGPL-3",
    "depends": ["base"],
    "external_dependencies": {"python": ["cryptography", "pydantic", "rapidfuzz"]},
    "installable": True,
}
