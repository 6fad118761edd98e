"""Asking for somebody to get in touch, and telling a safeguarding lead that a writer may need them.

All that comes in about one person while their case is open is added to it. Nothing here tells coordinators, instructors
or administrators anything: what the audit trail holds of a case's beginning names no person.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Account,
    AnswerState,
    CaseState,
    Enrolment,
    EntryKind,
    Membership,
    SafeguardingCase,
    SafeguardingEntry,
    ScenarioAnswer,
)
from mhfa_lms.policy import SYSTEM, Actor, Can, Forbidden, require
from mhfa_lms.services import audit, contact_drafts
from mhfa_lms.services import safeguarding_notices as notices
from mhfa_lms.services import safeguarding_words as sealing
from mhfa_lms.services.safeguarding_notices import Lead
from mhfa_lms.services.safeguarding_words import Words
from mhfa_lms.services.secret_box import SecretBox

OPEN: Final = (CaseState.WAITING, CaseState.ACKNOWLEDGED)
LONGEST_TEXT: Final = 4_000
LONGEST_LINE: Final = 200
# How long the writer's own page goes on saying what became of a case that is over.
SHOWN: Final = timedelta(days=30)


class NobodyThereError(RuntimeError):
    """The organisation has no safeguarding lead besides, at most, the writer."""


@dataclass(frozen=True, slots=True)
class Own:
    """A case as the person it is about sees it: where it stands, and who has it. No words, as others may look on."""

    state: CaseState
    opened_at: datetime
    escalated_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    withdrawn_at: datetime | None
    kinds: frozenset[EntryKind]

    @property
    def is_open(self) -> bool:
        """Whether something can still come of it."""
        return self.state in OPEN


def can_answer(session: Session, *, by: Actor) -> list[Lead]:
    """Return who could get in touch with the actor: the leads of their organisation, but for themselves."""
    require(by, Can.ASK_FOR_CONTACT)
    return notices.leads(session, by.organisation_id or 0, but=by.membership_id)


def ask(words: Words, seals: SecretBox, *, for_id: int | None, by: Actor, now: datetime) -> int:
    """Ask for somebody to get in touch; the same words sent again change nothing. Returns the case's id.

    `for_id` is the one lead the writer would like to hear from; somebody who is none is taken as no wish.
    Raises `NobodyThereError` and `Forbidden`.
    """
    require(by, Can.ASK_FOR_CONTACT)
    with transaction() as session:
        writer = _locked(session, by.membership_id or 0)
        there = _somebody(session, writer)
        contact_drafts.drop(session, writer.id)
        case = _open_case(session, writer, now=now)
        if _is_repeated(session, case, words, seals):
            return case.id
        if not session.scalars(_entries(case)).first() and for_id in {one.id for one in there}:
            case.for_id = for_id
        _add(session, case, EntryKind.ASKED, author_id=writer.id, words=words, seals=seals, now=now)
        case.withdrawn_at = None
        return case.id


def withdraw(*, by: Actor, now: datetime) -> bool:
    """Take the wish back; returns whether there was one. Words that nobody has acknowledged are removed.

    A marker's worry stays with the lead: the writer did not open it.
    """
    require(by, Can.ASK_FOR_CONTACT)
    with transaction() as session:
        writer = _locked(session, by.membership_id or 0)
        case = _open_case_of(session, writer.id)
        if case is None or case.withdrawn_at is not None:
            return False
        if case.state is CaseState.WAITING:
            asked = (SafeguardingEntry.case_id == case.id, SafeguardingEntry.kind == EntryKind.ASKED)
            session.execute(update(SafeguardingEntry).where(*asked).values(sealed=None, sealed_with=None))
        case.withdrawn_at = now
        flagged = _entries(case).where(SafeguardingEntry.kind == EntryKind.FLAG)
        if session.scalars(flagged).first() is None:
            case.state, case.ended_at = CaseState.WITHDRAWN, now
        audit.about(session, "safeguarding-withdrawn", case, by=SYSTEM, now=now)
        return True


def own(session: Session, *, by: Actor, now: datetime) -> Own | None:
    """Return the actor's newest case, unless it ended long ago."""
    require(by, Can.ASK_FOR_CONTACT)
    case = session.scalars(
        select(SafeguardingCase)
        .where(SafeguardingCase.membership_id == by.membership_id)
        .order_by(SafeguardingCase.id.desc())
        .limit(1)
    ).one_or_none()
    if case is None or (case.ended_at is not None and case.ended_at < now - SHOWN):
        return None
    name = session.scalars(select(Membership.name).where(Membership.id == case.acknowledged_by_id)).one_or_none()
    kinds = frozenset(one.kind for one in session.scalars(_entries(case)))
    return Own(
        case.state, case.opened_at, case.escalated_at, case.acknowledged_at, name or "", case.withdrawn_at, kinds
    )


