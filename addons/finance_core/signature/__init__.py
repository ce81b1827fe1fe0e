"""How systems prove that a delivery is their own, and how we prove ours."""

from .adyen import AdyenSignature
from .header import Ed25519Signature, HeaderSignature, HmacSignature
from .jws import BodyHashJwt, DetachedJws
from .paypal import PayPalSignature, PayPalSigner
from .rsa import RsaSignature
from .scheme import Keys, Scheme

__all__ = [
    "AdyenSignature",
    "BodyHashJwt",
    "DetachedJws",
    "Ed25519Signature",
    "HeaderSignature",
    "HmacSignature",
    "Keys",
    "PayPalSignature",
    "PayPalSigner",
    "RsaSignature",
    "Scheme",
]
