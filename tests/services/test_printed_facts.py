"""What is printed is frozen at issue, and an instructor's name goes with the instructor."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from mhfa_lms import db
from mhfa_lms.models import (
    AnswerState,
    Attendance,
    AttendanceState,
    Certificate,
    CertificationType,
    Correction,
    Course,
    CourseRevision,
    Enrolment,
    Mark,
    Membership,
    Organisation,
    PaperSize,
    Role,
    TrainingSession,
)
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import certificates, erasure, exporting, rules, verification
from mhfa_lms.services.rules import Rule
from tests import make
from tests.content.test_translations import german
from tests.make import NOON
from tests.services.test_certification import (
    all_of,
    answer,
    cohort_with_session,
    complete,
    keep,
    ready,
    the_certificate,
)
from tests.small_course import course as small_course


def marked(learner: Membership, marker: Membership, *, revision: CourseRevision | None = None) -> Enrolment:
    """An enrolment with everything done, its scenario marked by somebody."""
    enrolment = make.enrolment(learner, revision or make.published())
    written = answer(enrolment)
    keep(*all_of(enrolment)[:-1], written)
    levels: dict[str, Any] = {"asks": 4, "hears": 3}
    keep(
        Mark(
            answer_id=written.id, marker_id=marker.id, revision_id=enrolment.revision_id, levels=levels, points=7,
            required={"asked": True}, harm=False, required_missing=False, passed=True, feedback="", marked_at=NOON,
        )
    )  # fmt: skip
    return enrolment


@pytest.fixture
def owner(database: str) -> Organisation:
    """Who issues."""
    return make.organisation(name="Leeds Volunteers", country="CA")


@pytest.fixture
def marker(owner: Organisation) -> Membership:
    """Who marks."""
    return make.member(owner, Role.INSTRUCTOR, name="Ines Marques", holder=make.account("ines@example.org"))


@pytest.fixture
def issued(owner: Organisation, marker: Membership) -> Certificate:
    """A certificate issued by the rule."""
    learner = make.member(owner, name="Amina Yusuf", holder=make.account("amina@example.org"))
    complete(marked(learner, marker).id)
    return the_certificate()


def printed() -> dict[str, Any]:
    """Every column of the certificate that stands on paper, as it is now."""
    db.session().rollback()
    found = the_certificate()
    words = ("name", "type_name", "course_title", "organisation_name", "issuer_name", "locale")
    facts = ("minutes", "instructor_name", "competencies", "paper", "completed_on", "starts_on", "expires_on")
    return {name: getattr(found, name) for name in words + facts}


def test_hours_instructor_and_competencies_are_frozen_with_it(issued: Certificate, marker: Membership) -> None:
    assert (issued.minutes, issued.instructor_id, issued.instructor_name) == (60, marker.id, "Ines Marques")
    assert (issued.competencies, issued.paper) == (["Asks", "Hears"], PaperSize.LETTER)


def test_nothing_printed_changes_when_everything_around_it_does(issued: Certificate, marker: Membership) -> None:
    before = printed()
    with db.transaction() as session:
        for row in session.scalars(select(Membership)):
            row.name = row.sort_key = "Somebody Else"
        session.execute(
            update(Organisation).values(name="Another", country="DE", locale="ar-XB", timezone="Asia/Tokyo")
        )
        session.execute(update(CertificationType).values(name="Another type"))
        session.execute(update(CourseRevision).values(title="Another title"))
        session.execute(update(Course).values(slug="other"))
    rules.put(Rule.VALID_MONTHS, 1, by=SYSTEM, now=NOON)
    rules.put(Rule.RENEWAL_BASIS, "old-expiry", by=SYSTEM, now=NOON)
    assert printed() == before


def test_a_corrected_certificate_says_the_same_of_the_training(issued: Certificate) -> None:
    before = printed()
    new = certificates.replace(issued.code, "Amina Yusuf-Smith", because=Correction.MISSPELT, by=SYSTEM, now=NOON)
    assert {name: getattr(new, name) for name in before} == {**before, "name": "Amina Yusuf-Smith"}


def test_live_sessions_add_their_time_and_whoever_led_the_last_one_is_the_instructor(owner: Organisation) -> None:
    enrolment = ready(membership=make.member(owner))
    teachers = [make.member(owner, Role.INSTRUCTOR, name=name).id for name in ("Led First", "Led Last")]
    meetings = cohort_with_session(enrolment, AttendanceState.ATTENDED, AttendanceState.ATTENDED)
    with db.transaction() as session:
        for number, (meeting, teacher) in enumerate(zip(meetings, teachers, strict=True)):
            row = session.get_one(TrainingSession, meeting)
            row.instructor_id = teacher
            row.starts_at, row.ends_at = NOON + timedelta(days=number), NOON + timedelta(days=number, minutes=135)
        session.execute(update(Attendance).values(recorded_at=NOON))
    complete(enrolment.id)
    found = the_certificate()
    assert (found.minutes, found.instructor_name) == (60 + 2 * 135, "Led Last")


def test_competencies_stand_there_in_the_certificates_language_or_not_at_all(owner: Organisation) -> None:
    passages = ("course.title", "course.certification", "sam.competencies.hears.title")
    words = {"ar-XB": german(small_course(), *passages)["de"]}
    holder = make.member(owner, holder=make.account(locale="ar-XB"))
    complete(ready(membership=holder, revision=make.published(small_course(translations=words))).id)
    assert (the_certificate().locale, the_certificate().competencies) == ("ar-XB", ["DE Hears"])


def test_without_a_mark_or_a_session_nobody_is_named(owner: Organisation) -> None:
    complete(ready(membership=make.member(owner)).id)
    assert (the_certificate().instructor_id, the_certificate().instructor_name) == (None, "")


def test_an_answer_that_did_not_pass_names_nobody_and_shows_nothing(owner: Organisation, marker: Membership) -> None:
    completion = {"steps": True, "assessment": True, "scenarios": False, "sessions": True}
    revision = make.published(small_course(completion=completion))
    enrolment = make.enrolment(make.member(owner), revision)
    keep(*all_of(enrolment)[:-1], answer(enrolment, state=AnswerState.TRY_AGAIN))
    complete(enrolment.id)
    assert (the_certificate().instructor_name, the_certificate().competencies) == ("", [])


def test_an_erased_instructor_is_named_in_no_record(issued: Certificate, marker: Membership) -> None:
    erasure.erase("ines@example.org", by=SYSTEM, now=NOON)
    db.session().rollback()
    assert (the_certificate().instructor_name, the_certificate().instructor_id) == ("", marker.id)
    assert the_certificate().name == "Amina Yusuf"


def test_an_erased_holders_certificate_names_no_instructor_either(issued: Certificate) -> None:
    erasure.erase("amina@example.org", by=SYSTEM, now=NOON)
    db.session().rollback()
    assert (the_certificate().name, the_certificate().instructor_name) == ("", "")


def test_whoever_checks_is_told_the_hours_and_no_instructor(issued: Certificate) -> None:
    found = verification.look_up(issued.code, now=NOON)
    assert found is not None
    assert found.minutes == 60
    assert "Ines" not in repr(found)


def test_the_holders_own_copy_tells_them_all(issued: Certificate) -> None:
    (copy,) = exporting.export("amina@example.org", by=SYSTEM, now=NOON)["certificate"]
    assert (copy["minutes"], copy["instructor_name"], copy["competencies"]) == (60, "Ines Marques", ["Asks", "Hears"])


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"instructor_name": "Nobody"}])
def test_the_database_refuses_nonsense(database: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        make.certificate(**wrong)


def test_a_certificate_from_before_these_facts_is_whole(database: str) -> None:
    found = make.certificate()
    assert verification.look_up(found.code, now=NOON) is not None
    assert (found.minutes, found.instructor_name, found.competencies, found.paper) == (None, "", [], PaperSize.A4)
