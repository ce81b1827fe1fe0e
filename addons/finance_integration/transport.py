"""The network as the sender sees it: nothing from the process's environment, and no
way into the machine or the network the server stands in."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from odoo.addons.finance_core.errors import Refused

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


class _PublicConnection(HTTPSConnection):
    """Looks at whom it reached before it says anything: names may change their
    answer between a look-up and the connection."""

    def _new_conn(self):
        connection = super()._new_conn()
        if not is_public(connection.getpeername()[0]):
            connection.close()
            raise Refused(f"{self.host} is not an address of the internet.")
        return connection


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


def open_session(*, inside: bool) -> requests.Session:
    """A session without proxies and passwords of the environment (.netrc). Only
    with ``inside`` it reaches private addresses; else it raises Refused."""
    session = requests.Session()
    session.trust_env = False
    if not inside:
        adapter = HTTPAdapter()
        adapter.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}
        session.mount("https://", adapter)
    return session
