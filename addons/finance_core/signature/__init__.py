"""How systems prove that a delivery is their own, and how we prove ours."""

from .header import Ed25519Signature, HeaderSignature, HmacSignature
from .scheme import Keys, Scheme

__all__ = ["Ed25519Signature", "HeaderSignature", "HmacSignature", "Keys", "Scheme"]
