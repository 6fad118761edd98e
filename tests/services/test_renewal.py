"""Which course renews a certificate, and when."""

from datetime import date

import pytest

from mhfa_lms import db
from mhfa_lms.models import Certificate, Course, CourseKind, CourseRevision
from mhfa_lms.services import renewal
from tests import make
from tests.small_course import course as small_course

pytestmark = pytest.mark.usefixtures("database")

VALID, DUE, GRACE, LAPSED = date(2029, 1, 1), date(2029, 8, 1), date(2029, 12, 1), date(2030, 3, 1)


def refresher() -> CourseRevision:
    """A published refresher of the small course's certification type."""
    content = small_course("small-again", kind="refresher", certification=small_course().certification.model_dump())
    revision = make.published(content)
    with db.transaction() as session:
        session.get_one(Course, revision.course_id).kind = CourseKind.REFRESHER
    return revision


def course_on(day: date, certificate: Certificate) -> int | None:
    found = renewal.course_for(db.session(), certificate, day)
    return found.course_id if found else None


def test_nothing_to_renew_before_the_window() -> None:
    assert course_on(VALID, make.certificate()) is None


@pytest.mark.parametrize("day", [DUE, GRACE])
def test_a_refresher_renews_inside_the_window(day: date) -> None:
    full = make.published()
    certificate, shorter = make.certificate(revision=full), refresher()
    assert course_on(day, certificate) == shorter.course_id


def test_where_the_full_course_is_next_the_refresher_is_not_offered() -> None:
    full = make.published()
    certificate = make.certificate(revision=full, earned_by=CourseKind.REFRESHER, full_course_next=True)
    refresher()
    assert course_on(DUE, certificate) == full.course_id


def test_outside_the_window_it_is_the_full_course() -> None:
    full = make.published()
    certificate = make.certificate(revision=full)
    refresher()
    assert course_on(LAPSED, certificate) == full.course_id


def test_without_a_refresher_the_full_course_renews() -> None:
    full = make.published()
    assert course_on(DUE, make.certificate(revision=full)) == full.course_id


def test_another_type_renews_nothing() -> None:
    mine, other = make.published(), make.published(small_course("other"))
    assert course_on(DUE, make.certificate(revision=mine)) != other.course_id


def test_somebody_on_the_way_goes_on() -> None:
    full, member = make.published(), make.member()
    certificate = make.certificate(member, full)
    refresher()
    enrolment = make.enrolment(member, full)
    found = renewal.course_for(db.session(), certificate, DUE)
    assert found is not None
    assert found.enrolment_id == enrolment.id


@pytest.mark.parametrize("ending", ["revoked", "renewed"])
def test_what_has_ended_is_not_renewed(ending: str) -> None:
    member, full = make.member(), make.published()
    values = (
        {"revoked_at": make.NOON, "revoked_reason": "A mistake"}
        if ending == "revoked"
        else {"renewed_by_id": make.certificate(member, full).id}
    )
    assert course_on(DUE, make.certificate(member, full, **values)) is None
