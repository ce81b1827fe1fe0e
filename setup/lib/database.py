"""A database with our addons in it, brought up to date by what changed on disk."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import psycopg2

from . import config, odoo_server
from .console import SetupError, run_step, say
from .paths import ADDONS, LOCAL, LOGS, ODOO_BIN, PYTHON
from .postgres import BIN, Server

# Files whose change reaches the database. Tests, assets and readmes do not.
INSTALLED_FILES = (
    "__manifest__.py",
    "**/*.xml",
    "**/*.csv",
    "models/**/*.py",
    "wizards/**/*.py",
)
FILES = LOCAL / "data" / "filestore"  # of each database, as odoo.conf says
NOT_INSTALLED = {"tests", "static", "readme"}
ADVICE = "Read the log, mend the addon and run again."


def our_addons() -> dict[str, str]:
    """Each addon of the repository and a digest of what it puts into a database."""
    manifests = sorted(ADDONS.glob("*/__manifest__.py"))
    return {path.parent.name: _digest(path.parent) for path in manifests}


def _digest(addon: Path) -> str:
    files = {path for pattern in INSTALLED_FILES for path in addon.glob(pattern)}
    total = hashlib.sha256()
    for path in sorted(files):
        inside = path.relative_to(addon)
        if not NOT_INSTALLED & set(inside.parts):
            total.update(f"{inside}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()


def ensure(server: Server, name: str, extra: tuple[str, ...] = (), **env: str) -> None:
    """Create or update database `name` with our addons and the modules `extra`.

    `env` is added to the environment Odoo installs them in.
    Raises SetupError when Odoo cannot install them.
    """
    wanted = {**our_addons(), **dict.fromkeys(extra, "")}
    note = _note(name)
    installed = installed_modules(server, name)
    known = json.loads(note.read_text()) if installed and note.is_file() else {}
    if known and set(known) - set(wanted):
        say(f"An addon is gone: making {name} anew")
        drop(server, name)
        known, installed = {}, set()
    changed = [addon for addon in wanted if known.get(addon) != wanted[addon]]
    if not changed:
        return
    note.unlink(missing_ok=True)
    try:
        _install(server, name, changed, installed, env)
    except SetupError:
        if not known:
            raise
        failed = _log(name).replace(LOGS / f"update-{name}-failed.log")
        say(f"The update failed (log: {failed}): making {name} anew")
        drop(server, name)
        _install(server, name, list(wanted), set(), env)
    note.write_text(json.dumps(wanted))


def renew(server: Server, name: str) -> None:
    """Make database `name` anew, with our addons as they are now and nothing else.

    They are installed once, for all who begin like this.
    """
    ensure(server, config.INSTALLED_DATABASE)
    copy(server, config.INSTALLED_DATABASE, name)
    shutil.copyfile(_note(config.INSTALLED_DATABASE), _note(name))


def _install(
    server: Server, name: str, addons: list[str], installed: set, env: dict[str, str]
) -> None:
    new = [addon for addon in addons if addon not in installed]
    old = [addon for addon in addons if addon in installed]
    words = ["-d", name, "--stop-after-init", "--no-http", "--log-level=warn"]
    words += ["--workers=0", "--max-cron-threads=0"]
    words += ["-i", ",".join(new)] if new else []
    words += ["-u", ",".join(old)] if old else []
    run_step(
        f"Installing into {name}: {', '.join(addons)}",
        [PYTHON, ODOO_BIN, *words],
        _log(name),
        ADVICE,
        env=odoo_server.environment(server, **odoo_server.NO_JOBS, **env),
    )


def _note(name: str) -> Path:
    """What is installed in a database, by digest."""
    return LOCAL / f"{name}.json"


def _log(name: str) -> Path:
    return LOGS / f"install-{name}.log"


def installed_modules(server: Server, name: str) -> set[str]:
    """Technical names of what is installed; empty when there is no such database."""
    if not rows(server, "postgres", "SELECT FROM pg_database WHERE datname=%s", name):
        return set()
    query = "SELECT to_regclass('ir_module_module')"
    if rows(server, name, query) == [(None,)]:
        return set()
    query = "SELECT name FROM ir_module_module WHERE state = 'installed'"
    return {row[0] for row in rows(server, name, query)}


def drop(server: Server, name: str) -> None:
    """Drop the database, whoever of ours is connected to it.

    Not WITH (FORCE): that fails while autovacuum is in it, which leaves by itself.
    """
    _note(name).unlink(missing_ok=True)
    shutil.rmtree(FILES / name, ignore_errors=True)
    ours = "datname = %s AND usename = current_user"
    query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}"
    rows(server, "postgres", query, name)
    rows(server, "postgres", f'DROP DATABASE IF EXISTS "{name}"')


def copy(server: Server, source: str, target: str) -> None:
    """Make `target` anew as a copy of the database `source`, which nobody uses.

    Files of Odoo are named by their content and never written again: links will do.
    """
    drop(server, target)
    rows(server, "postgres", f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
    if (FILES / source).is_dir():
        shutil.copytree(FILES / source, FILES / target, copy_function=os.link)


def carry(name: str, source: Server, target: Server) -> None:
    """Make database `name` of one server anew on another. The files stay where both
    look for them."""
    rows(target, "postgres", f'DROP DATABASE IF EXISTS "{name}"')
    rows(target, "postgres", f'CREATE DATABASE "{name}"')
    dump = subprocess.Popen(
        [BIN / "pg_dump", "--format=custom", "--compress=0", name],
        env={**os.environ, **source.environment()},
        stdout=subprocess.PIPE,
    )
    with dump:
        subprocess.run(
            [BIN / "pg_restore", "--no-owner", f"--dbname={name}"],
            env={**os.environ, **target.environment()},
            stdin=dump.stdout,
            check=True,
            timeout=300,
        )
    if dump.returncode:
        raise SetupError(f"The database {name} could not be read.")


def rows(server: Server, database: str, query: str, *values: str) -> list[tuple]:
    """What a query tells, on a connection of its own. Raises SetupError."""
    try:
        connection = psycopg2.connect(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            dbname=database,
            connect_timeout=10,
        )
    except psycopg2.OperationalError as error:
        raise SetupError(
            f"The database server does not let us in: {str(error).strip()} "
            "Check ODOO_DB_HOST, ODOO_DB_PORT, ODOO_DB_USER and ODOO_DB_PASSWORD."
        ) from None
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description is not None else []
    finally:
        connection.close()
