"""What the commands of setup/ promise where it can be shown without installing."""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from lib import apt_sources, console, locks, odoo_server, odoo_source, postgres
from lib.console import SetupError
from lib.paths import ODOO_BIN, PYTHON

ROOT = Path(__file__).resolve().parents[1]
DEB822 = """# the archive as an image ships it
Types: deb
# a comment between fields
URIs: http://deb.example.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.example.org/debian-security
Suites: bookworm-security
Components: main

Types: deb
Enabled: no
URIs: http://off.example.org/debian
Suites: sid
Components: main
"""
ONE_LINE = """deb [arch=amd64] https://packages.example.com/apt cloud-sdk-bookworm main
# deb http://commented.example.org/debian bookworm main
deb-src http://deb.example.org/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://deb.example.org/debian bookworm main contrib
"""


@pytest.mark.parametrize(
    ("entries", "keyring"),
    [
        (
            apt_sources.deb822_entries(DEB822),
            "/usr/share/keyrings/debian-archive-keyring.gpg",
        ),
        (apt_sources.one_line_entries(ONE_LINE), "/k.gpg"),
    ],
    ids=["deb822", "one-line"],
)
def test_the_main_archive_is_read_with_its_keyring(entries, keyring):
    archive = apt_sources.main_archive(entries, "bookworm")
    assert archive.uri == "http://deb.example.org/debian"
    assert archive.signed_by == keyring


def test_a_keyring_written_into_the_file_is_kept_whole():
    stanza = "Types: deb\nURIs: http://x\nSuites: sid\nComponents: main\n"
    key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ==\n"
    (archive,) = apt_sources.deb822_entries(stanza + key)
    assert archive.signed_by.endswith(".\n mQ==")


def test_a_machine_without_debians_archive_is_told_so():
    ubuntu = "deb http://archive.example.com/ubuntu noble main universe"
    with pytest.raises(SetupError, match="no Debian main archive"):
        apt_sources.main_archive(apt_sources.one_line_entries(ubuntu), "bookworm")


def test_a_port_in_use_is_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port} is already in use"):
            odoo_server.need_free(port)


def test_an_odoo_home_without_odoo_19_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("ODOO_HOME", str(tmp_path))
    with pytest.raises(SetupError, match="holds no Odoo 19"):
        odoo_source.odoo_home()


def test_an_own_database_server_is_used_and_its_password_not_shown(monkeypatch):
    monkeypatch.setenv("ODOO_DB_HOST", "db.example.org")
    monkeypatch.setenv("ODOO_DB_PASSWORD", "hunter2")
    with postgres.running() as server:
        assert server.environment()["PGPASSWORD"] == "hunter2"
        assert "hunter2" not in repr(server)


def test_a_step_that_fails_says_why_and_what_to_do(tmp_path):
    log = tmp_path / "step.log"
    command = ["sh", "-c", "echo the reason; exit 3"]
    with pytest.raises(SetupError, match="the reason Do this. Log: "):
        console.run_step("A step", command, log, "Do this.")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "disk is full"),
        (PermissionError(13, "Permission denied", "/x"), "No permission (/x)"),
        (SetupError("A sentence."), "A sentence."),
    ],
    ids=["disk", "permission", "own"],
)
def test_an_error_is_a_sentence_and_exit_status_1(error, words, capsys):
    def command(arguments):
        raise error

    assert console.guarded(command) == 1
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("--version",), 0, "Odoo Server 19.0"),
        (("server", "--no-such-option"), 2, "no such option"),
        (("no_such_command",), 1, "no_such_command"),
    ],
    ids=["done", "refused by number", "refused in words"],
)
def test_odoo_ends_at_once_with_its_own_status_and_all_its_words(words, status, told):
    run = subprocess.run(
        [PYTHON, ODOO_BIN, *words],
        env={**os.environ, "ODOO_RC": os.devnull},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == status
    assert told in run.stdout + run.stderr


def test_an_older_python_is_told_which_one_is_needed():
    code = (
        "import sys; sys.version_info = (3, 9, 0); "
        f"sys.path.insert(0, {str(ROOT / 'setup')!r}); import lib"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 1
    assert run.stderr.startswith("error: Python 3.11 or newer is needed")


def test_the_last_user_of_a_lock_knows_it_is_the_last(tmp_path):
    first, second = ((tmp_path / "users").open("a") for _ in range(2))
    fcntl.flock(first, fcntl.LOCK_SH)
    fcntl.flock(second, fcntl.LOCK_SH)
    assert not locks.try_exclusive(first)
    second.close()
    assert locks.try_exclusive(first)
    first.close()


def test_the_commands_answer_within_the_environment_they_made():
    run = subprocess.run(
        [ROOT / "setup" / "odoo", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert run.stdout.startswith("Odoo Server 19.0")
