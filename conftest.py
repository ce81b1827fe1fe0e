"""One identity for every module, and no test that counts without running."""

from pathlib import Path

import _pytest.pathlib
import pytest
from hypothesis import HealthCheck, settings

# How fast a machine draws examples says nothing about the code.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

ADDONS = Path(__file__).parent / "addons"
_resolve = _pytest.pathlib.resolve_pkg_root_and_module_name


def _resolve_as_addon(path: Path, **options) -> tuple[Path, str]:
    """Import a test of an addon as `odoo.addons.<addon>.tests.…`, as Odoo does.

    Under its bare name, relative imports would load the addon a second time.
    """
    root, name = _resolve(path, **options)
    return root, f"odoo.addons.{name}" if root == ADDONS else name


_pytest.pathlib.resolve_pkg_root_and_module_name = _resolve_as_addon


def pytest_addoption(parser):
    words = "rounds of tests/test_chaos.py; without it, one of each kind"
    parser.addoption("--chaos", type=int, default=0, help=words)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A skipped test has shown nothing: it fails, with its reason."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which is not allowed here: {report.longrepr}"
    return report
