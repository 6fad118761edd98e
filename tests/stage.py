"""Sets the stage for a walk over every page: what only exists while something is under way.

Run as `python -m tests.stage` beside a server with demonstration data, it prints the addresses as JSON.
"""

import json
import sys
from datetime import datetime, timedelta

from sqlalchemy import select, update

from mhfa_lms import clock, db
from mhfa_lms.content.questions import Choice
from mhfa_lms.models import (
    Account,
    Certificate,
    ConversationRun,
    Doing,
    Enrolment,
    EnrolmentState,
    Job,
    LinkKind,
    Membership,
    StoredFile,
    WorkState,
)
from mhfa_lms.policy import Actor
from mhfa_lms.services import (
    accounts,
    assessment,
    catalogue,
    demo,
    exporting,
    help_lines,
    learning,
    links,
    passwords,
    register,
    register_exports,
    stopping,
    waiting,
)
from mhfa_lms.services.demo_people import DOMAIN
from mhfa_lms.services.stopping import Stop
from mhfa_lms.settings import read_settings
from tests import make

# Each in another state: half way, certified, renewing, to be marked, failed once and twice, released, writing, passed,
# withdrawn, corrected, and in the middle of the assessment.
ASSESSED = "sofia.ivanova"
PEOPLE = (
    *("learner", "educator", "instructor", "second.instructor", "coordinator", "other.coordinator", "safeguarding"),
    *("admin", "tariq.haddad", "mateo.silva", "noura.said", "eli.cohen", "ana.ribeiro", "david.osei", "mei.lin"),
    *("ines.moreau", "hana.suzuki", "marek.nowak", "zoe.papadaki", "walter.ames", ASSESSED),
)
# What no link leads to: pages for people who come from outside, and their states.
OUTSIDE = (
    *("/help?country=US", "/v/0000000000000000", "/v?code=nonsense", "/join/alder-valley", "/help/alder-valley"),
    *("/invitation/demo-beatriz-santos", "/invitation/nonsense", "/confirm/nonsense", "/reset/nonsense"),
)
# Has a background check that ends soon, and a certificate recorded from before.
TEACHES, RECORDED = "second.instructor", "walter.ames"
# Has a second step, a passkey that nobody holds: in at the door, but not further.
SECURED = "callum.fraser"
# Whoever signs in with this address and the demonstration's password has not confirmed it yet.
UNCONFIRMED = "unconfirmed@demo.example"
# Whose certificates to check: valid, to renew, expired lately and long ago, withdrawn, replaced.
CHECKED = ("instructor", "educator", "hana.suzuki", "fatou.diallo", "marek.nowak", "zoe.papadaki", "walter.ames")
# One-time links: the kind, where it leads, and whose it is.
LINKS = (
    (LinkKind.CONFIRM, "/confirm/", "ines.moreau"),
    (LinkKind.RESET, "/reset/", "ines.moreau"),
    (LinkKind.CHANGE_ADDRESS, "/account/address/", "ines.moreau"),
    (LinkKind.FIRST_ADMIN, "/setup/", None),
)


def member(who: str) -> Membership:
    """Return one of the demonstration's people."""
    account = select(Account.id).where(Account.email == f"{who}@{DOMAIN}").scalar_subquery()
    query = select(Membership).where(Membership.account_id == account).order_by(Membership.id)
    return db.session().scalars(query).first() or _missing(who)


def _missing(who: str) -> Membership:
    raise LookupError(f"the demonstration has no {who}")


def _check(who: str) -> str:
    query = select(Certificate.code).where(Certificate.membership_id == member(who).id).order_by(Certificate.id)
    return f"/v/{db.session().scalars(query).first()}"


