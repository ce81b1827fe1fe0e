"""Where things are. One clone keeps its state in .local/; clones share the cache."""

import os
import shutil
from pathlib import Path

from .console import SetupError

ROOT = Path(__file__).resolve().parents[2]
ADDONS = ROOT / "addons"
LOCAL = ROOT / ".local"
LOGS = LOCAL / "logs"
VENV = LOCAL / "venv"
PYTHON = VENV / "bin" / "python"
ODOO_BIN = VENV / "bin" / "odoo"
ODOO_CONF = LOCAL / "odoo.conf"
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    / "finance-integration"
)


def need_space(folder: Path, gigabytes: int) -> None:
    """Raise SetupError unless the disk of `folder` has that much room."""
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < gigabytes * 10**9:
        raise SetupError(
            f"Less than {gigabytes} GB free for {folder}: make room and run again."
        )
