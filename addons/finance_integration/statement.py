"""One statement that needs no transaction around it."""

from contextlib import contextmanager

from psycopg2.extensions import STATUS_READY

#: in words of :meth:`connection.set_session`: as the server has it
AS_SERVER = {"isolation_level": "DEFAULT", "readonly": "DEFAULT"}


@contextmanager
def committed_at_once(cr):
    """Inside the block a statement is durable when it returns: one round trip to
    PostgreSQL instead of three (BEGIN, the statement, COMMIT).

    It sees what others have committed (READ COMMITTED). On a cursor whose transaction
    has begun nothing changes: the statement is part of that transaction.
    https://www.psycopg.org/docs/connection.html#connection.autocommit
    """
    connection = cr.connection
    if connection.status != STATUS_READY:
        yield
        return
    before = {
        "isolation_level": connection.isolation_level,
        "readonly": connection.readonly,
    }
    # changed on this side only: in autocommit each change would be a SET of its own
    connection.set_session(**AS_SERVER)
    connection.autocommit = True
    try:
        yield
    finally:
        if not connection.closed:
            connection.autocommit = False
            connection.set_session(**before)
