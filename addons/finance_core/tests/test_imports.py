"""finance_core is plain Python: it imports nothing of Odoo."""

import subprocess
import sys
from pathlib import Path

ADDON = Path(__file__).parents[1]

# Runs in a fresh interpreter: this one may have loaded Odoo already.
WALK = """
import importlib, pkgutil, sys

class NoOdoo:
    allowed = ("odoo", "odoo.addons", "odoo.addons.finance_core")

    def find_spec(self, name, path=None, target=None):
        inside = name.startswith("odoo.addons.finance_core.")
        if name.split(".")[0] == "odoo" and name not in self.allowed and not inside:
            raise ImportError(f"finance_core must not import {name}")

sys.meta_path.insert(0, NoOdoo())
import odoo.addons.finance_core as addon
walk = pkgutil.walk_packages(addon.__path__, addon.__name__ + ".")
names = [info.name for info in walk if ".tests" not in info.name]
for name in names:
    importlib.import_module(name)
    print(name)
"""


def walk(script: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_module_is_importable_without_odoo():
    result = walk(WALK)
    assert result.returncode == 0, result.stderr
    found = set(result.stdout.split())
    files = {
        ".".join(path.relative_to(ADDON).with_suffix("").parts)
        for path in ADDON.rglob("*.py")
        if path.name not in ("__init__.py", "__manifest__.py")
        if "tests" not in path.parts
    }
    assert {f"odoo.addons.finance_core.{name}" for name in files} <= found


def test_the_walk_would_notice_an_import_of_odoo():
    result = walk(WALK + "\nfrom odoo import fields\nimport odoo.fields\n")
    assert result.returncode != 0
    assert "must not import odoo.fields" in result.stderr
