"""One identity for every module, and no test that counts without running."""

from contextlib import contextmanager
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


def pytest_collection_modifyitems(items):
    """The tests that start servers take longest: of two processes, one begins them."""
    items.sort(key=lambda item: item.path.is_relative_to(ADDONS))


@contextmanager
def _committed(request):
    """An environment of the test database; what is done in it stays there."""
    request.getfixturevalue("load_registry")  # pytest-odoo's
    from odoo.api import SUPERUSER_ID, Environment
    from odoo.modules.registry import Registry
    from odoo.tests.common import get_db_name

    with Registry(get_db_name()).cursor() as cr:
        yield Environment(cr, SUPERUSER_ID, {})


@pytest.fixture(scope="session")
def books(request):
    """What every test of the hub begins with, for all of them."""
    from odoo.addons.finance_integration.tests.common import HubCase

    with _committed(request) as env:
        type("Beforehand", (HubCase,), {}).settle_in(env)


@pytest.fixture(scope="session")
def assets(request):
    """The bundles of the screens, as Odoo's own runner makes them; each test would
    make them anew, as its transaction ends with it."""
    with _committed(request) as env:
        for name in ("web.assets_web", "web.assets_web_print"):
            bundle = env["ir.qweb"]._get_asset_bundle(name, css=True, js=True)
            bundle.css()
            bundle.js()


@pytest.fixture(scope="class", autouse=True)
def beforehand(request):
    """Make once what the tests of a class would each make for themselves."""
    classes = {each.__name__ for each in getattr(request.cls, "__mro__", ())}
    for name, fixture in (("HubCase", "books"), ("HttpCase", "assets")):
        if name in classes:
            request.getfixturevalue(fixture)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A skipped test has shown nothing: it fails, with its reason."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which is not allowed here: {report.longrepr}"
    return report
