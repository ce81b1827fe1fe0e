"""PayPal: RSA with a certificate the delivery points to.

https://developer.paypal.com/api/rest/webhooks/rest/ (read November 2026)
What is signed holds only a CRC-32 of the body. A stranger who has seen one delivery
can make another body of the same sum, so a PayPal connector confirms amounts through
the API before they count.
"""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from ..connector import NO_ITEMS, Delivery
from ..errors import FinanceError, SignatureRefused
from .rsa import rsa_sign, rsa_signs
from .scheme import check_fresh, read_header, read_iso_time, read_keys

ALGORITHM = "SHA256withRSA"
CERTIFICATE_PATH = "/v1/notifications/certs/"
MAX_CERTIFICATES = 65536  #: bytes of one download
DOMAIN = ".paypal.com"
RETRIES_END = 3 * 24 * 3600  #: seconds; PayPal tries 25 times in three days


@dataclass(frozen=True, kw_only=True)
class PayPalSignature:
    """The secrets are webhook ids.

    ``fetch(url)`` returns the body of a GET. It follows no redirect, bounds time and
    size, may cache, and raises OSError or a FinanceError. ``roots`` are the trusted
    certificate authorities. Revocation is not looked up.
    """

    timed: ClassVar[bool] = True

    fetch: Callable[[str], bytes] = field(repr=False)
    roots: Sequence[x509.Certificate] = field(repr=False)
    hosts: frozenset[str] = frozenset({"api.paypal.com", "api.sandbox.paypal.com"})
    max_age: int = RETRIES_END + 300
    tolerance: int = 300  #: seconds into the future

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        webhook_ids = read_keys(secrets, str)
        if read_header(delivery, "paypal-auth-algo") != ALGORITHM:
            raise SignatureRefused("another algorithm than the one expected")
        sent_at = read_header(delivery, "paypal-transmission-time")
        check_fresh(read_iso_time(sent_at), now, self.max_age, self.tolerance)
        signature = read_header(delivery, "paypal-transmission-sig")
        transmission_id = read_header(delivery, "paypal-transmission-id")
        key = self._certified_key(read_header(delivery, "paypal-cert-url"), now)
        for webhook_id in webhook_ids:
            message = _message(transmission_id, sent_at, webhook_id, delivery.body)
            if rsa_signs(key, message, signature):
                return
        raise SignatureRefused("no signature matches")

    def _certified_key(self, url: str, now: datetime) -> RSAPublicKey:
        hosts = "|".join(map(re.escape, self.hosts))
        # One pattern for the whole URL: no second parser that could read it otherwise.
        if not re.fullmatch(f"https://({hosts}){CERTIFICATE_PATH}[A-Za-z0-9_-]+", url):
            raise SignatureRefused("the certificate's URL is not PayPal's")
        try:
            chain = self.fetch(url)
        except (OSError, FinanceError) as error:
            raise SignatureRefused("the certificate cannot be fetched") from error
        if len(chain) > MAX_CERTIFICATES:
            raise SignatureRefused("the certificate is too large")
        return read_certified_key(chain, self.roots, now)


@dataclass(frozen=True)
class PayPalSigner:
    """The other side of PayPalSignature, for tests and simulators: ``secret`` is the
    webhook id, ``certificate_url`` where the key's certificate is served."""

    key: RSAPrivateKey = field(repr=False)
    certificate_url: str

    def sign(
        self,
        body: bytes,
        secret: str,
        now: datetime,
        url: str = "",
        headers: Mapping[str, str] = NO_ITEMS,
    ) -> dict[str, str]:
        sent_at = now.isoformat(timespec="seconds").replace("+00:00", "Z")
        transmission_id = f"{zlib.crc32(body):08x}-{int(now.timestamp())}"
        message = _message(transmission_id, sent_at, secret, body)
        return {
            **headers,
            "paypal-auth-algo": ALGORITHM,
            "paypal-cert-url": self.certificate_url,
            "paypal-transmission-id": transmission_id,
            "paypal-transmission-time": sent_at,
            "paypal-transmission-sig": rsa_sign(self.key, message),
        }


def read_certified_key(
    chain: bytes, roots: Sequence[x509.Certificate], now: datetime
) -> RSAPublicKey:
    """The RSA key of the first certificate of ``chain`` (PEM, issuers after it).

    Raises SignatureRefused unless it names a host below paypal.com, is valid at
    ``now`` and leads to one of ``roots`` (RFC 5280 §6, CA/B Forum profile)."""
    try:
        leaf, *issuers = x509.load_pem_x509_certificates(chain)
        policy = PolicyBuilder().store(Store(list(roots))).time(now)
        policy.build_server_verifier(_paypal_name(leaf)).verify(leaf, issuers)
        key = leaf.public_key()
    except (ValueError, VerificationError, x509.ExtensionNotFound) as error:
        raise SignatureRefused("the certificate is not trusted") from error
    if not isinstance(key, RSAPublicKey):
        raise SignatureRefused("the certificate has no RSA key")
    return key


def _paypal_name(leaf: x509.Certificate) -> x509.DNSName:
    """A host name below paypal.com that ``leaf`` is for. Raises ValueError."""
    extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    for name in extension.value.get_values_for_type(x509.DNSName):
        if name.endswith(DOMAIN):
            return x509.DNSName(name.replace("*", "webhooks", 1))
    raise ValueError("the certificate is for other names")


def _message(transmission_id: str, sent_at: str, webhook_id: str, body: bytes) -> bytes:
    text = f"{transmission_id}|{sent_at}|{webhook_id}|{zlib.crc32(body)}"
    return text.encode("utf-8", "backslashreplace")
