"""The page of a renewal: what to do, by when and why; and the button that begins it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Certificate, CourseKind, Enrolment, Membership, RenewalBasis, Role
from mhfa_lms.services import enrolments
from mhfa_lms.services.renewal import RefresherError, WhyNot
from tests import make
from tests.counting import queries
from tests.services.test_certification import complete, ready
from tests.services.test_renewal import refresher

# The certificates of the builders can be renewed from 21 May 2029 to 21 February 2030, and end on 21 November 2029.
VALID, DUE, GRACE, LAPSED = (
    datetime(2029, 1, 1, 12, tzinfo=UTC),
    datetime(2029, 8, 1, 12, tzinfo=UTC),
    datetime(2029, 12, 1, 12, tzinfo=UTC),
    datetime(2030, 3, 1, 12, tzinfo=UTC),
)


def page(client: FlaskClient, held: tuple[Membership, str], now: datetime, status: int = 200) -> str:
    """The page of a certificate's renewal on a day."""
    with time_machine.travel(now, tick=False):
        make.signed_in(client, held[0], now=now)
        with queries() as asked:
            answer = client.get(f"/certificates/{held[1]}/renew")
    assert answer.status_code == status
    assert len(asked) <= 12
    return answer.text


def holds(**values: Any) -> tuple[Membership, str]:
    """A member and the code of the certificate they hold, of a type with a full course and a refresher."""
    member, full = make.member(), make.published()
    found = make.certificate(member, full, **values)
    return member, found.code


def test_before_the_window_it_says_from_when(client: FlaskClient) -> None:
    held = holds()
    refresher()
    text = page(client, held, VALID)
    assert "There is nothing to do yet" in text
    assert (
        "From <bdi>21 May 2029</bdi> to <bdi>21 February 2030</bdi>, both days included, a refresher renews it" in text
    )
    assert "Renew now" not in text
    assert "If you finish on <bdi>21 May 2029</bdi>" in text


def test_in_the_window_one_click_begins_the_refresher_and_a_second_changes_nothing(client: FlaskClient) -> None:
    held = holds()
    short = refresher().course_id
    assert "A refresher is enough" in page(client, held, DUE)
    with time_machine.travel(DUE, tick=False):
        answers = [client.post(f"/certificates/{held[1]}/renew") for _twice in range(2)]
    assert {answer.status_code for answer in answers} == {303}
    (enrolment,) = db.session().scalars(select(Enrolment)).all()
    assert enrolment.course_id == short
    assert {answer.location for answer in answers} == {f"/learn/{enrolment.id}"}
    text = page(client, held, DUE)
    assert "You are on it already. Still to come:" in text
    assert "Go on with my renewal" in text


@pytest.mark.parametrize(
    ("basis", "now", "words"),
    [
        (RenewalBasis.COMPLETION, DUE, ["1 August 2029 until 1 August 2032", "21 November 2032"]),
        (RenewalBasis.OLD_EXPIRY, DUE, ["21 November 2029 until 21 November 2032", "no time is lost"]),
        (
            RenewalBasis.COMPLETION,
            GRACE,
            ["1 December 2029 until 1 December 2032", "not certified between"],
        ),
        (RenewalBasis.OLD_EXPIRY, GRACE, ["21 November 2029 until 21 November 2032"]),
        (
            RenewalBasis.OLD_EXPIRY,
            LAPSED,
            ["1 March 2030 until 1 March 2033", "the full course is needed"],
        ),
    ],
)
def test_it_says_from_when_the_new_one_counts(
    client: FlaskClient, basis: RenewalBasis, now: datetime, words: list[str]
) -> None:
    held = holds(renewal_basis=basis)
    refresher()
    text = page(client, held, now)
    said = text.replace("<bdi>", "").replace("</bdi>", "")
    assert [one for one in words if one not in said] == []


def test_the_full_course_every_second_time_is_explained_and_the_refresher_refused(client: FlaskClient) -> None:
    held = holds(earned_by=CourseKind.REFRESHER, full_course_next=True)
    short = refresher().course_id
    who = make.actor(held[0], now=DUE)
    text = page(client, held, DUE)
    assert "the full course every second time" in text
    with pytest.raises(RefresherError) as refused:
        enrolments.enrol(who.membership_id or 0, short, by=who, now=DUE)
    assert refused.value.refused.why is WhyNot.FULL_COURSE_NEXT
    with time_machine.travel(DUE, tick=False):
        home = client.get("/home").text
        assert "Your organisation asks for the full course every second time" in home
        answer = client.post("/learn/enrol", data={"course": str(short)}, follow_redirects=True)
        assert "would not renew your certificate now" in answer.text
    assert db.session().scalars(select(Enrolment)).all() == []


