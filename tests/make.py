"""Builders: a test names only the facts it is about, and these fill in the rest."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.content.schema import Course as CourseContent
from mhfa_lms.models import (
    Account,
    AnswerState,
    Attempt,
    Audience,
    Authorisation,
    Certificate,
    CertificationType,
    Course,
    CourseKind,
    CourseReviewer,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    EntryKind,
    Format,
    FormatRequest,
    HelpLine,
    Membership,
    MembershipRole,
    Message,
    Organisation,
    ReviewComment,
    ReviewerKind,
    Role,
    SafeguardingCase,
    SafeguardingEntry,
    ScenarioAnswer,
    SecondStep,
    Site,
    StepKind,
    WorkState,
)
from mhfa_lms.policy import Actor
from mhfa_lms.services import names, sessions
from mhfa_lms.services.secrets import new_code
from mhfa_lms.services.work import PERSONAL_COPY, begin
from tests.small_course import course as small_course

# What a mail server said of a mail that failed.
REFUSED: Final = "refused (550)"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PASSWORD = "a long enough pass phrase"
T = TypeVar("T")
_numbers = itertools.count(1)


def _save(row: T) -> T:
    with db.transaction() as session:
        session.add(row)
        session.flush()
        session.refresh(row)
    return row


def organisation(slug: str | None = None, **values: Any) -> Organisation:
    """An organisation."""
    slug = slug or f"organisation-{next(_numbers)}"
    return _save(Organisation(slug=slug, **{"name": slug.title(), "created_at": NOON, **values}))


def site(owner: Organisation, name: str = "North") -> Site:
    """A site."""
    return _save(Site(organisation_id=owner.id, name=name, sort_key=names.sort_key(name)))


def failed_mail(owner: Organisation, kind: str = "invitation") -> Message:
    """A mail of an organisation's that the mail server refused."""
    key = f"{kind}-{next(_numbers)}"
    ended = {"state": WorkState.FAILED, "created_at": NOON, "due_at": NOON, "done_at": NOON, "error": REFUSED}
    to = {"organisation_id": owner.id, "to_address": f"{key}@example.org", "locale": "en"}
    return _save(Message(key=key, kind=kind, internet_id=f"<{key}@test.invalid>", facts={}, **ended, **to))


def help_line(owner: Organisation, **values: Any) -> HelpLine:
    """A help line of an organisation's own that nobody has tried yet."""
    return _save(HelpLine(organisation_id=owner.id, **{"name": "Counsellor", "phone": "020 7946 0000", **values}))


def format_request(member: Membership | None = None, **values: Any) -> FormatRequest:
    """A wish for large print, of a member or, without one, of a visitor who can be reached."""
    filled = {"wanted": Format.LARGE_PRINT, "created_at": NOON, **values}
    if member is None:
        filled.setdefault("contact", "visitor@example.org")
    else:
        filled |= {"membership_id": member.id, "organisation_id": member.organisation_id}
    return _save(FormatRequest(**filled))


def safeguarding_case(member: Membership, **values: Any) -> SafeguardingCase:
    """A case of a member's that waits, with nothing written in it."""
    filled = {"opened_at": NOON, "waiting_since": NOON, **values}
    row = _save(SafeguardingCase(membership_id=member.id, organisation_id=member.organisation_id, **filled))
    _save(SafeguardingEntry(case_id=row.id, kind=EntryKind.ASKED, author_id=member.id, at=row.opened_at))
    return row


def account(email: str | None = None, **values: Any) -> Account:
    """A confirmed account without a password."""
    email = email or f"person{next(_numbers)}@example.org"
    return _save(
        Account(email=email, email_key=names.email_key(email), **{"created_at": NOON, "confirmed_at": NOON, **values})
    )


def member(
    owner: Organisation | None = None,
    *roles: Role,
    name: str = "Amina Yusuf",
    holder: Account | None = None,
    **values: Any,
) -> Membership:
    """A membership, as a learner and whatever else is named."""
    owner = owner or organisation()
    holder = holder or account()
    filled = {"audience": Audience.VOLUNTEER, "joined_at": NOON, **values}
    row = Membership(account_id=holder.id, organisation_id=owner.id, name=name, sort_key=names.sort_key(name), **filled)
    row.roles = [MembershipRole(role=role) for role in {Role.LEARNER, *roles}]
    return _save(row)


