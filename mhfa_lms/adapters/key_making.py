"""Making a key, and the certificate that names its owner."""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

# A certificate of three years is checked long after, and nobody renews the signature on a file in somebody's drawer.
LASTS: Final = timedelta(days=365 * 40)
# RFC 5280 allows 64 characters.
LONGEST_NAME: Final = 64
# RFC 9336: this key signs documents. Readers that do not know it yet look for the protection of mail instead.
DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def make(kind: str, name: str, now: datetime) -> dict[str, str]:
    """Return a new key of a kind ("document" or "badge") in the form in which it is stored."""
    now = now.replace(microsecond=0)
    of_documents = kind == "document"
    private = ec.generate_private_key(ec.SECP256R1()) if of_documents else ed25519.Ed25519PrivateKey.generate()
    # The end comes from the key itself: two made on one day differ, and nobody has to keep count.
    identifier = f"{kind}-{now:%Y-%m-%d}-{fingerprint(private)[:8]}"
    certificate = ""
    if isinstance(private, ec.EllipticCurvePrivateKey):
        certificate = _certificate(private, name, identifier, now).public_bytes(Encoding.PEM).decode("ascii")
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    return {
        "id": identifier,
        "kind": kind,
        "made_at": now.isoformat(),
        "private_key": pem,
        "certificate": certificate,
    }


def _certificate(private: ec.EllipticCurvePrivateKey, name: str, identifier: str, now: datetime) -> x509.Certificate:
    """Return a certificate for signing documents, signed by the key itself: whoever trusts it does so by hand."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, " ".join(name.split())[:LONGEST_NAME].strip() or identifier),
            # Tells this certificate from the next one of the same name.
            x509.NameAttribute(NameOID.SERIAL_NUMBER, identifier),
        ]
    )
    public = private.public_key()
    unused = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, encipher_only=False, decipher_only=False, **unused
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        # Clocks of those who check may be slow.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(private, hashes.SHA256())
    )


def fingerprint(private: PrivateKey) -> str:
    """Return the SHA-256 of the public half (SubjectPublicKeyInfo), hexadecimal."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def base58(data: bytes) -> str:
    """Return bytes in base58btc."""
    number, text = int.from_bytes(data), ""
    while number:
        number, rest = divmod(number, 58)
        text = BASE58[rest] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text
