"""Sending mail through an SMTP server, step by step, so that what went wrong is known."""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from mhfa_lms.adapters.mail import AddressRefusedError, BaseMailer, MailError, RefusedError, UnavailableError

TIMEOUT_S: Final = 20.0
SMTP_PORT: Final = 25
SUBMISSION_PORT: Final = 587
SMTPS_PORT: Final = 465
PERMANENT: Final = 500
LONGEST_WORDS: Final = 200
ADDRESS: Final = re.compile(r"<[^>]*>|\S*@\S*")
SMTP_ERROR: Final = 400
# "Service not available, closing": may come at any moment, and says nothing about the mail.
CLOSING: Final = 421
GOOD: Final = 250
TAKEN: Final = frozenset({250, 251})
# 530 asks for a login and 534, 538 for another kind of one: the settings are at fault, not the mail.
SETTINGS_AT_FAULT: Final = frozenset({530, 534, 538})
# 550 to 553 say that there is no such mailbox, or that it takes nothing; other codes speak of the mail or the dialogue.
NO_MAILBOX: Final = frozenset({550, 551, 552, 553})


class SmtpMailer(BaseMailer):
    """Hands mails to an SMTP server, several over one connection."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT_S) -> None:
        self.url = urlsplit(url)
        self.timeout = timeout
        self._connection: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        """Send one mail; the connection is opened when the first one needs it."""
        try:
            with _told_apart(early=True):
                connection, parcel = self._begin(message)
            with _told_apart():
                _hand_over(connection, parcel)
        except UnavailableError:
            # Whether the server still listens is not certain: the next mail begins a new dialogue.
            self.close()
            raise
        except MailError:
            self._begin_anew()
            raise

    def _begin(self, message: EmailMessage) -> tuple[smtplib.SMTP, "_Parcel"]:
        """Have the sender accepted. A connection that the server has closed since the last mail is opened anew."""
        if self._connection is not None:
            try:
                parcel = _parcel(message, self._connection)
                _sender(self._connection, parcel)
                return self._connection, parcel
            except (OSError, smtplib.SMTPServerDisconnected, smtplib.SMTPSenderRefused) as error:
                # Many servers take so many mails over one connection, and answer the next one 421 or not at all.
                if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code != CLOSING:
                    raise
                self.close()
        self._connection = connection = _connect(self.url, self.timeout)
        parcel = _parcel(message, connection)
        _sender(connection, parcel)
        return connection, parcel

    def _begin_anew(self) -> None:
        """After a refusal, have the server forget the mail; where it does not, let go of the connection."""
        try:
            if self._connection is not None and self._connection.rset()[0] < SMTP_ERROR:
                return
        except (OSError, smtplib.SMTPException):
            pass
        self.close()

    def close(self) -> None:
        """Say goodbye to the server, if it still listens."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except (OSError, smtplib.SMTPException):
            connection.close()


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A mail as one server can take it: envelope, options of MAIL FROM, and the bytes."""

    sender: str
    recipient: str
    options: tuple[str, ...]
    content: bytes


def _parcel(message: EmailMessage, connection: smtplib.SMTP) -> _Parcel:
    sender, recipient = _address(message["From"]), _address(message["To"])
    eight_bits, policy = connection.has_extn("8bitmime"), SMTP
    options = ["BODY=8BITMIME"] if eight_bits else []
    if not (sender.isascii() and recipient.isascii()):
        # smtplib itself refuses where the server does not know it.
        options.append("SMTPUTF8")
        policy = SMTP.clone(utf8=True)
    content = message.as_bytes(policy=policy if eight_bits else policy.clone(cte_type="7bit"))
    if connection.has_extn("size"):
        options.append(f"SIZE={len(content)}")
    return _Parcel(sender, recipient, tuple(options), content)


def _address(header: Any) -> str:
    """Return the one address of a header, its domain in ASCII. Raises `RefusedError` when there is not just one."""
    found: tuple[Any, ...] = header.addresses if header is not None else ()
    if len(found) != 1:
        raise RefusedError("the mail does not go to exactly one address")
    local, _at, domain = found[0].addr_spec.rpartition("@")
    try:
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise AddressRefusedError("the address cannot be a mail address") from error


def _sender(connection: smtplib.SMTP, parcel: _Parcel) -> None:
    code, words = connection.mail(parcel.sender, parcel.options)
    if code != GOOD:
        raise smtplib.SMTPSenderRefused(code, words, parcel.sender)


def _hand_over(connection: smtplib.SMTP, parcel: _Parcel) -> None:
    code, words = connection.rcpt(parcel.recipient)
    if code not in TAKEN:
        raise smtplib.SMTPRecipientsRefused({parcel.recipient: (code, words)})
    code, words = connection.data(parcel.content)
    if code != GOOD:
        raise smtplib.SMTPDataError(code, words)


def _connect(url: SplitResult, timeout: float) -> smtplib.SMTP:
    host = url.hostname or "localhost"
    user, password = unquote(url.username or ""), unquote(url.password or "")
    context = _tls(host)
    connection: smtplib.SMTP
    if url.scheme == "smtps":
        connection = smtplib.SMTP_SSL(host, url.port or SMTPS_PORT, timeout=timeout, context=context)
    else:
        connection = smtplib.SMTP(host, url.port or (SUBMISSION_PORT if user else SMTP_PORT), timeout=timeout)
    try:
        connection.ehlo_or_helo_if_needed()
        safe = url.scheme == "smtps" or _is_here(host)
        if url.scheme == "smtp" and connection.has_extn("starttls"):
            connection.starttls(context=context)
            connection.ehlo()
            safe = True
        if user:
            if not safe:
                raise UnavailableError("the server offers no encryption, so the password was not sent")
            connection.login(user, password)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(host: str) -> ssl.SSLContext:
    """Return how to encrypt: with the certificate checked, but for this very machine, whose own is seldom signed."""
    context = ssl.create_default_context()
    if _is_here(host):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _told_apart(*, early: bool = False) -> Iterator[None]:
    """Turn what smtplib raises into refused for good, not available at present, or try again.

    `early`: before the recipient was named, so that whatever happens says nothing about this mail.
    """
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise _answered(code, words, about_address=True) from error
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
        # Our own credentials or name were refused: that says nothing about the mail.
        said = f"the mail server refused the connection ({error.smtp_code})"
        raise UnavailableError(said, _words(error.smtp_error), early=early) from error
    except smtplib.SMTPResponseException as error:
        raise _answered(error.smtp_code, error.smtp_error, early=early) from error
    except smtplib.SMTPNotSupportedError as error:
        raise RefusedError("the mail server does not support what this address or login needs") from error
    except (OSError, smtplib.SMTPException) as error:
        raise UnavailableError(f"the mail server was not reached ({type(error).__name__})", early=early) from error


def _answered(code: int, text: bytes | str, *, about_address: bool = False, early: bool = False) -> MailError:
    words = _words(text)
    if code in SETTINGS_AT_FAULT or code == CLOSING:
        return UnavailableError(f"the mail server refused the connection ({code})", words, early=early)
    if code >= PERMANENT:
        kind = AddressRefusedError if about_address and code in NO_MAILBOX else RefusedError
        return kind(f"the mail server refused the mail for good ({code})", words)
    return MailError(f"the mail server asked to try again later ({code})", words)


def _words(text: bytes | str) -> str:
    """Return what a server answered in one line of printable letters, with addresses left out."""
    read = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    line = "".join(letter if letter.isprintable() else " " for letter in read)
    return " ".join(ADDRESS.sub("…", line).split())[:LONGEST_WORDS]
