"""The demonstration: invented people in two organisations, made in one transaction: it is there wholly or not at all.

Safe to repeat: when its organisations are there, nothing is done. Everybody has the same, published password, so it is
for a computer of one's own only; the commands that call `make` see to that.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from random import Random
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Account,
    Authorisation,
    BackgroundCheck,
    CourseRevision,
    Format,
    FormatRequest,
    HelpCheck,
    Job,
    Membership,
    MembershipState,
    Role,
    WorkState,
)
from mhfa_lms.models import Course as CourseRow
from mhfa_lms.services import (
    catalogue,
    demo_answers,
    demo_cases,
    demo_looks,
    demo_mails,
    demo_places,
    demo_renewals,
    demo_review,
    names,
    organisations,
    passwords,
)
from mhfa_lms.services.demo_certificates import certify, completed_on
from mhfa_lms.services.demo_learning import learn
from mhfa_lms.services.demo_people import ALDER, ASKS, CHECKED, DOMAIN, INVITED, PEOPLE, ROLES, Person
from mhfa_lms.services.demo_world import World

PASSWORD: Final = "seven-flat-stones"  # noqa: S105  # published on purpose
COURSE: Final = "first-conversation"


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
        demo_places.places(session, now)
        members = [(person, demo_places.member(session, person, password_hash, now)) for person in PEOPLE]
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
        people = {person.address: one for person, one in reversed(members)}
        demo_looks.add(session, people, now=now)
        # In the order in which things happened, so that lists that go by number read right.
        for person, membership in sorted(members, key=_when):
            _live(world, person, membership)
        demo_renewals.add(world, people)
        _rest(world, members)
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
        demo_mails.invite(world, one, inviters)
    for person, membership in members:
        if person.address == ASKS:
            session.add(_wish(membership, now))
    for country, days in CHECKED:
        session.add(HelpCheck(country=country, checked_at=now - timedelta(days=days), checked_by_id=admin))
    demo_mails.send_the_past(session, now)


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
            demo_mails.remind(world, certificate, membership.account_id, until, leave_newest=not story.reminded)
    if person.now:
        learn(world, membership, person.now)
    if person.listed and person.past:
        membership.listed_since = world.now - timedelta(days=60)
    if person.left:
        membership.state, membership.left_at = MembershipState.LEFT, world.now - timedelta(days=45)
        membership.listed_since = None
    _allow(world, person, membership)


def _allow(world: World, person: Person, membership: Membership) -> None:
    """Add what an instructor needs to go on: leave to mark, and a background check."""
    if person.authorised_for is not None:
        world.session.add(
            Authorisation(
                membership_id=membership.id,
                certification_type_id=world.revision.course.certification_type_id,
                valid_from=world.today - timedelta(days=700),
                expires_on=world.today + timedelta(days=person.authorised_for),
            )
        )
    if person.checked_for is not None:
        world.session.add(
            BackgroundCheck(
                membership_id=membership.id,
                valid_until=world.today + timedelta(days=person.checked_for),
                recorded_at=world.now - timedelta(days=340),
            )
        )


def addresses() -> list[str]:
    """Return the addresses of the accounts that are shown."""
    return [f"{name}@{DOMAIN}" for name, _text in ROLES]


def accounts_text() -> str:
    """Return what the screen at the start says: the accounts and the one password."""
    width = max(len(name) for name, _text in ROLES) + len(DOMAIN) + 3
    lines = [f"    {f'{name}@{DOMAIN}':{width}}{text}" for name, text in ROLES]
    return "\n".join(["  Sign in with one of these invented accounts.", f"  Password: {PASSWORD}", "", *lines])
