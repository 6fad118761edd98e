"""Mailers: a folder of files, and a real SMTP server with and without encryption and login."""

import re
import stat
import threading
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from mhfa_lms.adapters import smtp
from mhfa_lms.adapters.mail import (
    AddressRefusedError,
    FolderMailer,
    MailError,
    RefusedError,
    UnavailableError,
)
from mhfa_lms.adapters.mailers import open_mailer
from mhfa_lms.adapters.smtp import SmtpMailer
from tests.smtp import Post, serving, tls

WITH_LOGIN = "smtp://me%40example.org:secret%20w%3Ard@127.0.0.1"


def letter(number: int = 1, to: str = "amina@example.org") -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    made["Message-ID"] = f"<letter-{number}@outbox.invalid>"
    made["From"] = "noreply@example.org"
    made["To"] = to
    made["Subject"] = "Grüße"
    made.set_content("Hello – one line.\n")
    return made


def test_a_folder_gets_one_file_a_message_id_and_a_repeat_replaces_it(tmp_path: Path) -> None:
    folder = tmp_path / "mail drop"
    with open_mailer(f"file://{tmp_path}/mail%20drop") as out:
        out.send(letter(1))
        out.send(letter(2))
        out.send(letter(1))
    assert sorted(file.name for file in folder.iterdir()) == [
        "letter-1@outbox.invalid.eml",
        "letter-2@outbox.invalid.eml",
    ]
    read = message_from_bytes((folder / "letter-1@outbox.invalid.eml").read_bytes(), policy=SMTP)
    assert read["Subject"] == "Grüße"
    assert read.get_content() == "Hello – one line.\r\n"


def test_what_lies_in_the_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    with FolderMailer(tmp_path / "mail") as out:
        out.send(letter())
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "mail").iterdir()] == [0o600]


def test_a_hostile_message_id_stays_in_the_folder(tmp_path: Path) -> None:
    made = letter()
    made.replace_header("Message-ID", "<../../up@x>")
    with FolderMailer(tmp_path / "in" / "mail") as out:
        out.send(made)
    assert [file.parent.name for file in tmp_path.rglob("*.eml")] == ["mail"]


def test_a_folder_that_cannot_be_written_is_not_available(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file stands in the way")
    with FolderMailer(tmp_path / "mail") as out, pytest.raises(UnavailableError, match="mail folder"):
        out.send(letter())


def test_several_mails_go_over_one_connection() -> None:
    with serving() as post, open_mailer(f"smtp://127.0.0.1:{post.port}") as out:
        out.send(letter(1))
        out.send(letter(2))
        assert post.ids == ["<letter-1@outbox.invalid>", "<letter-2@outbox.invalid>"]
        assert len({id(session) for session in post.sessions}) == 1
        assert post.mails[0]["Subject"] == "Grüße"


def test_starttls_is_used_when_it_is_offered() -> None:
    with serving(tls_context=tls()) as post, open_mailer(f"{WITH_LOGIN}:{post.port}") as out:
        out.send(letter())
        assert post.sessions[0].ssl is not None
        assert post.logins == [("me@example.org", "secret w:rd")]


def test_smtps_is_encrypted_from_the_first_byte() -> None:
    with (
        serving(ssl_context=tls(), auth_require_tls=False) as post,
        open_mailer(f"{WITH_LOGIN.replace('smtp:', 'smtps:')}:{post.port}") as out,
    ):
        out.send(letter())
        assert len(post.mails) == 1
        assert post.logins == [("me@example.org", "secret w:rd")]


def test_a_password_never_crosses_the_network_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_is_here", lambda _host: False)
    with serving(auth_require_tls=False) as post, open_mailer(f"{WITH_LOGIN}:{post.port}") as out:
        with pytest.raises(UnavailableError, match="no encryption"):
            out.send(letter())
        assert post.logins == []
        assert post.mails == []


def test_elsewhere_an_unsigned_certificate_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_is_here", lambda _host: False)
    with serving(tls_context=tls()) as post, open_mailer(f"smtp://127.0.0.1:{post.port}") as out:
        with pytest.raises(UnavailableError, match="SSLCertVerificationError"):
            out.send(letter())
        assert post.mails == []


def set_answer(post: Post, where: str, answer: str) -> None:
    getattr(post, f"{where}_answers").append(answer)


@pytest.mark.parametrize(
    ("where", "answer", "kind"),
    [
        ("recipient", "550 5.1.1 amina@example.org is unknown", AddressRefusedError),
        ("recipient", "554 5.7.1 this site is not welcome", RefusedError),
        ("recipient", "450 4.2.1 try later", MailError),
        ("recipient", "530 5.7.0 sign in first", UnavailableError),
        ("data", "554 5.7.1 spam from noreply@example.org", RefusedError),
        ("data", "452 4.3.1 disk full", MailError),
        ("data", "421 4.3.2 shutting down", UnavailableError),
    ],
)
def test_answers_are_told_apart_and_addresses_stay_out_of_them(where: str, answer: str, kind: type[MailError]) -> None:
    with serving() as post, open_mailer(f"smtp://127.0.0.1:{post.port}") as out:
        set_answer(post, where, answer)
        with pytest.raises(MailError) as caught:
            out.send(letter())
        assert type(caught.value) is kind
        assert "@" not in str(caught.value)
        assert answer[:3] in str(caught.value)
        assert caught.value.words == re.sub(r"\S+@\S+", "…", answer[4:])
        # The next mail goes on a new connection.
        out.send(letter(2))
        assert post.ids == ["<letter-2@outbox.invalid>"]


def test_a_wrong_password_says_nothing_about_the_mail() -> None:
    with (
        serving(auth_require_tls=False) as post,
        open_mailer(f"smtp://me:wrong@127.0.0.1:{post.port}") as out,
        pytest.raises(UnavailableError, match="535"),
    ):
        out.send(letter())


def test_no_server_is_not_available() -> None:
    with serving() as post:
        port = post.port
    with open_mailer(f"smtp://127.0.0.1:{port}") as out, pytest.raises(UnavailableError, match="ConnectionRefused"):
        out.send(letter())


def test_a_connection_the_server_has_closed_is_opened_anew() -> None:
    first = Post()
    with serving(first):
        out = SmtpMailer(f"smtp://127.0.0.1:{first.port}")
        out.send(letter(1))
        first.sessions[0].loop.call_soon_threadsafe(first.transports[0].close)
        out.send(letter(2))
        out.close()
        assert first.ids == ["<letter-1@outbox.invalid>", "<letter-2@outbox.invalid>"]


def test_a_server_that_hangs_does_not_hang_us() -> None:
    given_up = threading.Event()
    with serving(Post(before_answer=lambda _mail: given_up.wait(60))) as post:
        out = SmtpMailer(f"smtp://127.0.0.1:{post.port}", timeout=0.2)
        try:
            with pytest.raises(UnavailableError, match="SMTPServerDisconnected"):
                out.send(letter())
        finally:
            given_up.set()
