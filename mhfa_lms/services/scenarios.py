"""Scenario answers as their writer sees them: drafts that are never lost, handing in, trying again.

A draft belongs to the page that saved it last. Another page saves only when it was made from the newest version, so
that words written elsewhere are never overwritten unseen.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.content.scenarios import Scenario, Words
from mhfa_lms.db import transaction
from mhfa_lms.models import (
    AnswerState,
    Enrolment,
    Mark,
    ScenarioAnswer,
)
from mhfa_lms.policy import Actor
from mhfa_lms.services import audit, enrolments, first_person, learning, safeguarding, safeguarding_notices
from mhfa_lms.services.pathway import Lock, LockedError
from mhfa_lms.services.secrets import new_code

# In characters: far more than any course's limit in words, so that only a slip or an attack reaches it.
LONGEST: Final = 20_000
ALIAS_LENGTH: Final = 4


class UnknownScenarioError(LookupError):
    """The course has no such scenario."""


class ClosedError(RuntimeError):
    """The organisation has nobody with the safeguarding role, so nothing can be written yet."""


class NewerDraftError(RuntimeError):
    """Another page has saved since this one was made."""

    def __init__(self, text: str, version: int) -> None:
        super().__init__(f"version {version} is newer")
        self.text = text
        self.version = version


class HandedInError(RuntimeError):
    """The answer is handed in; it can no longer be changed."""


class TooLongError(ValueError):
    """A text that is longer than can be kept."""


class WordsError(ValueError):
    """The answer is too short or too long to be handed in; `count` is its number of words."""

    def __init__(self, count: int, limits: Words) -> None:
        super().__init__(f"{count} words")
        self.count = count
        self.limits = limits


def is_open(session: Session, organisation_id: int) -> bool:
    """Whether an organisation has somebody with the safeguarding role who can sign in, so that people may write."""
    return session.scalars(safeguarding_notices.in_organisation(organisation_id).limit(1)).first() is not None


def newest(session: Session, enrolment_id: int, scenario_id: str) -> ScenarioAnswer | None:
    """Return the newest answer to a scenario, in whatever state."""
    return session.scalars(
        select(ScenarioAnswer)
        .where(ScenarioAnswer.enrolment_id == enrolment_id, ScenarioAnswer.scenario == scenario_id)
        .order_by(ScenarioAnswer.number.desc())
        .limit(1)
    ).one_or_none()


def lock_of(session: Session, enrolment: Enrolment, found: ScenarioAnswer | None) -> Lock | None:
    """Return why a scenario with this newest answer is locked. No query once something was written, else one."""
    if found is not None:
        return None
    return learning.progress(session, enrolment.id, learning.course_of(enrolment)).path.scenario_lock(None)


def deciding_mark(session: Session, answer: ScenarioAnswer) -> Mark | None:
    """Return the mark that decided an answer: the newest one."""
    return session.scalars(
        select(Mark).where(Mark.answer_id == answer.id).order_by(Mark.id.desc()).limit(1)
    ).one_or_none()


def count_words(text: str) -> int:
    """Return how many words a text has, as people count them: separated by spaces, with a letter or digit inside."""
    return sum(any(letter.isalnum() for letter in word) for word in text.split())


def save_draft(
    enrolment_id: int, scenario_id: str, text: str, *, version: int, page: str, by: Actor, now: datetime
) -> int:
    """Keep a draft and return its version.

    `version` is the one the page was made from (0: none), `page` the page's random name. Raises `NewerDraftError`,
    `HandedInError`, `ClosedError`, `TooLongError`, `UnknownScenarioError`, `enrolments.NotActiveError`,
    `pathway.LockedError`.
    """
    with transaction() as session:
        enrolment, _scenario = _held(session, enrolment_id, scenario_id, by=by)
        answer = _writable(session, enrolment, scenario_id, now=now)
        return _write(session, answer, text, version=version, page=page, now=now)


def submit(
    enrolment_id: int, scenario_id: str, text: str, *, version: int, page: str, by: Actor, now: datetime
) -> bool:
    """Hand an answer in, so that an instructor can mark it; the same text handed in again changes nothing.

    Returns whether the writer says in it that they may be in danger themselves: a safeguarding lead is then told, and
    the page shows help. What the answer before this one said already does not count again. What was written is kept in
    any case but those of `save_draft`'s errors; `WordsError` says it is too short or too long.
    """
    with transaction() as session:
        enrolment, scenario = _held(session, enrolment_id, scenario_id, by=by)
        found = newest(session, enrolment_id, scenario_id)
        if found is not None and found.state is AnswerState.WAITING and found.text == tidy(text):
            return False
        answer = _writable(session, enrolment, scenario_id, now=now)
        _write(session, answer, text, version=version, page=page, now=now)
        count, says = count_words(answer.text), False
        fits = scenario.words.min <= count <= scenario.words.max
        if fits:
            answer.state, answer.submitted_at = AnswerState.WAITING, now
            audit.about(session, "answer-submitted", answer, by=by, now=now)
            says = _speaks_of_themselves(session, answer, learning.course_of(enrolment).language)
            if says:
                safeguarding.note_statement(session, answer, now=now)
    if not fits:
        # Raised after the text is kept: a page that is closed now loses nothing.
        raise WordsError(count, scenario.words)
    return says


def try_again(enrolment_id: int, scenario_id: str, *, by: Actor, now: datetime) -> None:
    """Open a new answer after one that did not pass yet, beginning with its words; repeated calls change nothing.

    Raises `HandedInError` for an answer that waits or has passed.
    """
    with transaction() as session:
        enrolment, _scenario = _held(session, enrolment_id, scenario_id, by=by)
        last = newest(session, enrolment_id, scenario_id)
        if last is None or last.state is AnswerState.DRAFT:
            return
        if last.state is not AnswerState.TRY_AGAIN:
            raise HandedInError(scenario_id)
        last.result_seen_at = last.result_seen_at or now
        answer = _new(session, enrolment, scenario_id, last.number + 1, last.text, now=now)
        # Versions go on rising, so that a page still open on the old answer is not taken for one made from this.
        answer.version = last.version + 1
        audit.about(session, "answer-begun-again", answer, by=by, now=now, number=answer.number)


def see_result(enrolment_id: int, scenario_id: str, *, by: Actor, now: datetime) -> None:
    """Note that the learner has read the newest result, so that the home page no longer calls it new."""
    with transaction() as session:
        enrolments.hold(session, enrolment_id, by=by)
        answer = newest(session, enrolment_id, scenario_id)
        if answer is not None and answer.decided_at is not None and answer.result_seen_at is None:
            answer.result_seen_at = now


def tidy(text: str) -> str:
    """Return a text as it is stored: browsers send line ends as CR LF, scripts as LF, and both mean the same."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")