@pytest.mark.parametrize(("now", "why"), [(VALID, WhyNot.NOT_YET), (DUE, None), (GRACE, None), (LAPSED, WhyNot.OVER)])
def test_people_begin_a_refresher_only_where_it_counts(database: str, now: datetime, why: WhyNot | None) -> None:
    member, _code = holds()
    short, who = refresher(), make.actor(member, now=now)
    if why is None:
        assert enrolments.enrol(member.id, short.course_id, by=who, now=now)
        return
    with pytest.raises(RefresherError, match=why.value):
        enrolments.enrol(member.id, short.course_id, by=who, now=now)


def test_who_finished_too_early_is_told_that_nothing_is_lost(client: FlaskClient) -> None:
    held = holds(completed_on=date(2026, 11, 20))
    enrolment_id = ready(membership=held[0], revision=refresher()).id
    assert complete(enrolment_id, VALID) is None
    text = page(client, held, VALID)
    assert "You have finished your renewal early" in text
    with time_machine.travel(VALID, tick=False):
        course, home = (client.get(path).text for path in (f"/learn/{enrolment_id}", "/home"))
    assert "On 21 May 2029 your certificate is renewed on its own" in course
    assert "on the first day on which it can be" in home
    assert "live part" not in course + home


def test_a_coordinator_may_put_them_on_it_and_the_learner_is_told(client: FlaskClient) -> None:
    member, code = holds()
    short = refresher()
    coordinator = make.member(member.organisation, Role.COORDINATOR)
    enrolment = enrolments.enrol(member.id, short.course_id, by=make.actor(coordinator), now=VALID)
    with time_machine.travel(VALID, tick=False):
        make.signed_in(client, member, now=VALID)
        text = client.get(f"/learn/{enrolment}").text
        renew = client.get(f"/certificates/{code}/renew").text
    assert "can be renewed from 21 May 2029. If you finish this refresher before that, it waits" in text
    assert "Go on with my renewal" in renew


def test_where_no_course_is_offered_it_says_whom_to_ask(client: FlaskClient) -> None:
    member = make.member()
    held = member, make.certificate(member, make.published(open=False)).code
    make.member(member.organisation, Role.COORDINATOR, name="Chris Coordinator", work_email="chris@example.org")
    text = page(client, held, DUE)
    assert "No course is offered here at the moment" in text
    assert "Chris Coordinator" in text
    with time_machine.travel(DUE, tick=False):
        answer = client.post(f"/certificates/{held[1]}/renew", follow_redirects=True)
    assert "There is nothing to begin now" in answer.text


def test_what_has_ended_cannot_be_renewed_and_says_why(client: FlaskClient) -> None:
    member, full = make.member(), make.published()
    later = make.certificate(member, full, expires_on=date(2032, 8, 1), window_closes_on=date(2032, 11, 1))
    newer, old = later.code, (member, make.certificate(member, full, renewed_by_id=later.id).code)
    text = page(client, old, DUE)
    assert "You have renewed it" in text
    assert f"/certificates/{newer}" in text
    with time_machine.travel(DUE, tick=False):
        assert f"/certificates/{newer}" in client.get(f"/certificates/{old[1]}").text
        assert f"/certificates/{old[1]}" in client.get(f"/certificates/{newer}").text
        assert client.post(f"/certificates/{old[1]}/renew").location == f"/certificates/{old[1]}/renew"
    withdrawn = holds(revoked_at=make.NOON, revoked_reason="a mistake")
    assert "It cannot be renewed" in page(client, withdrawn, DUE)
    assert db.session().scalars(select(Enrolment)).all() == []


def test_nobody_renews_for_somebody_else(client: FlaskClient) -> None:
    _member, code = holds()
    other = make.member()
    page(client, (other, code), DUE, 404)
    with time_machine.travel(DUE, tick=False):
        assert client.post(f"/certificates/{code}/renew").status_code == 404
    assert db.session().scalars(select(Certificate)).one().renewed_by_id is None


def test_a_certificate_of_another_organisation_of_mine_is_renewed_there(client: FlaskClient) -> None:
    member, code = holds()
    elsewhere = make.member(holder=member.account)
    text = page(client, (elsewhere, code), DUE)
    assert "/account/organisations" in text
    with time_machine.travel(DUE, tick=False):
        assert client.post(f"/certificates/{code}/renew").location == f"/certificates/{code}/renew"
    assert db.session().scalars(select(Enrolment)).all() == []
