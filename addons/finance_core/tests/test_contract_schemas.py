"""The published JSON Schemas are those of the code."""

import json

import pytest

from odoo.addons.finance_core.contract import TYPES
from odoo.addons.finance_core.contract.schemas import FOLDER, schema_text, write
from odoo.addons.finance_core.tests.contract_samples import SAMPLES

each_type = pytest.mark.parametrize("name", sorted(TYPES))


@each_type
def test_the_stored_schema_has_not_drifted(name):
    """If this fails: python -m odoo.addons.finance_core.contract.schemas"""
    stored = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert stored == schema_text(name)


def test_there_is_one_schema_a_type_and_no_other():
    assert {path.name for path in FOLDER.iterdir()} == {f"{x}.json" for x in TYPES}


@each_type
def test_a_schema_says_what_it_is_and_asks_for_the_type(name):
    schema = json.loads(schema_text(name))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:finance-integration:v1:{name}"
    assert schema["additionalProperties"] is False
    assert schema["description"]
    assert schema["properties"]["type"]["const"] == name
    assert {"type", "source_id", "occurred_at"} <= set(schema["required"])


@each_type
def test_the_schema_knows_the_fields_of_the_sample(name):
    properties = json.loads(schema_text(name))["properties"]
    assert set(SAMPLES[name]) <= set(properties)


def test_no_number_in_any_schema_is_money():
    """Money travels as a string; a JSON number may become a float on its way."""
    assert not any('"type": "number"' in schema_text(name) for name in TYPES)


def test_writing_replaces_everything(tmp_path):
    folder = tmp_path / "v1"
    write(folder)
    (folder / "event.json").write_text("old")
    (folder / "gone.json").write_text("{}")
    write(folder)
    assert (folder / "event.json").read_text(encoding="utf-8") == schema_text("event")
    assert {path.stem for path in folder.iterdir()} == set(TYPES)
