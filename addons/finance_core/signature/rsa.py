"""RSA PKCS#1 v1.5 with SHA-256 (RFC 8017 §8.2), pinned: no header chooses it."""

import base64
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)

from .header import HeaderSignature
from .scheme import Keys, decode_base64

MIN_BITS = 2048


def rsa_signs(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    """Whether ``signature`` (canonical base64) signs ``message``."""
    try:
        key.verify(decode_base64(signature), message, PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature):
        return False
    return True


def rsa_sign(key: RSAPrivateKey, message: bytes) -> str:
    """The signature of ``message`` in base64."""
    signature = key.sign(message, PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode("ascii")


@dataclass(frozen=True, kw_only=True)
class RsaSignature(HeaderSignature):
    """Keys in PEM: the system publishes its public one, which we hold."""

    def new_keys(self) -> Keys:
        key = generate_private_key(public_exponent=65537, key_size=MIN_BITS)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return Keys(private.decode("ascii"), public.decode("ascii"))

    def _read_verifying(self, secret: str) -> RSAPublicKey:
        try:
            key = serialization.load_pem_public_key(secret.encode())
        except UnsupportedAlgorithm as error:
            raise ValueError("not a supported key") from error
        if not isinstance(key, RSAPublicKey) or key.key_size < MIN_BITS:
            raise ValueError(f"not an RSA key of at least {MIN_BITS} bits")
        return key

    def _read_signing(self, secret: str) -> RSAPrivateKey:
        key = serialization.load_pem_private_key(secret.encode(), password=None)
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("not an RSA key")
        return key

    def _signature(self, key: RSAPrivateKey, message: bytes) -> str:
        return rsa_sign(key, message)

    def _matches(self, key: RSAPublicKey, message: bytes, candidate: str) -> bool:
        return rsa_signs(key, message, candidate)
