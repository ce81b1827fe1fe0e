"""The way in of every command: install what is missing, then run it inside."""

import importlib
import signal
import sys
from pathlib import Path

from . import venv
from .console import guarded, leave


def start(name: str, script: str) -> None:
    """Run `lib.commands.<name>` inside .local/venv and exit with its status."""
    # A polite end lets the context managers stop what they started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def run(arguments: list[str]) -> int:
        venv.enter(Path(script).resolve())
        commands = importlib.import_module("lib.commands")
        return getattr(commands, name)(arguments)

    leave(guarded(run))
