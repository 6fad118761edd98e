"""What sending mail is: how it can fail, and the mailers that need no server.

Errors carry codes, never a server's own words: those often repeat the address.
"""

import os
import re
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

OTHER_HOLDS: Final = re.compile(r"[^A-Za-z0-9.@_+-]")


class MailError(Exception):
    """The mail was not sent. The message is a short code without personal data.

    `words` are the server's own, in one line and without addresses. They may still name somebody: not for the log.
    """

    def __init__(self, message: str, words: str = "") -> None:
        super().__init__(message)
        self.words = words


class RefusedError(MailError):
    """The server will never take this mail (an SMTP answer of 5xx): trying again is of no use."""


class AddressRefusedError(RefusedError):
    """The server takes no mail at all for this address: there is no such mailbox, or it is closed."""


class UnavailableError(MailError):
    """No mail can be sent at present: the server is not reached, or does not let us in.

    `early`: it was so before this mail was spoken of, so that it was not tried at all.
    """

    def __init__(self, message: str, words: str = "", *, early: bool = False) -> None:
        super().__init__(message, words)
        self.early = early


class Mailer(Protocol):
    """A way to send mail. Used in a `with` block, which lets go of its connection."""

    def send(self, message: EmailMessage) -> None:
        """Send one mail. Raises `MailError`; when it returns, the mail is safely handed over."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class BaseMailer:
    """What mailers share: used in a `with` block, which ends with letting go of what is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what is held open."""


class RecordingMailer(BaseMailer):
    """A fake for tests: keeps what it is given; `errors` are raised first, one a mail."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        """Keep the mail, or raise the next error."""
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(message)


class FolderMailer(BaseMailer):
    """Writes each mail to a file named after its Message-ID, so that a repeat replaces the first one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: EmailMessage) -> None:
        """Write the mail: first beside its place, then moved, so that nobody ever reads half of one."""
        name = OTHER_HOLDS.sub("_", str(message["Message-ID"]).strip("<> "))
        try:
            # Mails hold one-time links: nobody but the installation's own user may read them.
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = self.folder / f".{name}.{os.getpid()}.part"
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(message.as_bytes(policy=SMTP))
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.folder / f"{name}.eml")
        except OSError as error:
            raise UnavailableError(f"the mail folder cannot be written ({type(error).__name__})") from error
