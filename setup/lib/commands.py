"""The commands themselves, run inside .local/venv."""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from . import config, database, locks, odoo_server, postgres, relay, screenshots
from .console import SetupError, say
from .paths import LOCAL, ODOO_BIN, ODOO_CONF, PYTHON, ROOT
from .system import need_chromium

SETUP = ROOT / "setup"
# What needs no database, and what needs no Odoo inside the pytest process.
WITHOUT_DATABASE = (ROOT / "addons" / "finance_core",)
WITHOUT_ODOO = (*WITHOUT_DATABASE, ROOT / "tests")
PYTEST_ODOO = (
    f"--odoo-config={ODOO_CONF}",
    f"--odoo-database={config.TEST_DATABASE}",
    "--odoo-http",  # without it the tests of the screens are skipped
    "--odoo-extra=workers=0",
    "--odoo-extra=max-cron-threads=0",
)
# Each of two processes has a copy of the database, and takes whole files.
TOGETHER = ("--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder")


@contextmanager
def prepared() -> Iterator[postgres.Server]:
    """PostgreSQL up and odoo.conf written for it, until the block ends."""
    with postgres.running() as server:
        config.write(server)
        yield server


def odoo(arguments: list[str]) -> int:
    """Odoo's own command line with this clone's configuration."""
    with prepared() as server:
        env = odoo_server.environment(server)
        return odoo_server.foreground([PYTHON, ODOO_BIN, *arguments], env)


def test(arguments: list[str]) -> int:
    """One pytest run over `arguments`, which are pytest's own.

    It loads no more than the paths among them need.
    """
    os.chdir(ROOT)
    if _all_below(arguments, WITHOUT_DATABASE):
        return _pytest(["-p", "no:odoo", *arguments], dict(os.environ))
    waiting = "Waiting for another setup/test of this clone …"
    with prepared() as server, locks.exclusive(LOCAL / "test.lock", waiting):
        # Tests run the jobs they mean to run; no runner picks up the others.
        env = odoo_server.environment(server, **odoo_server.NO_JOBS)
        if _all_below(arguments, WITHOUT_ODOO):
            return _pytest(["-p", "no:odoo", *arguments], env)
        need_chromium()
        database.renew(server, config.TEST_DATABASE)
        alone = _named(arguments) or "--pdb" in arguments
        together = () if alone else TOGETHER
        return _pytest([*PYTEST_ODOO, *together, *arguments], env)


def _pytest(arguments: list[str], env: dict[str, str]) -> int:
    return odoo_server.foreground([PYTHON, "-m", "pytest", *arguments], env)


def _named(arguments: list[str]) -> list[Path]:
    """The paths among the arguments."""
    words = [ROOT / word.partition("::")[0] for word in arguments if word[0] != "-"]
    return [path for path in words if path.exists()]


def _all_below(arguments: list[str], folders: tuple[Path, ...]) -> bool:
    """Whether the arguments name paths, and all of them inside `folders`."""
    paths = _named(arguments)
    return bool(paths) and all(
        any(path.is_relative_to(folder) for folder in folders) for path in paths
    )


def demo(arguments: list[str]) -> int:
    """Play the month in database finance_demo and leave Odoo open."""
    parser = argparse.ArgumentParser(prog="setup/demo", description=demo.__doc__)
    parser.add_argument("--once", action="store_true", help="end after the month")
    parser.add_argument("--json", action="store_true", help="last line of stdout: JSON")
    parser.add_argument("--port", type=int, default=8069)
    parser.add_argument("--charges", type=int, default=2050, help="size of the month")
    parser.add_argument("--database", default=config.DEMO_DATABASE)
    options = parser.parse_args(arguments)
    odoo_server.need_free(options.port)
    month = importlib.import_module("month.run")
    with prepared() as server:
        database.ensure(server, options.database, month.MODULES)
        with ThreadPoolExecutor(1) as meanwhile:
            script = meanwhile.submit(
                month.get_ready, options.database, options.charges
            )
            with odoo_server.serving(
                server, options.database, options.port + 1
            ) as running:
                result = month.play(running, script.result())
                print(json.dumps(result) if options.json else month.table(result))
                sys.stdout.flush()
                if not options.once:
                    _leave_open(options.port, running)
    return 0 if result["ties"] else 1


def _leave_open(port: int, running: odoo_server.OdooServer) -> None:
    say(f"Odoo is open at http://127.0.0.1:{port} (admin / admin). Ctrl-C ends it.")
    try:
        relay.serve(port, running.port, running.evented_port)
    except KeyboardInterrupt:
        say("Stopping …")


def pictures(arguments: list[str]) -> int:
    """Take the documentation's pictures of a running demo."""
    parser = argparse.ArgumentParser(
        prog="setup/pictures", description=pictures.__doc__
    )
    parser.add_argument("--port", type=int, default=8069, help="where the demo is open")
    options = parser.parse_args(arguments)
    screenshots.take(f"http://127.0.0.1:{options.port}")
    return 0


def bench(arguments: list[str]) -> int:
    """Run one benchmark, or all; each prints its figures beside a reference."""
    names = sorted(path.stem for path in (SETUP / "benches").glob("[a-z]*.py"))
    parser = argparse.ArgumentParser(prog="setup/bench", description=bench.__doc__)
    parser.add_argument("name", nargs="?", help=", ".join(names) or "none yet")
    parser.add_argument("--json", action="store_true", help="last line of stdout: JSON")
    options = parser.parse_args(arguments)
    if options.name not in (None, *names):
        told = ", ".join(names) or "none yet"
        raise SetupError(f"There is no benchmark {options.name}; there are: {told}.")
    with prepared() as server:
        for name in [options.name] if options.name else names:
            result = importlib.import_module(f"benches.{name}").run(server)
            print(json.dumps(result) if options.json else _figures(result), flush=True)
    return 0


def _figures(result: dict) -> str:
    rows = [f"{result['name']} (median of {result['runs']} runs)"]
    for kind in ("median", "ratio"):
        rows += [f"  {kind:6} {name:28} {x}" for name, x in result[kind].items()]
    return "\n".join(rows)