def flag(answer_id: int, *, by: Actor, now: datetime) -> None:
    """Tell the safeguarding lead that a marker is worried about an answer's writer; a second time changes nothing.

    The marker learns nothing of who it is. Raises `NobodyThereError` and `Forbidden`.
    """
    with transaction() as session:
        answer = session.get(ScenarioAnswer, answer_id)
        if answer is None or answer.state is AnswerState.DRAFT:
            raise Forbidden(Can.MARK)
        require(by, Can.MARK, answer)
        writer = _locked(session, _writer_id(session, answer))
        _about_answer(session, answer, writer, EntryKind.FLAG, author_id=by.membership_id, now=now)


def is_flagged(session: Session, answer_id: int) -> bool:
    """Whether a marker has told the safeguarding lead about an answer."""
    found = select(SafeguardingEntry.id).where(
        SafeguardingEntry.answer_id == answer_id, SafeguardingEntry.kind == EntryKind.FLAG
    )
    return session.scalars(found).one_or_none() is not None


def note_statement(session: Session, answer: ScenarioAnswer, *, now: datetime) -> None:
    """Open a case, in the caller's transaction, for an answer in which the writer speaks of a risk to themselves.

    Where nobody but the writer is the lead, there is nobody to tell, and no case.
    """
    try:
        # The caller holds the enrolment, which whoever erases the person waits for before taking the membership.
        writer = session.get_one(Membership, _writer_id(session, answer), with_for_update={"key_share": True})
        _about_answer(session, answer, writer, EntryKind.STATEMENT, author_id=None, now=now)
    except NobodyThereError:
        return


def _about_answer(
    session: Session,
    answer: ScenarioAnswer,
    writer: Membership,
    kind: EntryKind,
    *,
    author_id: int | None,
    now: datetime,
) -> None:
    same = select(SafeguardingEntry.id).where(SafeguardingEntry.answer_id == answer.id, SafeguardingEntry.kind == kind)
    if session.scalars(same).one_or_none() is not None:
        return
    _somebody(session, writer)
    case = _open_case(session, writer, now=now)
    _add(session, case, kind, author_id=author_id, answer_id=answer.id, now=now)


def _writer_id(session: Session, answer: ScenarioAnswer) -> int:
    return session.scalars(select(Enrolment.membership_id).where(Enrolment.id == answer.enrolment_id)).one()


def _locked(session: Session, membership_id: int) -> Membership:
    # The account first, as everywhere. Two wishes at once take turns, so that the second finds the first one's case.
    account_id = session.scalars(select(Membership.account_id).where(Membership.id == membership_id)).one()
    session.get_one(Account, account_id, with_for_update={"key_share": True})
    return session.get_one(Membership, membership_id, with_for_update={"key_share": True})


def _somebody(session: Session, writer: Membership) -> list[Lead]:
    found = notices.leads(session, writer.organisation_id, but=writer.id)
    if not found:
        raise NobodyThereError(writer.organisation_id)
    return found


def _entries(case: SafeguardingCase) -> Select[SafeguardingEntry]:
    return select(SafeguardingEntry).where(SafeguardingEntry.case_id == case.id).order_by(SafeguardingEntry.id)


def _open_case_of(session: Session, membership_id: int) -> SafeguardingCase | None:
    mine = select(SafeguardingCase).where(
        SafeguardingCase.membership_id == membership_id, SafeguardingCase.state.in_(OPEN)
    )
    return session.scalars(mine.with_for_update()).one_or_none()


def _open_case(session: Session, writer: Membership, *, now: datetime) -> SafeguardingCase:
    case = _open_case_of(session, writer.id)
    if case is None:
        case = SafeguardingCase(
            organisation_id=writer.organisation_id, membership_id=writer.id, opened_at=now, waiting_since=now
        )
        session.add(case)
        session.flush()
        audit.about(session, "safeguarding-opened", case, by=SYSTEM, now=now)
    return case


def _is_repeated(session: Session, case: SafeguardingCase, words: Words, seals: SecretBox) -> bool:
    last = session.scalars(
        _entries(case).where(SafeguardingEntry.kind == EntryKind.ASKED).order_by(None)
        .order_by(SafeguardingEntry.id.desc()).limit(1)
    ).one_or_none()  # fmt: skip
    # Once somebody has read them, the same few words, or none, ask anew.
    unread = case.state is CaseState.WAITING and case.withdrawn_at is None
    return unread and last is not None and sealing.opened(last, seals) == words


def _add(
    session: Session,
    case: SafeguardingCase,
    kind: EntryKind,
    *,
    author_id: int | None,
    now: datetime,
    answer_id: int | None = None,
    words: Words | None = None,
    seals: SecretBox | None = None,
) -> None:
    """Add an entry and let the case wait again, so that somebody reads what is new."""
    entry = SafeguardingEntry(case_id=case.id, kind=kind, author_id=author_id, answer_id=answer_id, at=now)
    if words is not None and seals is not None:
        sealing.put(entry, words, seals, now=now)
    session.add(entry)
    if case.state is CaseState.ACKNOWLEDGED:
        case.state, case.waiting_since, case.escalated_at = CaseState.WAITING, now, None
        case.acknowledged_at = case.acknowledged_by_id = None
    session.flush()
    # The instant too: SQLite gives the ids of what was erased to others, and they are told of as well.
    notices.tell(session, case, f"{entry.id}:{now.isoformat()}", now=now)
