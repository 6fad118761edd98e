"""What the marking pages show, read through the marker's organisation."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mhfa_lms import db
from mhfa_lms.content.scenarios import Scenario
from mhfa_lms.models import AnswerState, CourseRevision, Enrolment, Mark, MarkDraft, Membership, Role, ScenarioAnswer
from mhfa_lms.policy import Actor, scope
from mhfa_lms.services import catalogue, contacts
from mhfa_lms.services.contacts import Contact
from mhfa_lms.services.grading import DECIDED
from mhfa_lms.services.scenarios import count_words
from mhfa_lms.web.identity import me


class Hold(StrEnum):
    """Who has an answer at this moment. `over` is the reader's own claim whose time has ended."""

    MINE = "mine"
    OVER = "over"
    NOBODY = "nobody"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Paper:
    """An answer as a marker reads it: everything but who wrote it."""

    id: int
    alias: str
    number: int
    paragraphs: list[str]
    words: int
    submitted_at: datetime
    scenario: Scenario
    course: str
    language: str
    hold: Hold
    until: datetime | None
    holder: str

    @property
    def code(self) -> str:
        """What to quote to the safeguarding lead, who can find the writer by it."""
        return f"{self.alias}-{self.id}"


@dataclass(frozen=True, slots=True)
class GivenMark:
    """A mark, and who gave it."""

    mark: Mark
    marker: str


def submitted(actor: Actor, answer_id: int) -> ScenarioAnswer | None:
    """Load an answer that was sent, of the actor's organisation; drafts are their writer's own."""
    return (
        db.session()
        .scalars(
            select(ScenarioAnswer)
            .where(
                scope(actor, ScenarioAnswer), ScenarioAnswer.id == answer_id, ScenarioAnswer.state != AnswerState.DRAFT
            )
            .options(
                joinedload(ScenarioAnswer.enrolment).joinedload(Enrolment.revision).joinedload(CourseRevision.course)
            )
        )
        .one_or_none()
    )


def scenario_of(answer: ScenarioAnswer) -> Scenario | None:
    """Return the scenario in the revision the learner took."""
    return catalogue.course(answer.enrolment.revision).scenario(answer.scenario)


def paper(answer: ScenarioAnswer, scenario: Scenario, *, now: datetime) -> Paper:
    """Return an answer without its writer."""
    revision = answer.enrolment.revision
    state = _hold(answer, now)
    paragraphs = [part.strip("\n") for part in answer.text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    return Paper(
        id=answer.id,
        alias=answer.alias,
        number=answer.number,
        paragraphs=paragraphs,
        words=count_words(answer.text),
        submitted_at=answer.submitted_at or answer.saved_at,
        scenario=scenario,
        course=revision.title,
        language=catalogue.course(revision).language,
        hold=state,
        until=answer.claimed_until,
        holder=_name(answer.claimed_by_id) if state is Hold.OTHER else "",
    )


def _hold(answer: ScenarioAnswer, now: datetime) -> Hold:
    running = answer.claimed_until is not None and answer.claimed_until > now
    if answer.claimed_by_id == me().membership_id:
        return Hold.MINE if running else Hold.OVER
    return Hold.OTHER if running else Hold.NOBODY


def _name(membership_id: int | None) -> str:
    return db.session().scalars(select(Membership.name).where(Membership.id == membership_id)).one_or_none() or ""


def decided(answer: ScenarioAnswer) -> bool:
    """Whether the mark is final."""
    return answer.state in DECIDED


def draft(answer_id: int) -> dict[str, Any]:
    """Return the reader's own unfinished mark, by field name."""
    kept = (
        db.session()
        .scalars(
            select(MarkDraft.values).where(MarkDraft.answer_id == answer_id, MarkDraft.marker_id == me().membership_id)
        )
        .one_or_none()
    )
    return dict(kept or {})


def has_marked(scenario_id: str) -> bool:
    """Whether the reader has marked an answer to this scenario before."""
    return (
        db.session()
        .scalars(
            select(Mark.id)
            .join(ScenarioAnswer, ScenarioAnswer.id == Mark.answer_id)
            .where(Mark.marker_id == me().membership_id, ScenarioAnswer.scenario == scenario_id)
            .limit(1)
        )
        .one_or_none()
        is not None
    )


def marks(answer_id: int) -> list[GivenMark]:
    """Return an answer's marks, the first one first."""
    rows = db.session().execute(
        select(Mark, Membership.name)
        .join(Membership, Membership.id == Mark.marker_id)
        .where(Mark.answer_id == answer_id)
        .order_by(Mark.id)
    )
    return [GivenMark(mark, name) for mark, name in rows]


def to_tell() -> list[Contact]:
    """Return whom to tell about a worry: the safeguarding leads, or the coordinators where none is named."""
    found = contacts.with_roles(db.session(), me(), Role.SAFEGUARDING, Role.COORDINATOR)
    leads = [one for one in found if one.role is Role.SAFEGUARDING]
    return leads or found
