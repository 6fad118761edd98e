"""Nothing is shown to people that a translator could not have changed.

Every page is asked for in the pseudo-language, which puts translated text into brackets. What stands outside brackets
must be data: what people and courses say, and the directory of help lines.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, Final

import pyotp
import pytest
from flask import Flask, template_rendered
from flask.testing import FlaskClient
from jinja2 import Template
from sqlalchemy import select, update

from mhfa_lms import clock, db
from mhfa_lms.content import loader, review_parts
from mhfa_lms.content.schema import Course
from mhfa_lms.db import Base
from mhfa_lms.help import lines
from mhfa_lms.jobs import certificate_page
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.models import (
    Account,
    AttemptState,
    Audience,
    Certificate,
    CourseRevision,
    LinkKind,
    Membership,
    Organisation,
    Role,
)
from mhfa_lms.paths import courses_dir, templates_dir
from mhfa_lms.services import invitations, links, passwords, stopping
from mhfa_lms.services.stopping import Stop
from mhfa_lms.settings import Settings
from mhfa_lms.web.account.hours import zones
from tests import make, talk
from tests.jobs.mails import messages
from tests.small_course import course as small_course
from tests.web.test_walk import World, address, sign_in, world

__all__ = ["world"]  # the fixture of the walk
pytestmark = pytest.mark.usefixtures("at_noon")

PSEUDO: Final = "en-XA"
WHO: Final = ("owner", "instructor", "coordinator", "administrator", "nobody")
# These would end what the walk needs.
LEFT_OUT: Final = frozenset({"account.sign_out", "account.sign_out_everywhere", "coordinate.leave", "coordinate.roles",
                      "coordinate.remove_help_line"})  # fmt: skip
# What is not a page by itself: layouts, macros, and mails, which have tests of their own; and the demonstration's style
# guide, whose samples are not translated.
PARTS: Final = re.compile(r"(layouts|components|email|styleguide)/|.*/(parts|nav)\.html")
LINKS: Final = {
    LinkKind.CONFIRM: "/confirm/",
    LinkKind.RESET: "/reset/",
    LinkKind.CHANGE_ADDRESS: "/account/address/",
    LinkKind.FIRST_ADMIN: "/setup/",
}
READ_OUT: Final = frozenset(
    {"aria-label", "alt", "placeholder", "title", "data-saved", "data-failed", "data-clash"}
    | {"data-waiting", "data-known", "data-missing"}
)
KEYS: Final = frozenset({"Shift", "Shift Shift Shift", "Ctrl", "Enter", "Ctrl Enter", "C", "N", "R", "S", "Y"})
# Dates, which Babel writes (in English, for this language); addresses of the site; numbers of certificates.
WRITTEN: Final = re.compile(
    r"\d{1,2} [A-Z][a-z]+ \d{4}(, \d\d:\d\d)?|(https?://)?[\w.]+:\d+/\S+|[0-9A-Z]{4}(-[0-9A-Z]{4}){3}|\b[0-9A-Z]{4}-\d+\b"
)
EDGES: Final = " ,.;:()–-…/+|"


class Reader(HTMLParser):
    """Collects what a page shows, an element a line, and what its attributes tell a screen reader.

    Styles are no words, and code (commands, variables, kinds) is the same in every language.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.said: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style = tag in {"style", "code"}
        self.said += [value for name, value in attrs if name in READ_OUT and value]
        self.shown.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._style = False
        self.shown.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.shown.append(data)


def outside(text: str) -> set[str]:
    """Return the pieces of a text that stand outside brackets and hold letters."""
    depth, kept = 0, ""
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        kept += "\n" if depth or letter == "]" else letter
    pieces = (" ".join(piece.split()).strip(EDGES) for piece in WRITTEN.sub("\n", kept).split("\n"))
    return {piece for piece in pieces if any(letter.isalpha() for letter in piece)}


def untranslated(html: str) -> set[str]:
    """Return what a page shows or says outside brackets."""
    reader = Reader()
    reader.feed(html)
    return set().union(*map(outside, ["".join(reader.shown), *reader.said]))


def texts(value: Any) -> Iterator[str]:
    """Yield every text inside a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from texts(one)


def data() -> str:
    """Return all texts in the database, in the courses' files and in the directory of help lines."""
    session = db.session()
    session.rollback()
    rows = [list(row) for table in Base.metadata.sorted_tables for row in session.execute(select(table))]
    read = [loader.load(path) for path in loader.find(courses_dir())]
    files = [one.model_dump(mode="json") for one in read]
    published = [Course.model_validate(one) for one in session.scalars(select(CourseRevision.document))]
    names = [name for one in [*read, *published] for name in names_in(one)]
    return "\n".join([*texts(rows), *texts(files), *names, str(lines.load())])


