"""A real SMTP server for tests, on a free port of this machine: it keeps what it gets, and refuses when told to."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Protocol
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from tests.ports import free_port

PEM = Path(__file__).parent / "adapters" / "localhost.pem"
OK = "250 OK"


@dataclass
class Post:
    """What the server was given, and what it answers."""

    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    transports: list[Any] = field(default_factory=list)
    sender_answers: list[str] = field(default_factory=list)
    recipient_answers: list[str] = field(default_factory=list)
    data_answers: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    # Called (in the server's own thread) after a mail was taken and before the answer goes out.
    before_answer: Callable[[EmailMessage], Any] | None = None
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ids(self) -> list[str]:
        """The Message-IDs in the order in which mails came."""
        with self.lock:
            return [str(mail["Message-ID"]) for mail in self.mails]

    async def handle_MAIL(  # aiosmtpd fixes the name
        self, server: Protocol, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer MAIL FROM."""
        answer = self.sender_answers.pop(0) if self.sender_answers else OK
        if answer == OK:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # aiosmtpd fixes the name
        self, server: Protocol, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer RCPT TO."""
        answer = self.recipient_answers.pop(0) if self.recipient_answers else OK
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Protocol, session: Session, envelope: Envelope) -> str:
        """Take a mail."""
        if self.data_answers:
            return self.data_answers.pop(0)
        content = envelope.original_content or b""
        mail = message_from_bytes(content, policy=SMTP)
        with self.lock:
            self.mails.append(mail)
            self.raw.append(content)
            self.recipients.extend(str(one) for one in envelope.rcpt_tos)
            self.sessions.append(session)
            self.transports.append(server.transport)
        if self.before_answer:
            self.before_answer(mail)
        return OK

    def authenticate(
        self, server: Protocol, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        """Let in whoever knows the password."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        good = data.password == b"secret w:rd"
        return AuthResult(success=good, handled=good)


def tls() -> ssl.SSLContext:
    """Return the test server's side of TLS, with a certificate that nobody signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context


@contextmanager
def serving(post: Post | None = None, *, ssl_context: ssl.SSLContext | None = None, **options: Any) -> Iterator[Post]:
    """Run a server for the length of the block; `ssl_context` makes it TLS from the first byte."""
    post = post or Post()
    post.port = free_port()
    options.setdefault("authenticator", post.authenticate)
    controller = Controller(post, hostname="127.0.0.1", port=post.port, ssl_context=ssl_context, **options)
    controller.start()
    try:
        yield post
    finally:
        controller.stop()
