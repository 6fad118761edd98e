"""The part of signing that needs pyHanko."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from mhfa_lms.adapters.keys import Key

FIELD: Final = "Signature"
# Hexadecimal digits kept free for the signature: three times what a P-256 signature with its certificate takes.
RESERVED: Final = 8192
# PDF/UA-1, which the files declare, is defined for this version.
VERSION: Final = (1, 7)


class _Writer(IncrementalPdfFileWriter):
    """Adds to a PDF without making it a PDF 2.0, which pyHanko does for the sake of elliptic curves."""

    def ensure_output_version(self, version: tuple[int, int]) -> None:
        """Raise the version, at most to that of PDF/UA-1."""
        super().ensure_output_version(min(version, VERSION))  # type: ignore[no-untyped-call]  # pyHanko has no types here

    def register_extension(self, ext: Any) -> None:
        """Name an extension in use; those that belong to PDF 2.0 would contradict the version."""
        if str(ext.base_version) != "/2.0":
            super().register_extension(ext)


class _PdfSigner(PdfSigner):
    """Signs with the time it is given."""

    at: datetime

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at
        return session


def sign(pdf: bytes, key: Key, *, name: str, location: str, at: datetime) -> bytes:
    """Return the PDF with an invisible signature after its end that certifies it as final."""
    about = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        name=name,
        location=location,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        subfilter=SigSeedSubFilter.PADES,
    )
    # Outside the page PDF/UA asks for no place in the structure; the name is for readers that list signatures.
    field = SigFieldSpec(
        FIELD, on_page=0, invis_sig_settings=InvisSigSettings(box_out_of_bounds=True), readable_field_name=name
    )
    signer = _PdfSigner(about, _signer(key), new_field_spec=field)
    signer.at = at
    out = io.BytesIO()
    # pyHanko makes an event loop for each file, which a thread that runs one already may not: so a thread of its own.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(signer.sign_pdf, _Writer(io.BytesIO(pdf)), bytes_reserved=RESERVED, output=out).result()
    return out.getvalue()


@lru_cache(maxsize=4)
def _signer(key: Key) -> SimpleSigner:
    """Return the signer of a key, kept for the next file."""
    if key.certificate is None:
        raise TypeError(key.id)
    private = key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    [certificate] = load_certs_from_pemder_data(key.certificate.public_bytes(Encoding.DER))
    nothing_else = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko has no types here
    return SimpleSigner(certificate, load_private_key_from_pemder_data(private, None), nothing_else)