def names_in(course: Course) -> Iterator[str]:
    """Yield what reviewers see of the names in a course's files: settings, and what a passage belongs to."""
    for part in review_parts.parts(course):
        yield from (f"{name}: {value}" for name, value in part.facts)
        yield from (f"{one.label} ({one.of})" for one in part.passages)


def is_data(piece: str, known: str) -> bool:
    """Whether a piece of text is data (whole, in a list, numbered, or before the site's name), or names a key."""
    if piece in KEYS:
        return True
    bare = re.sub(r"^\d+\. | – First Aid for Minds$", "", piece)
    # A list, or a page's title with the course it belongs to.
    parts = re.split(r", | and | – ", bare)
    return any(all(part.strip(EDGES) in known for part in some) for some in ([bare], parts))


@pytest.fixture
def shown(app: Flask) -> set[str]:
    """The templates that were drawn since the test began."""
    names: set[str] = set()

    def note(_sender: Flask, template: Template, **_rest: object) -> None:
        names.add(template.name or "")

    template_rendered.connect(note, app, weak=False)
    return names


def reads(client: FlaskClient, path: str, method: str = "GET", **form: str) -> str:
    """Return a page in the pseudo-language; empty when the answer is none."""
    client.set_cookie("language", PSEUDO)
    answer = client.open(path, method=method, data=form, follow_redirects=method == "POST")
    return answer.text if answer.mimetype == "text/html" and answer.status_code not in {302, 303} else ""


def every_route(app: Flask, world: World) -> Iterator[tuple[str, str]]:
    """Yield every route's page as each of the roles, and what it answers to an empty form."""
    for method in ("GET", "POST"):
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
            path = address(rule, world.values)
            if (
                path is None
                or method not in (rule.methods or set())
                or (method == "POST" and rule.endpoint in LEFT_OUT)
            ):
                continue
            for who in WHO:
                yield f"{method} {path} as {who}", reads(sign_in(app.test_client(), world, who), path, method)


def every_link(app: Flask, world: World) -> Iterator[tuple[str, str]]:
    """Yield the pages behind links from mails, and those of people who join."""
    now, nobody = clock.now(), app.test_client()
    place, holder_id = make.organisation("open-to-all", open_to_join=True), make.account("holder@example.org").id
    lead = make.actor(make.member(place, Role.COORDINATOR, name="Lead"), now=now)
    invitations.invite(place.id, "new@example.org", "New Person", roles=[Role.LEARNER], audience=Audience.OTHER,
                       site_id=None, course_id=make.published().course_id, by=lead, now=now)  # fmt: skip
    paths = [
        "/join/open-to-all",
        next(mail.facts["path"] for mail in messages("invitation") if "path" in mail.facts),
        "/reset/nonsense",
    ]
    with db.transaction() as session:
        for kind, start in LINKS.items():
            owner = None if kind is LinkKind.FIRST_ADMIN else holder_id
            paths.append(start + links.issue(session, kind, owner, now=now, data={"email": "new@example.org"}).secret)
    keys = app.extensions["mhfa_settings"].secret_keys
    paths += [f"/stop/{stopping.sign(world.people['coordinator'].id, what, keys=keys)}" for what in Stop]
    for path in paths:
        yield f"{path} as nobody", reads(nobody, path)
        yield f"{path} as owner", reads(sign_in(app.test_client(), world, "owner"), path)
    with nobody.session_transaction() as cookie:
        cookie.update(mailed="new@example.org", unconfirmed={"id": holder_id, "email": "holder@example.org"})
    for path in ("/confirm", "/look-in-your-mail?about=reset", "/look-in-your-mail?about=confirm"):
        yield path, reads(nobody, path)


