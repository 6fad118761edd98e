"""Every kind of mail in every language of the test matrix; text and HTML tell the same."""

import html
import re
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from mhfa_lms.i18n import format_span
from mhfa_lms.jobs.letters import Letter, Written, compose, write
from mhfa_lms.models import LinkKind
from mhfa_lms.paths import static_dir, templates_dir
from mhfa_lms.services import invitations
from mhfa_lms.services.links import LASTS
from mhfa_lms.settings import Settings, read_settings

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
PERSON = {"name": "Amina <Yusuf>", "organisation": "North & Co"}
HELD = {**PERSON, "type": 'First "aider"', "expires_on": "2027-02-19", "offset_days": 90}
REMINDER = {
    **HELD,
    "window_opens_on": "2026-08-19",
    "window_closes_on": "2027-05-19",
    "audience": "volunteer",
    "path": "/certificates/ABCD",
    "membership_id": 7,
    "event": "certificate:ABCD",
}
SECRET = "/confirm/one-time-secret"
# The facts of each kind, as those who post them pass them.
FACTS: dict[str, dict[str, Any]] = {
    "confirm-address": {"path": SECRET},
    "account-exists": {"path": "/forgot"},
    "reset-password": {"path": SECRET},
    "change-address": {"path": SECRET},
    "address-changed": {"new_hint": "a***@example.org"},
    "password-changed": {},
    "second-step": {"what": "passkey-added", "path": "/account/second-step"},
    "invitation": {**PERSON, "inviter": "Ben <b>", "course": "The first > conversation", "path": "/invitation/secret"},
    "scenario-result": {
        "name": "Amina <Yusuf>",
        "scenario": "Sam & the shift",
        "course": "The first > conversation",
        "passed": True,
        "path": "/learn/1/scenario/sam",
    },
    "activity-decided": {
        "name": "Amina <Yusuf>",
        "step": "A talk & a walk",
        "course": "The first > conversation",
        "confirmed": False,
        "path": "/learn/1/step/talk",
    },
    "review-asked": {
        "name": "Ben <b>",
        "course": "The first > conversation",
        "number": 2,
        "clinical": True,
        "fresh": False,
        "path": "/review/first-conversation",
    },
    "attempt-released": {"name": "Amina <Yusuf>", "course": "The first > conversation", "path": "/learn/1"},
    "certificate-withdrawn": {
        **PERSON,
        "type": "First aider",
        "withdrawn_on": "2026-11-21",
        "path": "/certificates/ABCD",
    },
    "certificate-ready": {**PERSON, "type": "First aider", "expires_on": "2029-11-21", "path": "/certificates/ABCD"},
    "reminder": REMINDER,
    "coordinator-digest": {
        "organisation": "North & Co",
        **{"every": "monthly", "due": 1, "grace": 2, "lapsed": 0, "failed": 3},
        "path": "/coordinate",
        "membership_id": 7,
    },
    "safeguarding": {"what": "late", "organisation": "North & Co", "path": "/safeguarding", "case": 1},
    "format-request": {"organisation": "North & Co", "path": "/coordinate/formats"},
    "authorisation-reminder": {**HELD, "event": "authorisation:7"},
    "authorisation-extended": {
        **PERSON,
        **{"type": 'First "aider"', "ended_on": "2026-12-31", "begins_on": "2027-01-01", "expires_on": "2027-03-31"},
        **{"needed": 2, "path": "/account"},
    },
    "check-reminder": {**PERSON, "expires_on": "2027-02-19", "offset_days": 90, "event": "check-reminder:7:2027-02-19"},
    "delivery-reminder": {**HELD, "taught": 1, "needed": 2, "event": "delivery-reminder:7:2026-02-20"},
    "copy-ready": {"path": "/progress/7", "until_on": "2026-11-28"},
    "account-deleted": {"kept": ["North & Co", "Harbour <Schools>"]},
}
# Facts for the headers, the calendar file and the choice of words.
UNSEEN = {"membership_id", "event", "every"}
LOCALES = ["en", "en-XA", "ar-XB"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(
        {"MHFA_DATA_DIR": str(tmp_path), "MHFA_BASE_URL": "https://learn.example.org", "MHFA_SECRET_KEY": "k" * 20}
    )


def letter(kind: str, locale: str = "en", **changes: Any) -> Letter:
    return Letter(kind, "amina@example.org", locale, {**FACTS[kind], **changes}, "<id@outbox.invalid>")


def plain(page: str) -> str:
    """Return an HTML mail as a reader sees it, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def unfolded(text: str) -> list[str]:
    """Return a text's paragraphs, each in one line as it was before folding; items of a list apart."""
    return [re.sub(r"\s+", " ", part) for part in re.split(r"\n\n|\n(?=- |--$)", text)]


def test_these_are_all_the_kinds() -> None:
    files = {path.name for path in (templates_dir() / "email").glob("*.*")}
    kinds = {name.rsplit(".", 1)[0] for name in files} - {"layout", "parts"}
    assert kinds == set(FACTS)
    assert files >= {f"{kind}.{ending}" for kind in kinds for ending in ("txt", "html")}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", FACTS)
def test_text_and_html_say_the_same(kind: str, locale: str, settings: Settings) -> None:
    written = write(letter(kind, locale), settings, today=TODAY)
    page = squeezed(plain(written.html))
    for line in written.text.splitlines():
        words = line.removeprefix("- ").removesuffix(":")
        assert line in {"--", ""} or squeezed(words) in page, line
    assert written.subject
    assert "\n" not in written.subject
    assert squeezed(f"<title>{html.escape(written.subject)}") in squeezed(written.html).replace("&#34;", "&quot;")
    assert f'dir="{"rtl" if locale == "ar-XB" else "ltr"}"' in written.html.split("<head>")[0]


# These decide which words are said.
NOT_SAID = {
    *("audience", "offset_days", "passed", "confirmed", "window_opens_on", "what", "case", "clinical", "fresh"),
}


@pytest.mark.parametrize("kind", FACTS)
def test_every_fact_is_told_in_both(kind: str, settings: Settings) -> None:
    written = write(letter(kind), settings, today=TODAY)
    for name, value in FACTS[kind].items():
        if name in NOT_SAID | UNSEEN:
            continue
        shown = f"https://learn.example.org{value}" if name == "path" else str(value)
        if name.endswith("_on"):
            day = date.fromisoformat(value)
            shown = f"{day.day} {day:%B %Y}"
        for words in value if isinstance(value, list) else [shown]:
            assert words in " ".join(written.text.split()), name
            assert words in plain(written.html), name


@pytest.mark.parametrize("kind", FACTS)
def test_text_keeps_to_its_width_and_leaves_no_gap(kind: str, settings: Settings) -> None:
    for facts in (FACTS[kind], {**FACTS[kind], "name": "Amina Yusuf", "organisation": "The Long Name of an Academy"}):
        text = write(Letter(kind, "a@example.org", "en", facts, "<x@y>"), settings, today=TODAY).text
        assert [line for line in text.splitlines() if len(line) > 72 and not line.startswith("http")] == []
        assert not re.search(r" ,|\bNone\b|  \w|“”|\n\n\n", text)


@pytest.mark.parametrize("kind", [kind for kind, facts in FACTS.items() if "name" not in facts])
def test_a_greeting_does_without_a_name_and_uses_one(kind: str, settings: Settings) -> None:
    assert write(letter(kind), settings, today=TODAY).text.startswith("Hello,\n")
    assert write(letter(kind, name="Amina Yusuf"), settings, today=TODAY).text.startswith("Hello Amina Yusuf,\n")


@pytest.mark.parametrize(
    ("kind", "lasts"),
    [
        ("confirm-address", LASTS[LinkKind.CONFIRM]),
        ("reset-password", LASTS[LinkKind.RESET]),
        ("change-address", LASTS[LinkKind.CHANGE_ADDRESS]),
        ("invitation", invitations.LASTS),
    ],
)
def test_a_link_is_said_to_work_for_as_long_as_it_does(kind: str, lasts: timedelta, settings: Settings) -> None:
    assert f"for {format_span(lasts)}." in " ".join(write(letter(kind), settings, today=TODAY).text.split())


def test_mails_wear_the_colours_of_the_pages() -> None:
    tokens = set(re.findall(r"#[0-9A-F]{6}", (static_dir() / "css/00-tokens.css").read_text(encoding="utf-8")))
    folder = templates_dir() / "email"
    worn = {colour for path in folder.glob("*.html") for colour in re.findall(r"#[0-9A-Fa-f]{3,8}\b", path.read_text())}
    assert len(worn) > 8
    assert worn <= tokens


@pytest.mark.parametrize(("inviter", "says"), [("Ben", "Ben invites you"), ("", "The people who run First Aid")])
def test_a_coordinators_invitation_says_what_they_are_invited_to(inviter: str, says: str, settings: Settings) -> None:
    written = write(letter("invitation", coordinator=True, inviter=inviter), settings, today=TODAY)
    for text in (" ".join(written.text.split()), plain(written.html)):
        assert says in text
        assert "as a coordinator" in text
        assert "keeps the register" in text


@pytest.mark.parametrize("kind", FACTS)
def test_every_sentence_of_a_mail_can_be_translated(kind: str, settings: Settings) -> None:
    """The pseudo-locale accents what was translated: what remains plain was never given to the translators."""
    written = write(letter(kind, "en-XA"), settings, today=TODAY)
    facts = [settings.site_name]
    for value in FACTS[kind].values():
        facts += value if isinstance(value, list) else [str(value)]
    for line in [written.subject, *unfolded(written.text)]:
        rest = re.sub(r"\[[^\]]*\]", "", line)
        for fact in sorted(facts, key=len, reverse=True):
            rest = rest.replace(fact, "")
        assert not re.search(r"[A-Za-z]{3}", re.sub(r"https?://\S+", "", rest)), line


@pytest.mark.parametrize("kind", FACTS)
def test_no_fact_becomes_markup(kind: str, settings: Settings) -> None:
    hostile = {name: "<script>x</script>" for name, value in FACTS[kind].items() if name in {"name", "organisation"}}
    written = write(letter(kind, **hostile), settings, today=TODAY)
    assert "<script" not in written.html
    assert ("&lt;script&gt;" in written.html) == bool(hostile)
    assert ("<script>x</script>" in written.text) == bool(hostile)


def reminder(settings: Settings, today: str, **changes: Any) -> Written:
    return write(letter("reminder", **changes), settings, today=date.fromisoformat(today))


def test_volunteers_educators_and_colleagues_are_written_to_in_their_own_words(settings: Settings) -> None:
    texts = {
        audience: reminder(settings, "2026-11-21", audience=audience).text
        for audience in ("volunteer", "educator", "workplace", "other")
    }
    assert len(set(texts.values())) == 4
    assert "the time you give" in texts["volunteer"]
    assert "Terms fill up" in texts["educator"]
    assert "your organisation’s list" in texts["workplace"]
    assert "list of people" not in texts["other"]


@pytest.mark.parametrize(
    ("today", "subject", "sentence"),
    [
        ("2026-11-21", "Your certificate is valid until 19 February 2027", "is valid until 19 February 2027, that day"),
        ("2027-02-19", "Today is the last day of your certificate", "Today, 19 February 2027, is the last day"),
        ("2027-02-20", "You can still renew your certificate until 19 May 2027", "was valid until 19 February 2027."),
    ],
)
def test_a_reminder_speaks_of_the_day_it_is_sent(today: str, subject: str, sentence: str, settings: Settings) -> None:
    written = reminder(settings, today)
    assert written.subject == subject
    assert sentence in " ".join(written.text.split())


def test_a_reminder_posted_as_if_later_speaks_of_that_day(settings: Settings) -> None:
    assert "was valid until" in reminder(settings, "2026-11-21", as_of="2027-03-21").text
    assert "was valid until" in reminder(settings, "2027-03-21", as_of="2026-11-21").text


def test_before_the_window_opens_the_reminder_says_when_it_does(settings: Settings) -> None:
    assert "from 19 August 2026 to 19 May 2027" in reminder(settings, "2026-08-18").text
    assert "You can renew until 19 May 2027" in reminder(settings, "2026-08-19").text


def test_the_headers_say_who_what_and_that_no_person_wrote_it(settings: Settings) -> None:
    mail = compose(letter("reminder"), settings, now=NOW)
    assert mail["Message-ID"] == "<id@outbox.invalid>"
    assert parsedate_to_datetime(mail["Date"]) == NOW
    assert mail["From"] == "First Aid for Minds <noreply@learn.example.org>"
    assert mail["To"] == "amina@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en"
    body, calendar = mail.iter_parts()
    assert [part.get_content_type() for part in body.iter_parts()] == ["text/plain", "text/html"]
    assert (calendar.get_content_type(), calendar.get_filename()) == ("text/calendar", "renewal.ics")
    assert calendar.get_param("method") == "PUBLISH"


@pytest.mark.parametrize("kind", FACTS)
def test_only_what_can_be_stopped_says_how(kind: str, settings: Settings) -> None:
    mail = compose(letter(kind), settings, now=NOW)
    if kind not in {"reminder", "coordinator-digest"}:
        assert "List-Unsubscribe" not in mail
        assert "List-Unsubscribe-Post" not in mail
        return
    found = re.fullmatch(r"<(https://learn\.example\.org/stop/\S+)>", mail["List-Unsubscribe"])
    assert found
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # The same link stands in the mail itself.
    text = mail.get_body(("plain",))
    assert text is not None
    assert found[1] in text.get_content()


def test_a_name_with_a_line_break_adds_no_header(settings: Settings) -> None:
    mail = compose(letter("invitation", organisation="North\r\nBcc: all@example.org"), settings, now=NOW)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "North Bcc: all@example.org invites you"


def test_the_licence_the_operator_states_takes_the_place_of_the_disclaimer(tmp_path: Path) -> None:
    env = {"MHFA_DATA_DIR": str(tmp_path), "MHFA_SECRET_KEY": "k" * 20}
    stated = read_settings({**env, "MHFA_LICENCE_STATEMENT": "Licensed by the provider of Atlantis."})
    for settings, sentence in (
        (
            read_settings(env),
            "Independent; not affiliated with or licensed by MHFA International or any national provider.",
        ),
        (stated, "Licensed by the provider of Atlantis."),
    ):
        written = write(letter("password-changed"), settings, today=TODAY)
        assert sentence in " ".join(written.text.split())
        assert sentence in plain(written.html)


def test_a_kind_or_a_fact_that_is_missing_is_an_error(settings: Settings) -> None:
    with pytest.raises(TemplateNotFound):
        write(Letter("no-such-kind", "a@example.org", "en", {}, "<x@y>"), settings, today=TODAY)
    with pytest.raises(UndefinedError):
        write(Letter("invitation", "a@example.org", "en", {"path": "/x"}, "<x@y>"), settings, today=TODAY)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("app-added", "An app that shows codes was added"),
        ("passkey-added", "A passkey was added"),
        ("app-removed", "An app that shows codes was removed"),
        ("passkey-removed", "A passkey was removed"),
        ("codes-made", "Ten recovery codes were made"),
        ("code-used", "one of your recovery codes"),
        ("reset", "removed every second step"),
    ],
)
def test_every_change_of_the_second_step_has_its_words(what: str, words: str, settings: Settings) -> None:
    written = write(letter("second-step", what=what), settings, today=TODAY)
    assert words in written.text
    assert words in plain(written.html)
    accented = write(letter("second-step", "en-XA", what=what), settings, today=TODAY)
    assert words not in accented.text
    assert accented.subject.startswith("[")


