"""Which mailer an address names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from mhfa_lms.adapters.mail import FolderMailer, Mailer
from mhfa_lms.adapters.smtp import SmtpMailer


def open_mailer(url: str) -> Mailer:
    """Return the mailer of an address: file:///folder, smtp://[user:password@]host[:port] or smtps://..."""
    parts = urlsplit(url)
    return FolderMailer(Path(unquote(parts.path))) if parts.scheme == "file" else SmtpMailer(url)