def earlier(client: FlaskClient, settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield a table of earlier certificates, looked at and recorded: one good, one at fault, one of somebody new."""
    owner = db.session().scalars(select(Account.email).order_by(Account.id).limit(1)).one()
    title = "First aid for mental health: small"
    rows = [
        f"{owner},Sam,{title},2025-03-31,",
        f"{owner},Sam,{title},Sam,",
        f"new@example.org,Sam,{title},2025-03-31,",
    ]
    file = io.BytesIO("\n".join(["email,name,course,completed_on,small", *rows]).encode())
    client.set_cookie("language", PSEUDO)
    # What the worker finds is kept in the language of whoever asked.
    with db.transaction() as session:
        session.execute(update(Account).values(locale=PSEUDO))
    page = "/coordinate/register/earlier"
    path = client.post(page, data={"file": (file, "small")}).headers["Location"]
    db.sessions.remove()
    work_waiting(settings, clock.now, long=True)
    db.sessions.remove()
    yield "a table looked at", client.get(path).text
    yield "what would be recorded", client.get(path.replace("/progress", page)).text
    path = client.post(f"{path.replace('/progress', page)}/record").headers["Location"]
    work_waiting(settings, clock.now, long=True)
    db.sessions.remove()
    yield "a table recorded", client.get(path).text
    yield "what waits", client.get(f"{page}/waiting").text
    code = db.session().scalars(select(Certificate.code).where(Certificate.is_imported)).first()
    yield "where it comes from", client.get(f"/coordinate/certificates/{code}/source").text
    with db.transaction() as session:
        session.execute(update(Account).values(locale="en"))


def every_turn(app: Flask, world: World) -> Iterator[tuple[str, str]]:
    """Yield what learners and markers see at the turns of a course."""
    values, nobody = world.values, app.test_client()
    for path in ("/courses/small", "/v/0000000000000000", "/nowhere"):
        yield path, reads(nobody, path)
    # Programs get this as data.
    yield "an achievement", nobody.get("/achievements/small-type", headers={"Accept": "text/html"}).text
    admin = sign_in(app.test_client(), world, "administrator")
    for path in (
        "reminder_days/effects?value=2000",
        "reminder_days/effects?value=200,60",
        "valid_months/effects?value=9",
    ):
        yield path, reads(admin, f"/admin/rules/{path}")
    yield from earlier(sign_in(app.test_client(), world, "coordinator"), app.extensions["mhfa_settings"])
    learner, marker = (sign_in(app.test_client(), world, who) for who in ("owner", "instructor"))
    here = f"/learn/{values['enrolment_id']}"
    for path in ("/module/one?kept=1", "/step/one-a?kept=1", "/step/two-b?kept=1"):
        yield path, reads(learner, here + path)
    administrator = sign_in(app.test_client(), world, "administrator")
    for shown in ("whole", "note", "summary"):
        path = f"/preview/first-conversation/step/suicide-a-talk-with-leyla?shown={shown}"
        yield path, reads(administrator, path)
    yield "accepting", reads(administrator, f"/admin/courses/{values['revision_id']}/accept")
    marked = {"level-asks": "3", "level-hears": "3", "action-asked": "yes", "feedback": "Sam", "then": "stop"}
    yield "a mark", reads(marker, f"/mark/{values['answer_id']}", "POST", **marked)
    yield "its result", reads(learner, f"/learn/{values['enrolment_id']}/scenario/sam")
    writer = make.member(make.organisation("elsewhere"), Role.INSTRUCTOR, name="Writer")
    writer_id, enrolment = writer.id, make.enrolment(writer)
    make.attempt(enrolment, state=AttemptState.SUBMITTED, submitted_at=make.NOON, points=1, passed=False)
    enrolment_id, place_id = enrolment.id, enrolment.organisation_id
    make.signed_in(nobody, writer)
    for path in ("scenario/sam", "assessment/1/result"):
        yield path, reads(nobody, f"/learn/{enrolment_id}/{path}")
    yield "a marker without leave", reads(nobody, "/mark")
    ordered = make.published(small_course("second", order="in-order"))
    second = make.enrolment(db.session().get_one(Membership, writer_id), ordered)
    yield "a locked step", reads(nobody, f"/learn/{second.id}/step/two-a")
    yield from _what_leads_see(app, world)
    make.member(db.session().get_one(Organisation, place_id), Role.SAFEGUARDING, name="Lead")
    yield "a pause", reads(nobody, f"/learn/{enrolment_id}/pause/two-b")
    yield "a draft", reads(nobody, f"/learn/{enrolment_id}/scenario/sam")


def every_word_of_a_talk(app: Flask) -> Iterator[tuple[str, str]]:
    """Yield a conversation's pages: at its start, on the way, refused, at an ending, and the map of the way."""
    talker, client = make.member(name="Talker"), app.test_client()
    step = f"/learn/{make.enrolment(talker, make.published(talk.course('talking'))).id}/step/{talk.STEP}"
    make.signed_in(client, talker)
    yield "the step", reads(client, step)
    address = f"{step}/conversation"
    yield "a start", reads(client, address)
    yield "nothing said", reads(client, address, "POST", depth="0", scene="door")
    yield "elsewhere", reads(client, address, "POST", depth="4", scene="door")
    for depth, (scene, choice) in enumerate(
        [("door", "push"), ("hurt", "sorry"), ("table", "advise"), ("hurt", "leave")]
    ):
        page = reads(client, address, "POST", depth=str(depth), scene=scene, choice=choice)
        yield f"saying {choice}", page
    yield "the way", reads(client, f"{address}/way")
    yield "a copy", reads(client, f"{address}?kept=1")


def _what_leads_see(app: Flask, world: World) -> Iterator[tuple[str, str]]:
    case = f"/safeguarding/{world.values['case_id']}"
    client = sign_in(app.test_client(), world, "safeguarding")
    yield "cases", reads(client, "/safeguarding")
    for way, form in (("acknowledge", {}), ("note", {}), ("note", {"text": "Sam"}), ("note", {"do": "close"})):
        yield way, reads(client, case, "GET")
        yield way, reads(client, f"{case}/{way}", "POST", **form)
    yield "a case that is over", reads(client, case)


def every_second_step(app: Flask, world: World) -> Iterator[tuple[str, str]]:
    """Yield what people see who set a second step up, change it, and sign in with it."""
    holder, client = make.account("steps@example.org", password_hash=passwords.hashed(make.PASSWORD)), app.test_client()
    account_id, right = holder.id, {"email": "steps@example.org", "password": make.PASSWORD}
    app.extensions["mhfa_settings"] = replace(app.extensions["mhfa_settings"], base_url="http://localhost")
    client.post("/sign-in", data=right)
    yield "none yet", reads(client, "/account/second-step")
    yield "a wrong password", reads(client, "/account/password-again", "POST", password="wrong")
    page = reads(client, "/account/second-step/app")
    offer = re.findall(r'name="offer" type="hidden" value="([^"]+)"', page)[0]
    secret = re.findall(r'<code dir="ltr">([A-Z2-7 ]+)</code>', page)[0].replace(" ", "")
    form = {"offer": offer, "name": "steps@example.org", "code": pyotp.TOTP(secret).at(clock.now())}
    yield "an app", page.replace(secret, "").replace(" ".join(re.findall("....", secret)), "")
    yield "a passkey", reads(client, "/account/second-step/passkey", "POST", name="steps@example.org", answer="x")
    yield "set up", reads(client, "/account/second-step/app", "POST", **form)
    codes = reads(client, "/account/second-step/codes", "POST")
    yield "recovery codes", re.sub(r"<li>.*</li>", "", codes)
    yield "recovery codes again", reads(client, "/account/second-step/codes")
    second = make.second_step(account_id, name="steps@example.org").id
    yield "two", reads(client, "/account/second-step")
    yield "one less", reads(client, f"/account/second-step/{second}/remove")
    other = app.test_client()
    other.post("/sign-in", data=right)
    yield "half open", reads(other, "/sign-in/second-step")
    for path in ("/sign-in/second-step", "/sign-in/recovery-code", "/sign-in/passkey"):
        yield path, reads(other, path, "POST", code="000000", answer="x")


def a_certificate(settings: Settings) -> tuple[str, str]:
    """Return what a certificate says, as it is printed."""
    found = make.certificate(locale=PSEUDO)
    return "a certificate", certificate_page.document(db.session().get_one(Certificate, found.id), settings).html


def test_every_page_can_be_translated(app: Flask, world: World, shown: set[str], settings: Settings) -> None:
    pages = [*every_route(app, world), *every_link(app, world), *every_turn(app, world), a_certificate(settings),
             *every_second_step(app, world), *every_word_of_a_talk(app)]  # fmt: skip
    known = "\n".join([data(), make.REFUSED, str(settings), *(zone.replace("_", " ") for zone in zones())])
    assert {(piece, name) for name, html in pages for piece in untranslated(html) if not is_data(piece, known)} == set()
    drawn = shown | {"certificate/certificate.html"}
    here = {path.relative_to(templates_dir()).as_posix() for path in templates_dir().rglob("*.html")}
    assert {name for name in here - drawn if not PARTS.match(name)} == set(), "pages nobody has looked at here"


def test_what_is_not_translated_is_found() -> None:
    page = '<h1 title="Plain">[Háááding]</h1><p>[Oné <b>%(two)s</b>] two, [threé]</p><style>p {}</style>'
    assert untranslated(page) == {"Plain", "two"}