def set_up(now: datetime) -> list[str]:
    """Issue links and begin an assessment in the database in use; returns the addresses nobody links to."""
    addresses = [*OUTSIDE, *map(_check, CHECKED)]
    help_lines.set_public(public=True, by=make.actor(member("coordinator"), now=now), now=now)
    secured = member(SECURED).account_id
    db.session().rollback()
    make.second_step(secured)
    password_hash = passwords.hashed(demo.PASSWORD)
    db.session().rollback()
    with db.transaction() as session:
        accounts.create_account(session, UNCONFIRMED, now=now, locale="en", password_hash=password_hash)
    for kind, place, who in LINKS:
        account_id = member(who).account_id if who else None
        db.session().rollback()
        with db.transaction() as session:
            addresses.append(
                place + links.issue(session, kind, account_id, now=now, data={"email": "new@demo.example"}).secret
            )
    coordinator = stopping.sign(member("coordinator").id, Stop.DIGEST, keys=read_settings().secret_keys)
    addresses.append(f"/stop/{coordinator}")
    sofia = make.actor(member(ASSESSED), now=now)
    enrolment = select(Enrolment.id).where(
        Enrolment.membership_id == sofia.membership_id, Enrolment.state == EnrolmentState.ACTIVE
    )
    enrolment_id = db.session().scalars(enrolment).one()
    db.session().rollback()
    assessment.start(enrolment_id, by=sofia, now=now)
    _two_answers(enrolment_id, sofia, now)
    _long_work(now)
    return addresses


def deep(who: str) -> list[str]:
    """Return the addresses of somebody's own pages that lie too deep for a crawl that keeps two of a kind."""
    if who == "coordinator":
        under_way = select(Enrolment.id).where(Enrolment.membership_id == member("learner").id)
        teaches, recorded = member(TEACHES).id, member(RECORDED).id
        return [
            f"/coordinate/people/courses/{db.session().scalars(under_way).first()}",
            f"/coordinate/people/{recorded}",
            f"/coordinate/people/{teaches}",
            f"/coordinate/people/{teaches}/check",
        ]
    if who == "admin":
        effects = "/admin/rules/{}/effects?organisation={}&value={}".format
        slug = member("coordinator").organisation.slug
        return [effects("reminder_days", slug, "150,60,0"), effects("valid_months", slug, "24")]
    query = select(ConversationRun).join(Enrolment).where(Enrolment.membership_id == member(who).id)
    run = db.session().scalars(query).first()
    if run is None:
        return []
    course = catalogue.course(db.session().get_one(Enrolment, run.enrolment_id).revision)
    step = next(step.id for _module, step in course.steps() if step.conversation == run.conversation)
    address = f"/learn/{run.enrolment_id}/step/{step}"
    return [f"{address}?whole=1", f"{address}/conversation", f"{address}/conversation/way"]


def _two_answers(enrolment_id: int, who: Actor, now: datetime) -> None:
    """Answer a question on two devices, so that there is something to choose."""
    course = catalogue.course(db.session().get_one(Enrolment, enrolment_id).revision)
    step, options = next(
        (step.id, [option.id for option in step.question.options])
        for _module, step in course.steps()
        if isinstance(step.question, Choice)
    )
    db.session().rollback()
    learning.answer(enrolment_id, step, options[:1], by=who, now=now)
    later = waiting.Waited("another-device", step, Doing.ANSWER, tuple(options[1:2]))
    waiting.receive(enrolment_id, [later], by=who, now=now)


def _long_work(now: datetime) -> None:
    """Have a coordinator's exports and a learner's copy stand where such work can stand."""
    coordinator = make.actor(member("coordinator"), now=now)
    learner = make.actor(member("learner"), now=now, password_at=now)
    wanted = register.query(db.session(), register.Filters(), by=coordinator, now=now)
    exports = [
        register_exports.begin(wanted, kind=kind, bom=bom, name=f"register.{kind}", now=now)
        for kind, bom in (("csv", False), ("csv", True), ("xlsx", False), ("xlsx", True))
    ]
    exporting.begin_copy(by=learner, now=now)
    states = (
        {"leased_until": now + timedelta(hours=1), "attempts": 1, "done_units": 5},
        {"error": "OSError", "due_at": now + timedelta(hours=1), "attempts": 1},
        {"state": WorkState.FAILED, "done_at": now},
        {"state": WorkState.DONE, "done_at": now, "done_units": Job.total_units},
    )
    with db.transaction() as session:
        file = StoredFile(key="work/nothing.xlsx", media_type="text/plain", size=1, sha256="0", created_at=now)
        session.add(file)
        session.flush()
        for job_id, values in zip(exports, states, strict=True):
            session.execute(update(Job).where(Job.id == job_id).values(**values))
        session.execute(update(Job).where(Job.id == exports[-1]).values(file_id=file.id))


if __name__ == "__main__":
    db.configure(read_settings().database_url)
    outside = set_up(clock.now())
    sys.stdout.write(json.dumps({"nobody": outside, **{who: deep(who) for who in PEOPLE}}))