def actor(membership: Membership, *, now: datetime = NOON, password_at: datetime | None = None) -> Actor:
    """The actor a signed-in member is, found the way a request finds it."""
    with db.transaction() as session:
        secret = sessions.begin(session, membership.account_id, now=now, password_at=password_at, second_step_at=now)
    found = sessions.resume(secret, now=now)
    assert found is not None
    if found.membership_id != membership.id:
        sessions.switch(membership.id, by=found, now=now)
        found = sessions.resume(secret, now=now)
        assert found is not None
    return found


def published(content: CourseContent | None = None, **values: Any) -> CourseRevision:
    """A published revision of the small course, or of the one given."""
    content = content or small_course()
    with db.transaction() as session:
        kind = session.scalars(
            select(CertificationType).where(CertificationType.slug == content.certification.slug)
        ).one_or_none() or CertificationType(slug=content.certification.slug, name=content.certification.name)
        found = session.scalars(select(Course).where(Course.slug == content.slug)).one_or_none()
        if found is None:
            found = Course(slug=content.slug, certification_type=kind, kind=CourseKind(content.kind))
            session.add(found)
        session.flush()
        number = len(session.scalars(select(CourseRevision.id).where(CourseRevision.course_id == found.id)).all()) + 1
        revision = CourseRevision(
            course_id=found.id,
            number=number,
            title=content.title,
            digest=f"{content.slug}-{next(_numbers)}",
            document=content.model_dump(mode="json"),
            **{"published_at": NOON, **values},
        )
        session.add(revision)
        session.flush()
        session.refresh(revision)
    return revision


def enrolment(membership: Membership | None = None, revision: CourseRevision | None = None, **values: Any) -> Enrolment:
    """An enrolment; give `completed_at` for a completed one."""
    membership = membership or member()
    revision = revision or published()
    filled = {"enrolled_at": NOON - timedelta(days=20), **values}
    if filled.get("completed_at"):
        filled.setdefault("completed_on", filled["completed_at"].date())
        filled.setdefault("state", EnrolmentState.COMPLETED)
    return _save(
        Enrolment(
            membership_id=membership.id,
            organisation_id=membership.organisation_id,
            course_id=revision.course_id,
            revision_id=revision.id,
            **filled,
        )
    )


def reviewer(holder: Account, revision: CourseRevision, **values: Any) -> CourseReviewer:
    """Leave for an account to review a revision's course, as a clinician unless told otherwise."""
    filled = {"kind": ReviewerKind.CLINICAL, "name": "Dr Ada Quist", "profession": "Psychologist", **values}
    return _save(CourseReviewer(course_id=revision.course_id, account_id=holder.id, named_at=NOON, **filled))


def review_comment(revision: CourseRevision, member: Membership, **values: Any) -> ReviewComment:
    """A comment on the small course's first step, that nobody has settled."""
    filled = {"anchor": "one-a.body", "quoted": "Body of **one-a**.", "text": "Too long.", "author": "Ada", **values}
    filled |= {"course_id": revision.course_id, "revision_id": revision.id, "account_id": member.account_id}
    return _save(ReviewComment(written_at=NOON, **filled))


def authorisation(membership: Membership, revision: CourseRevision, **values: Any) -> Authorisation:
    """Leave to mark the revision's certification type, for the year around NOON."""
    with db.transaction() as session:
        type_id = session.get_one(Course, revision.course_id).certification_type_id
    filled = {"valid_from": date(2026, 1, 1), "expires_on": date(2027, 12, 31), **values}
    return _save(Authorisation(membership_id=membership.id, certification_type_id=type_id, **filled))


def answer(enrolled: Enrolment | None = None, **values: Any) -> ScenarioAnswer:
    """An answer to the small course's scenario that waits for a mark; give `state` for another one."""
    enrolled = enrolled or enrolment()
    state = values.setdefault("state", AnswerState.WAITING)
    decided = {AnswerState.PASSED, AnswerState.TRY_AGAIN}
    filled = {
        "scenario": "sam",
        "number": 1,
        "alias": "4F2K",
        "text": "I sit down with Sam.\n\nI ask: are you thinking of suicide?",
        "saved_at": NOON,
        "submitted_at": None if state is AnswerState.DRAFT else NOON,
        "decided_at": NOON if state in decided else None,
        **values,
    }
    return _save(ScenarioAnswer(enrolment_id=enrolled.id, organisation_id=enrolled.organisation_id, **filled))


