"""The demonstration's mails: reminders and invitations as they were sent, one that failed, and what waits."""

from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.models import (
    Audience,
    Certificate,
    Invitation,
    MailTry,
    Membership,
    Message,
    Organisation,
    Reminder,
    Role,
    Site,
    TryOutcome,
    WorkState,
)
from mhfa_lms.services import names, outbox
from mhfa_lms.services.demo_people import Invited
from mhfa_lms.services.demo_world import World
from mhfa_lms.services.invitations import LASTS
from mhfa_lms.services.reminder_plan import GRACE
from mhfa_lms.services.secrets import hashed

# The default days before expiry, and the day of the one reminder in grace.
REMINDED: Final = ((180, 180), (90, 90), (30, 30), (0, 0), (GRACE, -30))
# Mails older than this were sent long ago; newer ones are left for the worker, so that there is something to read.
SENT_AFTER: Final = timedelta(days=1)
# Daytime in both of our time zones: reminders went at an hour of theirs.
HOUR: Final = time(14)
# What became of the invitation that failed: how long after it was written, and in which words.
LIFE: Final = (
    (
        timedelta(seconds=30),
        TryOutcome.DEFERRED,
        "the mail server asked to try again later (451): 4.7.1 greylisted",
    ),
    (
        timedelta(seconds=100),
        TryOutcome.NO_MAILBOX,
        "the mail server refused the mail for good (550): 5.1.1 no such mailbox here",
    ),
)


def remind(world: World, certificate: Certificate, account_id: int, until: date, *, leave_newest: bool) -> None:
    """Post the reminders whose day has come, as sent then; the newest may be left for the worker."""
    past = [
        (offset, day)
        for offset, before in REMINDED
        if certificate.starts_on < (day := certificate.expires_on - timedelta(days=before)) <= until
    ]
    for offset, day in past[:-1] if leave_newest else past:
        _sent_reminder(world, certificate, account_id, offset, day)


def _sent_reminder(world: World, certificate: Certificate, account_id: int, offset: int, day: date) -> None:
    at = min(datetime.combine(day, HOUR, world.now.tzinfo), world.now - timedelta(hours=2))
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


def invite(world: World, one: Invited, inviters: dict[int, Membership]) -> None:
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
        for after, outcome, words in LIFE:
            world.session.add(MailTry(message_id=message_id, at=at + after, outcome=outcome, words=words))
            message.error, message.done_at = words, at + after
        message.state, message.attempts = WorkState.FAILED, len(LIFE)


def send_the_past(session: Session, now: datetime) -> None:
    """Count the mails of the past as sent when they were due."""
    session.flush()
    old = select(Message).where(Message.state == WorkState.WAITING, Message.due_at < now - SENT_AFTER)
    for message in session.scalars(old):
        _sent(message, message.due_at)


def _sent(message: Message, at: datetime) -> None:
    message.state, message.done_at, message.attempts = WorkState.DONE, at + timedelta(seconds=20), 1
    message.facts = {name: fact for name, fact in message.facts.items() if name != "path"}
