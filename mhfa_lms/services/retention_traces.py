"""What using the platform leaves behind: links, signed-in browsers, invitations, mails, finished jobs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, cast, delete, exists, or_, select, true, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from mhfa_lms.db import Base
from mhfa_lms.models import (
    AwaitedCertificate,
    Certificate,
    CertificateImport,
    CertificateLook,
    ContactDraft,
    FailingAddress,
    FormatRequest,
    Invitation,
    Job,
    LoginSession,
    MailTry,
    Message,
    OneTimeLink,
    WorkState,
)
from mhfa_lms.policy import Actor
from mhfa_lms.services import contact_drafts
from mhfa_lms.services.outbox import HELD
from mhfa_lms.services.retention_due import Due

MONTH: Final = timedelta(days=30)
QUARTER: Final = timedelta(days=90)
YEAR: Final = timedelta(days=365)
TOO_OLD: Final = "too old to be sent"


@dataclass(frozen=True, slots=True)
class Trace:
    """Rows of one table that go, or lose what they held, so long after the latest instant of `ended`."""

    name: str
    about: str
    model: type[Base]
    ended: tuple[InstrumentedAttribute[Any], ...]
    after: timedelta
    condition: Callable[[], ColumnElement[bool]] | None = None
    # What is written instead of deleting: each with the condition it is for.
    values: Callable[[], Sequence[tuple[ColumnElement[bool], dict[str, Any]]]] | None = None

    def find(self, session: Session, now: datetime, limit: int, lock: bool) -> list[Due]:
        """Return the first so many that are due."""
        model: Any = self.model
        over = or_(*(column < now - self.after for column in self.ended))
        wanted = [over] if self.condition is None else [over, self.condition()]
        query = select(model.id, *self.ended).where(*wanted).order_by(model.id).limit(limit)
        rows = session.execute(query.with_for_update(skip_locked=True, of=model) if lock else query).all()
        return [Due(row[0], (min(one for one in row[1:] if one is not None) + self.after).date()) for row in rows]

    def remove(self, session: Session, due: list[Due], _by: Actor, _now: datetime) -> None:
        """Delete the rows, or empty them."""
        model: Any = self.model
        ours = model.id.in_([one.id for one in due])
        statements: list[Any] = [delete(model).where(ours)]
        if self.values is not None:
            statements = [update(model).where(ours, only).values(**values) for only, values in self.values()]
        for statement in statements:
            session.execute(statement.execution_options(synchronize_session=False))


def _tells_something() -> ColumnElement[bool]:
    emptied = and_(cast(Message.facts, String) == "{}", Message.to_address.is_(None), Message.error != HELD)
    return and_(Message.state != WorkState.WAITING, or_(~emptied, Message.state == WorkState.FAILED))


def _emptied() -> Sequence[tuple[ColumnElement[bool], dict[str, Any]]]:
    # A failed or held mail cannot be sent any more without its facts, and says so.
    unsent = or_(Message.state == WorkState.FAILED, Message.error == HELD)
    return (
        (unsent, {"state": WorkState.CANCELLED, "error": TOO_OLD}),
        (true(), {"facts": {}, "to_address": None}),
    )


def _finished() -> ColumnElement[bool]:
    return and_(Job.state.in_([WorkState.DONE, WorkState.CANCELLED]), Job.file_id.is_(None))


def _shown_nowhere() -> ColumnElement[bool]:
    """Return the condition that a look has a successor and no certificate has it: names and signatures are in it."""
    newer = aliased(CertificateLook)
    successor = exists().where(newer.organisation_id == CertificateLook.organisation_id, newer.id > CertificateLook.id)
    return and_(successor, ~exists().where(Certificate.look_id == CertificateLook.id))


def _nothing_left() -> ColumnElement[bool]:
    """Return the condition that a table has a name and nobody's certificate from it is kept, or waits."""
    kept = exists().where(Certificate.import_id == CertificateImport.id, Certificate.erased_at.is_(None))
    waits = exists().where(AwaitedCertificate.import_id == CertificateImport.id)
    return and_(CertificateImport.file_name != "", ~kept, ~waits)


TRACES: Final = (
    Trace("links", "One-time links that died 30 days ago go", OneTimeLink, (OneTimeLink.expires_at,), MONTH),
    Trace(
        "sessions",
        "Sign-ins that ended or ran out 30 days ago go",
        LoginSession,
        (LoginSession.expires_at, LoginSession.ended_at),
        MONTH,
    ),
    Trace(
        "invitations",
        "Invitations that were accepted, withdrawn or ran out 90 days ago go",
        Invitation,
        (Invitation.expires_at, Invitation.accepted_at, Invitation.withdrawn_at),
        QUARTER,
    ),
    Trace(
        "mails",
        "Mails that were done with 90 days ago keep their kind and dates, and lose what they told and to whom",
        Message,
        (Message.done_at,),
        QUARTER,
        _tells_something,
        _emptied,
    ),
    Trace(
        "mail-tries",
        "What happened to a mail on its way goes after 90 days",
        MailTry,
        (MailTry.at,),
        QUARTER,
    ),
    Trace(
        "failing-addresses",
        "That an address refused mail is forgotten a year after the last time",
        FailingAddress,
        (FailingAddress.last_at,),
        YEAR,
    ),
    Trace(
        "requests",
        "Wishes for another format that were dealt with 90 days ago go",
        FormatRequest,
        (FormatRequest.done_at,),
        QUARTER,
    ),
    Trace(
        "open-requests",
        "Wishes for another format that nobody dealt with in a year go",
        FormatRequest,
        (FormatRequest.created_at,),
        YEAR,
        lambda: FormatRequest.done_at.is_(None),
    ),
    Trace(
        "contact-drafts",
        "Words to safeguarding leads that were not sent in seven days go",
        ContactDraft,
        (ContactDraft.saved_at,),
        contact_drafts.KEPT,
    ),
    Trace(
        "looks",
        "Looks of certificates older than 30 days go, when there is a newer one and no certificate has them",
        CertificateLook,
        (CertificateLook.made_at,),
        MONTH,
        _shown_nowhere,
    ),
    Trace(
        "awaited-certificates",
        "Earlier certificates whose holders did not join in a year go",
        AwaitedCertificate,
        (AwaitedCertificate.created_at,),
        YEAR,
    ),
    Trace(
        "tables",
        "Tables of earlier certificates lose their file's name when nothing that came from them is kept",
        CertificateImport,
        (CertificateImport.begun_at,),
        MONTH,
        _nothing_left,
        lambda: ((true(), {"file_name": ""}),),
    ),
    Trace("jobs", "Jobs that were finished 90 days ago go", Job, (Job.done_at,), QUARTER, _finished),
)