def attempt(enrolled: Enrolment, **values: Any) -> Attempt:
    """An open attempt at the small course's assessment, its first three questions drawn."""
    drawn: list[object] = [{"question": f"q-{number}", "options": ["a", "b", "c"]} for number in (1, 2, 3)]
    filled = {"assessment": "final", "number": 1, "drawn": drawn, "pass_percent": 80, "max_points": 3, **values}
    return _save(Attempt(enrolment_id=enrolled.id, started_at=NOON, **filled))


def due_in(days: int, today: date = date(2026, 11, 21)) -> dict[str, Any]:
    """The dates of a certificate that expires in so many days, with the usual three years and window."""
    expires = today + timedelta(days=days)
    started = expires - timedelta(days=1095)
    return {
        "starts_on": started,
        "completed_on": started,
        "expires_on": expires,
        "window_opens_on": expires - timedelta(days=183),
        "window_closes_on": expires + timedelta(days=92),
    }


def certificate(
    membership: Membership | None = None, revision: CourseRevision | None = None, **values: Any
) -> Certificate:
    """A certificate, valid for three years from 21 November 2026 unless dates are given."""
    membership = membership or member()
    revision = revision or published()
    with db.transaction() as session:
        found = session.get_one(Course, revision.course_id)
        type_id, type_name = found.certification_type_id, found.certification_type.name
    filled = {
        "code": new_code(),
        "name": membership.name,
        "sort_key": membership.sort_key,
        "type_name": type_name,
        "course_title": revision.title,
        "organisation_name": "An organisation",
        "issuer_name": "An organisation",
        "locale": "en",
        "completed_on": date(2026, 11, 21),
        "starts_on": date(2026, 11, 21),
        "expires_on": date(2029, 11, 21),
        "window_opens_on": date(2029, 5, 21),
        "window_closes_on": date(2030, 2, 21),
        "issued_at": NOON,
        "issued_on": date(2026, 11, 21),
        **values,
    }
    return _save(
        Certificate(
            membership_id=membership.id,
            organisation_id=membership.organisation_id,
            certification_type_id=type_id,
            **filled,
        )
    )


def second_step(account_id: int, **values: Any) -> SecondStep:
    """A passkey that nobody holds, so that the account has a second step."""
    filled = {"name": "My key", "credential_id": f"key{next(_numbers)}", "public_key": "x", **values}
    return _save(SecondStep(account_id=account_id, kind=StepKind.PASSKEY, created_at=NOON, **filled))


def work(membership: Membership, kind: str = PERSONAL_COPY, **values: Any) -> int:
    """Long work that a member asked for and that waits; returns its id."""
    with db.transaction() as session:
        return begin(session, kind, by=Actor(membership.account_id), now=NOON, **{"payload": {}, **values})


def signed_in_secret(membership: Membership) -> str:
    """The secret of a browser that is signed in as a member's account."""
    with db.transaction() as session:
        now = datetime.now(UTC)
        return sessions.begin(session, membership.account_id, now=now, second_step_at=now)


def signed_in(client: FlaskClient, membership: Membership, *, now: datetime | None = None) -> FlaskClient:
    """Sign the client's browser in as a member, second step and all, without going through the sign-in page."""
    from mhfa_lms import clock

    now = now or clock.now()
    with db.transaction() as session:
        secret = sessions.begin(session, membership.account_id, now=now, second_step_at=now)
    found = sessions.resume(secret, now=now)
    assert found is not None
    if found.membership_id != membership.id:
        sessions.switch(membership.id, by=found, now=now)
    return _with_secret(client, secret)


def signed_in_account(client: FlaskClient, holder: Account, *, now: datetime) -> FlaskClient:
    """Sign the client's browser in as somebody who may have no membership."""
    with db.transaction() as session:
        secret = sessions.begin(session, holder.id, now=now, second_step_at=now)
    return _with_secret(client, secret)


def _with_secret(client: FlaskClient, secret: str) -> FlaskClient:
    db.sessions.remove()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = secret
        cookie["_fresh"] = True
    return client
