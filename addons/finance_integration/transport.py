"""The network as the sender sees it: nothing from the process's environment, and no
way into the machine or the network the server stands in."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import SHUT_RDWR, socket
from threading import Timer

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from odoo.addons.finance_core.errors import Refused

TIMEOUT = 30  # seconds to connect, and between two bytes
DEADLINE = 120  # seconds for a whole call, however its answer drips
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1
NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")  # RFC 8215


def is_public(text: str) -> bool:
    """Whether an IP address is one of the internet, also where IPv6 hides an IPv4."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        address = _inner(address) or address
    local = isinstance(address, IPv6Address) and address in NAT64_LOCAL
    return address.is_global and not address.is_multicast and not local


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


_watched: ContextVar[list[socket]] = ContextVar("connections of a session")


class _Timed:
    """A connection that is cut when its session lasts too long: headers that drip, or
    an endless row of interim answers, never run into a timeout between two bytes."""

    def _new_conn(self):
        connection = super()._new_conn()
        _watched.get().append(connection.dup())  # TLS takes the connection itself
        return connection


@contextmanager
def _deadline():
    handles: list[socket] = []
    token = _watched.set(handles)
    alarm = Timer(DEADLINE, _cut, [handles])
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()
        _watched.reset(token)
        for handle in handles:
            handle.close()


def _cut(handles: list[socket]):
    for handle in handles:
        with suppress(OSError):  # it ended at this moment
            handle.shutdown(SHUT_RDWR)


class _TimedHttp(_Timed, HTTPConnection):
    pass


class _TimedHttps(_Timed, HTTPSConnection):
    pass


class _PublicHttps(_TimedHttps):
    """Looks at whom it reached before it says anything: names may change their
    answer between a look-up and the connection."""

    def _new_conn(self):
        connection = super()._new_conn()
        if not is_public(connection.getpeername()[0]):
            connection.close()
            raise Refused(f"{self.host} is not an address of the internet.")
        return connection


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _TimedHttp


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHttps


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHttps


ANYWHERE = {"http": _HttpPool, "https": _HttpsPool}
PUBLIC = {"https": _PublicPool}


@contextmanager
def open_session(*, inside: bool) -> Iterator[requests.Session]:
    """A session without proxies and passwords of the environment (.netrc). Only
    with ``inside`` it speaks plain HTTP and reaches private addresses; else it raises
    Refused. It is cut after DEADLINE seconds, which looks like the end of the answer.
    """
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    pools = ANYWHERE if inside else PUBLIC
    for scheme in pools:
        adapter = HTTPAdapter()
        adapter.poolmanager.pool_classes_by_scheme = pools
        session.mount(f"{scheme}://", adapter)
    with _deadline(), session:
        yield session