NEXT = {"steps_left": 3, "minutes_left": 1, "next_title": "A <b>talk</b>", "aim_on": "2026-12-24"}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("what", "words", "aims"),
    [
        ("step", "What comes next: the step “A <b>talk</b>”. Still to come: 3 steps (about 1 minute).", True),
        ("assessment", "What comes next: the assessment", True),
        ("scenario", "what you would say and do in “A <b>talk</b>”.", True),
        ("wait", "There is nothing for you to do now", False),
        ("session", "a live session", True),
        ("prerequisites", "Something else comes before this course.", True),
        ("finished", "you have done everything in this course", False),
    ],
)
def test_mails_about_learning_say_what_comes_next_and_by_when(
    what: str, words: str, aims: bool, locale: str, settings: Settings
) -> None:
    for kind in ("attempt-released", "scenario-result", "activity-decided"):
        written = write(letter(kind, locale, next=what, confirmed=True, **NEXT), settings, today=TODAY)
        text, page = " ".join(written.text.split()), plain(written.html)
        if locale == "en":
            assert words in text
            assert squeezed(words) in squeezed(page)
            aim = squeezed("aim for is 24 December 2026")
            assert (aim in squeezed(text)) == (aim in squeezed(page)) == aims
        else:
            assert "What comes next" not in text + page
        assert "<b>talk" not in written.html


def test_mails_about_certificates_say_what_comes_next(settings: Settings) -> None:
    ready = letter("certificate-ready", renew_from_on="2029-05-21", renew_until_on="2030-02-21")
    assert "you can renew it from 21 May 2029 to 21 February 2030." in " ".join(
        write(ready, settings, today=TODAY).text.split()
    )
    for begun, words in ((False, "take “A refresher”. You begin with one press"), (True, "go on with “A refresher”")):
        told = letter("reminder", renew_with="A refresher", renew_begun=begun)
        assert words in " ".join(write(told, settings, today=TODAY).text.split())
