"""Writes the JSON Schemas of the contract:

python -m odoo.addons.finance_core.contract.schemas
"""

import json
from pathlib import Path

from . import TYPES

FOLDER = Path(__file__).parents[1] / "schemas" / "v1"


def schema_text(name: str) -> str:
    """The JSON Schema 2020-12 of document type ``name``, as its file holds it."""
    schema = TYPES[name].model_json_schema()
    schema["required"].insert(0, "type")  # in JSON nothing else tells the type
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:finance-integration:v1:{name}",
    }
    return json.dumps({**head, **schema}, indent=2) + "\n"


def write(folder: Path) -> None:
    """Writes one file a type into ``folder`` and removes those of no type."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in {path.stem for path in folder.glob("*.json")} - set(TYPES):
        (folder / f"{stale}.json").unlink()
    for name in TYPES:
        (folder / f"{name}.json").write_text(schema_text(name), encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
