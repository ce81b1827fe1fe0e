"""Kills, with signal 9, the process that reaches a chosen point of a transaction.

Odoo loads this as a server-wide module when the chaos tests ask for it. The file that
``FINANCE_FAILPOINT`` names holds ``<moment>:<text>``. The first process to reach that
moment of a transaction with a statement that holds the text removes the file and dies:

``statement``  the statement is about to be executed,
``commit``     everything is done but the commit,
``committed``  the commit succeeded and nobody has been told.
"""

import os
import signal
from functools import wraps
from pathlib import Path
from weakref import WeakKeyDictionary

from odoo.sql_db import Cursor

POINT = Path(os.environ["FINANCE_FAILPOINT"])
_reached = WeakKeyDictionary()  # cursor: the texts its transaction has passed


def _wanted() -> tuple[str, str]:
    try:
        moment, _, text = POINT.read_text().partition(":")
    except FileNotFoundError:
        return "", ""
    return moment, text


def _die():
    try:
        POINT.unlink()
    except FileNotFoundError:
        return  # another process was first
    os.kill(os.getpid(), signal.SIGKILL)


def _watch_statements(execute):
    @wraps(execute)
    def watching(cursor, query, *args, **kwargs):
        moment, text = _wanted()
        if text and text in str(getattr(query, "code", query)):
            if moment == "statement":
                _die()
            _reached[cursor] = text
        return execute(cursor, query, *args, **kwargs)

    return watching


def _watch_commits(commit):
    @wraps(commit)
    def watching(cursor):
        moment, text = _wanted()
        wanted = text and _reached.pop(cursor, "") == text
        if wanted and moment == "commit":
            _die()
        commit(cursor)
        if wanted and moment == "committed":
            _die()

    return watching


Cursor.execute = _watch_statements(Cursor.execute)
Cursor.commit = _watch_commits(Cursor.commit)
