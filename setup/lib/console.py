"""Words to the person at the terminal: progress on stderr, errors as one sentence."""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROGRESS_EVERY = 10  # seconds


class SetupError(Exception):
    """One clear sentence with what to do about it."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run_step(title: str, command: list, log: Path, advice: str, **popen) -> None:
    """Run a long command quietly into `log`, with a sign of life every few seconds.

    Raises SetupError naming the last line of output, the advice and the log file.
    """
    say(f"{title} …")
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **popen,
        )
        try:
            _wait(process, title, start)
        finally:
            if process.poll() is None:
                process.terminate()
    if process.returncode:
        words = (f"{title} failed: {last_line(log)}", advice, f"Log: {log}.")
        raise SetupError(" ".join(filter(None, words)))
    say(f"{title}: {time.monotonic() - start:.0f} s")


def _wait(process: subprocess.Popen, title: str, start: float) -> None:
    while True:
        try:
            process.wait(timeout=PROGRESS_EVERY)
            return
        except subprocess.TimeoutExpired:
            say(f"{title} … {time.monotonic() - start:.0f} s")


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    told = [line.strip() for line in lines if line.strip()]
    return told[-1] if told else "no output."


def guarded(command: Callable[[list[str]], int]) -> int:
    """The exit status of a command's main; an error is a sentence."""
    try:
        return command(sys.argv[1:])
    except SetupError as error:
        say(f"error: {error}")
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        say(f"error: {_explain(error)}")
    return 1


def leave(status: int) -> None:
    """End this process now, without freeing one by one what Odoo loaded into it."""
    try:
        sys.stdout.flush()
    except OSError:  # nobody reads any more
        status = status or 1
    os._exit(status)


def _explain(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"The disk is full{where}: free some space and run again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"No permission{where}: make it writable for this user and run again."
    return f"{error.strerror or error}{where}."
