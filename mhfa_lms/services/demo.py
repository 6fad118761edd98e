"""The demonstration: invented people in two organisations, made in one transaction: it is there wholly or not at all.

Safe to repeat: when its organisations are there, nothing is done. Everybody has the same, published password, so it is
for a computer of one's own only; the commands that call `make` see to that.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from random import Random
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Account,
    Audience,
    Authorisation,
    Certificate,
    CourseRevision,
    Format,
    FormatRequest,
    HelpCheck,
    HelpLine,
    Invitation,
    Job,
    Membership,
    MembershipState,
    Message,
    Organisation,
    Reminder,
    Role,
    Site,
    WorkState,
)
from mhfa_lms.models import Course as CourseRow
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import (
    accounts,
    catalogue,
    demo_answers,
    demo_cases,
    demo_review,
    memberships,
    names,
    organisations,
    outbox,
    passwords,
)
from mhfa_lms.services.demo_people import (
    ALDER,
    ASKS,
    CHECKED,
    DOMAIN,
    INVITED,
    LINES,
    PEOPLE,
    PLACES,
    ROLES,
    Invited,
    Person,
)
from mhfa_lms.services.demo_stories import World, certify, completed_on, learn
from mhfa_lms.services.invitations import LASTS
from mhfa_lms.services.reminder_plan import GRACE
from mhfa_lms.services.secrets import hashed

PASSWORD: Final = "seven-flat-stones"  # noqa: S105  # published on purpose
COURSE: Final = "first-conversation"
FOUNDED: Final = timedelta(days=1900)
# The default days before expiry, and the day of the one reminder in grace.
REMINDED: Final = ((180, 180), (90, 90), (30, 30), (0, 0), (GRACE, -30))
# Mails older than this were sent long ago; newer ones are left for the worker, so that there is something to read.
SENT_AFTER: Final = timedelta(days=1)
NO_MAILBOX: Final = "the mail server refused the mail for good (550)"


class DemoError(RuntimeError):
    """The demonstration cannot be made; the text says why."""


def is_made() -> bool:
    """Whether the demonstration is in the database."""
    return organisations.by_slug(reading(), ALDER) is not None


def has_open_accounts() -> bool:
    """Whether one of the accounts with the known password can sign in."""
    known = [names.email_key(address) for address in addresses()]
    return (
        reading()
        .scalars(select(Account.id).where(Account.email_key.in_(known), Account.deactivated_at.is_(None)).limit(1))
        .first()
        is not None
    )


def make(*, now: datetime, keys: Sequence[str] = ()) -> bool:
    """Make the demonstration as if its people had been at work until `now`. Returns False when it was there already.

    What people wrote to the safeguarding lead is sealed under the first of `keys`; without any, nobody wrote.
    Raises `DemoError` when the course it is about has not been published.
    """
    if is_made():
        return False
    # One hash for everybody, outside the transaction: hashing is meant to take long.
    password_hash = passwords.hashed(PASSWORD)
    with transaction() as session:
        if organisations.by_slug(session, ALDER) is not None:
            return False
        revision = _revision(session)
        _places(session, now)
        members = [(person, _member(session, person, password_hash, now)) for person in PEOPLE]
        world = World(
            session,
            revision,
            catalogue.course(revision),
            now,
            Random(2026),  # noqa: S311  # invented history, not secrets
            _markers(members),
            list(reversed(demo_answers.load().waiting)),
            list(reversed(demo_answers.load().try_again)),
        )
        # In the order in which things happened, so that lists that go by number read right.
        for person, membership in sorted(members, key=_when):
            _live(world, person, membership)
        _rest(world, members)
        people = {person.address: one for person, one in reversed(members)}
        if keys:
            demo_cases.add(session, people, keys, now=now)
        admin = next(one for person, one in members if person.admin)
        demo_review.add(session, people, revision, world.content, admin=admin, now=now)
        # What waits was asked for in the stories' own time; the worker shall not seem to be years behind.
        session.execute(update(Job).where(Job.state == WorkState.WAITING).values(created_at=now, due_at=now))
        return True


def _when(member: tuple[Person, Membership]) -> tuple[bool, int]:
    person = member[0]
    return person.now is not None, min((story.expires_in for story in person.past), default=0)


def _rest(world: World, members: list[tuple[Person, Membership]]) -> None:
    session, now = world.session, world.now
    admin = next(membership.account_id for person, membership in members if person.admin)
    inviters = {
        membership.organisation_id: membership for person, membership in members if Role.COORDINATOR in person.roles
    }
    for one in INVITED:
        _invite(world, one, inviters)
    for person, membership in members:
        if person.address == ASKS:
            session.add(_wish(membership, now))
    for country, days in CHECKED:
        session.add(HelpCheck(country=country, checked_at=now - timedelta(days=days), checked_by_id=admin))
    _send_the_past(session, now)


def _wish(membership: Membership, now: datetime) -> FormatRequest:
    return FormatRequest(
        organisation_id=membership.organisation_id,
        membership_id=membership.id,
        wanted=Format.LANGUAGE,
        details="Vietnamese, if you have it. If not, large print helps too.",
        page="/certificates",
        course="",
        contact="",
        created_at=now - timedelta(days=2),
    )


def _revision(session: Session) -> CourseRevision:
    course_id = session.scalars(select(CourseRow.id).where(CourseRow.slug == COURSE)).one_or_none()
    revision = catalogue.newest_of(session, course_id) if course_id is not None else None
    if revision is None or catalogue.course(revision).scenario(demo_answers.SCENARIO) is None:
        raise DemoError(f"The demonstration needs the course {COURSE} as it comes with the program, published.")
    return revision


def _places(session: Session, now: datetime) -> None:
    for place in PLACES:
        made = organisations.add(
            session,
            place.name,
            slug=place.slug,
            by=SYSTEM,
            now=now - FOUNDED,
            parent=place.parent,
            timezone=place.timezone,
            country=place.country,
            open_to_join=place.open_to_join,
        )
        session.add_all(Site(organisation_id=made.id, name=name, sort_key=names.sort_key(name)) for name in place.sites)
        _lines(session, made, now)
    session.flush()


def _lines(session: Session, place: Organisation, now: datetime) -> None:
    session.add_all(
        HelpLine(organisation_id=place.id, checked_at=now - timedelta(days=days), **words)
        for slug, words, days in LINES
        if slug == place.slug
    )


def _member(session: Session, person: Person, password_hash: str, now: datetime) -> Membership:
    joined = _joined(person, now)
    account = accounts.find(session, person.email)
    if account is None:
        account = accounts.create_account(
            session,
            person.email,
            now=joined,
            locale="en",
            password_hash=password_hash,
            confirmed=True,
            is_admin=person.admin,
        )
        accounts.accept_terms(account, now=joined)
    place = session.scalars(select(Organisation).where(Organisation.slug == person.place)).one()
    site_id = session.scalars(
        select(Site.id).where(Site.organisation_id == place.id, Site.name == person.site)
    ).one_or_none()
    membership = memberships.add(
        session,
        account.id,
        place.id,
        person.name,
        roles={Role.LEARNER, *person.roles},
        audience=person.audience,
        now=joined,
        by=SYSTEM,
        site_id=site_id,
    )
    membership.languages, membership.work_email = person.languages, person.email
    return membership


def _joined(person: Person, now: datetime) -> datetime:
    """Return when somebody joined: before the first thing they did."""
    if person.now:
        return now - timedelta(days=person.now.days_ago + 1)
    oldest = max((1130 - story.expires_in for story in person.past), default=700)
    return now - timedelta(days=oldest)


def _markers(members: list[tuple[Person, Membership]]) -> dict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for person, membership in members:
        if Role.INSTRUCTOR in person.roles:
            found[membership.organisation_id].append(membership.id)
    return dict(found)


def _live(world: World, person: Person, membership: Membership) -> None:
    for story, later in zip_longest(person.past, person.past[1:]):
        certificate = certify(world, membership, story)
        if not story.revoked:
            # Nobody is reminded of a certificate that they have renewed.
            until = completed_on(world, later) if later else world.today
            _remind(world, certificate, membership.account_id, until, leave_newest=not story.reminded)
    if person.now:
        learn(world, membership, person.now)
    if person.listed and person.past:
        membership.listed_since = world.now - timedelta(days=60)
    if person.left:
        membership.state, membership.left_at = MembershipState.LEFT, world.now - timedelta(days=45)
        membership.listed_since = None
    if person.authorised_for is not None:
        world.session.add(
            Authorisation(
                membership_id=membership.id,
                certification_type_id=world.revision.course.certification_type_id,
                valid_from=world.today - timedelta(days=700),
                expires_on=world.today + timedelta(days=person.authorised_for),
            )
        )


def _remind(world: World, certificate: Certificate, account_id: int, until: date, *, leave_newest: bool) -> None:
    """Post the reminders whose day has come, as sent then; the newest may be left for the worker."""
    past = [
        (offset, day)
        for offset, before in REMINDED
        if certificate.starts_on < (day := certificate.expires_on - timedelta(days=before)) <= until
    ]
    for offset, day in past[:-1] if leave_newest else past:
        _sent_reminder(world, certificate, account_id, offset, day)


def _sent_reminder(world: World, certificate: Certificate, account_id: int, offset: int, day: date) -> None:
    at = min(datetime.combine(day, time(9), world.now.tzinfo), world.now - timedelta(hours=2))
    message_id = outbox.post(
        world.session,
        "reminder",
        key=f"reminder:{certificate.code}:{offset}",
        due_at=at,
        now=at,
        account_id=account_id,
        organisation_id=certificate.organisation_id,
        facts={"name": certificate.name, "type": certificate.type_name, "offset_days": offset},
    )
    if message_id is None:
        return
    _sent(world.session.get_one(Message, message_id), at)
    world.session.add(Reminder(certificate_id=certificate.id, offset_days=offset, message_id=message_id, posted_at=at))


def _invite(world: World, one: Invited, inviters: dict[int, Membership]) -> None:
    place = world.session.scalars(select(Organisation).where(Organisation.slug == one.place)).one()
    by = inviters[place.id]
    at = world.now - timedelta(days=one.days_ago, minutes=30)
    # A link that can be tried out, in a demonstration whose password is published as well.
    secret = f"demo-{names.sort_key(one.name).replace(' ', '-')}"
    row = Invitation(
        organisation_id=place.id,
        email=one.email,
        email_key=names.email_key(one.email),
        name=one.name,
        audience=Audience.VOLUNTEER,
        site_id=world.session.scalars(
            select(Site.id).where(Site.organisation_id == place.id, Site.name == one.site)
        ).one_or_none(),
        roles=[Role.LEARNER.value],
        course_id=world.revision.course_id,
        secret_hash=hashed(secret),
        invited_by_id=by.account_id,
        created_at=at,
        expires_at=at + LASTS,
    )
    world.session.add(row)
    world.session.flush()
    message_id = outbox.post(
        world.session,
        "invitation",
        key=f"invitation:{row.id}",
        due_at=at,
        now=at,
        to_address=one.email,
        organisation_id=place.id,
        facts={
            "name": one.name,
            "organisation": place.name,
            "inviter": by.name,
            "course": world.revision.title,
            "path": f"/invitation/{secret}",
        },
    )
    if one.failed and message_id is not None:
        message = world.session.get_one(Message, message_id)
        message.state, message.done_at = WorkState.FAILED, at + timedelta(hours=1)
        message.attempts, message.error = 8, NO_MAILBOX


def _send_the_past(session: Session, now: datetime) -> None:
    """Count the mails of the past as sent when they were due."""
    session.flush()
    old = select(Message).where(Message.state == WorkState.WAITING, Message.due_at < now - SENT_AFTER)
    for message in session.scalars(old):
        _sent(message, message.due_at)


def _sent(message: Message, at: datetime) -> None:
    message.state, message.done_at, message.attempts = WorkState.DONE, at + timedelta(seconds=20), 1
    message.facts = {name: fact for name, fact in message.facts.items() if name != "path"}


def addresses() -> list[str]:
    """Return the addresses of the accounts that are shown."""
    return [f"{name}@{DOMAIN}" for name, _text in ROLES]


def accounts_text() -> str:
    """Return what the screen at the start says: the accounts and the one password."""
    width = max(len(name) for name, _text in ROLES) + len(DOMAIN) + 3
    lines = [f"    {f'{name}@{DOMAIN}':{width}}{text}" for name, text in ROLES]
    return "\n".join(["  Sign in with one of these invented accounts.", f"  Password: {PASSWORD}", "", *lines])
