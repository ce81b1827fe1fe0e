"""odoo.conf of this clone: every option with the reason it has its value."""

import base64
import configparser
import os
import secrets

from .odoo_source import addons_folders, odoo_home
from .paths import ADDONS, LOCAL, ODOO_CONF
from .postgres import Server

KEY_FILE = LOCAL / "finance.key"
DEMO_DATABASE = "finance_demo"
TEST_DATABASE = "finance_test"
INSTALLED_DATABASE = "finance_installed"  # nobody works in it: it is copied
BENCH_DATABASE = "finance_bench"


def write(server: Server) -> None:
    """Write .local/odoo.conf for `server`, and the key file when there is none."""
    if not KEY_FILE.exists():
        KEY_FILE.touch(mode=0o600)
        KEY_FILE.write_bytes(_fernet_key())
    parser = configparser.ConfigParser(interpolation=None)
    parser["options"] = _options(server)
    # Below the three workers: one is always there for people.
    parser["queue_job"] = {"channels": "root:2"}
    parser["finance_integration"] = {"key_file": str(KEY_FILE)}
    ODOO_CONF.touch(mode=0o600)
    with ODOO_CONF.open("w") as output:
        parser.write(output)


def _options(server: Server) -> dict[str, str]:
    folders = [ADDONS, *addons_folders(odoo_home())]
    return {
        "addons_path": ",".join(str(folder) for folder in folders),
        "admin_passwd": _master_password(),
        "data_dir": str(LOCAL / "data"),
        **server.options(),
        "db_name": DEMO_DATABASE,
        "list_db": "False",
        "http_interface": "127.0.0.1",
        "server_wide_modules": "base,rpc,web,queue_job",
        "max_cron_threads": "1",
        # A job is one request: it drains a batch within these seconds.
        "limit_time_cpu": "600",
        "limit_time_real": "1200",
    }


def _master_password() -> str:
    known = configparser.ConfigParser(interpolation=None)
    known.read(ODOO_CONF)
    return known.get("options", "admin_passwd", fallback=secrets.token_urlsafe(24))


def _fernet_key() -> bytes:
    """A key as cryptography.fernet.Fernet takes it: 32 random bytes, base64."""
    return base64.urlsafe_b64encode(os.urandom(32))