def _speaks_of_themselves(session: Session, answer: ScenarioAnswer, language: str) -> bool:
    before = session.scalars(
        select(ScenarioAnswer.text).where(
            ScenarioAnswer.enrolment_id == answer.enrolment_id,
            ScenarioAnswer.scenario == answer.scenario,
            ScenarioAnswer.number == answer.number - 1,
        )
    ).one_or_none()
    said = first_person.statements(answer.text, language)
    return bool(said - first_person.statements(before or "", language))


def _held(session: Session, enrolment_id: int, scenario_id: str, *, by: Actor) -> tuple[Enrolment, Scenario]:
    enrolment = enrolments.hold_active(session, enrolment_id, by=by)
    scenario = learning.course_of(enrolment).scenario(scenario_id)
    if scenario is None:
        raise UnknownScenarioError(scenario_id)
    if not is_open(session, enrolment.organisation_id):
        raise ClosedError(enrolment.organisation_id)
    return enrolment, scenario


def _writable(session: Session, enrolment: Enrolment, scenario_id: str, *, now: datetime) -> ScenarioAnswer:
    """Return the open draft, made if there is no answer yet. Raises `HandedInError`, `LockedError`."""
    found = newest(session, enrolment.id, scenario_id)
    if lock := lock_of(session, enrolment, found):
        raise LockedError(lock)
    if found is None:
        return _new(session, enrolment, scenario_id, 1, "", now=now)
    if found.state is not AnswerState.DRAFT:
        raise HandedInError(scenario_id)
    return found


def _new(
    session: Session, enrolment: Enrolment, scenario_id: str, number: int, text: str, *, now: datetime
) -> ScenarioAnswer:
    answer = ScenarioAnswer(
        enrolment_id=enrolment.id,
        organisation_id=enrolment.organisation_id,
        scenario=scenario_id,
        number=number,
        alias=new_code(ALIAS_LENGTH),
        text=text,
        saved_at=now,
    )
    session.add(answer)
    session.flush()
    return answer


def _write(session: Session, answer: ScenarioAnswer, text: str, *, version: int, page: str, now: datetime) -> int:
    if len(text) > LONGEST:
        raise TooLongError(len(text))
    words = tidy(text)
    fresh = not answer.text and answer.version == 1 and not answer.saved_from
    if words == answer.text:
        return answer.version
    if not fresh and version != answer.version and (not page or page != answer.saved_from):
        raise NewerDraftError(answer.text, answer.version)
    answer.text, answer.version, answer.saved_from, answer.saved_at = words, answer.version + 1, page[:64], now
    session.flush()
    return answer.version
