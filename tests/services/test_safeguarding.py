"""Asking for somebody to get in touch: who hears of it, who sees it, what waits too long, and what is left of it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from mhfa_lms import db
from mhfa_lms.adapters.mail import RecordingMailer
from mhfa_lms.jobs.delivery import send_waiting
from mhfa_lms.jobs.tick import tick
from mhfa_lms.models import (
    AnswerState,
    AuditEvent,
    CaseState,
    EntryKind,
    Membership,
    MembershipRole,
    MembershipState,
    Message,
    Organisation,
    Role,
    SafeguardingCase,
    SafeguardingEntry,
    ScenarioAnswer,
)
from mhfa_lms.policy import SYSTEM, Actor, Forbidden
from mhfa_lms.services import (
    erasure,
    exporting,
    memberships,
    reminders,
    retention,
    safeguarding,
    safeguarding_cases,
    scenarios,
)
from mhfa_lms.services import safeguarding_notices as notices
from mhfa_lms.services import safeguarding_words as words
from mhfa_lms.services.safeguarding_words import Words
from mhfa_lms.settings import Settings
from tests import make
from tests.make import NOON
from tests.services.learner import learner

pytestmark = pytest.mark.usefixtures("database")
KEYS = ("the key of a test that is long enough",)
BOX = words.box(KEYS)
SAID = Words("It is all a bit much. Zanzibar.", "ring 020 7946 0999", "after five")
DAY = timedelta(days=1)


@dataclass
class Place:
    """An organisation with a writer and leads."""

    here: Organisation = field(default_factory=lambda: make.organisation())
    leads: list[Membership] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.writer = make.member(self.here, name="Wren Writer")
        self.by = make.actor(self.writer)

    def lead(self, name: str, *roles: Role) -> Actor:
        """Name another lead."""
        self.leads.append(make.member(self.here, Role.SAFEGUARDING, *roles, name=name))
        return make.actor(self.leads[-1])

    def ask(self, said: Words = SAID, *, first: Actor | None = None, now: datetime = NOON) -> int:
        """Ask for somebody to get in touch."""
        for_id = first.membership_id if first else None
        return safeguarding.ask(said, BOX, for_id=for_id, by=self.by, now=now)


@pytest.fixture
def place() -> Place:
    return Place()


def case(case_id: int) -> SafeguardingCase:
    db.session().rollback()
    return db.session().get_one(SafeguardingCase, case_id)


def told() -> list[tuple[int | None, str]]:
    """Who was written to, and what kind of notice it was, in order."""
    db.session().rollback()
    found = db.session().scalars(select(Message).where(Message.kind == notices.KIND).order_by(Message.id))
    return [(one.account_id, one.facts["what"]) for one in found]


def seen(by: Actor) -> list[int]:
    """The open cases a lead sees."""
    db.session().rollback()
    states = (CaseState.WAITING, CaseState.ACKNOWLEDGED)
    return [line.case.id for line in safeguarding_cases.listed(db.session(), *states, by=by)]


def test_what_was_written_is_sealed_and_read_by_leads_alone(place: Place) -> None:
    lead = place.lead("Lee Lead")
    case_id = place.ask()
    assert seen(lead) == [case_id]
    [entry] = safeguarding_cases.entries(db.session(), case(case_id), BOX)
    assert (entry.kind, entry.words, entry.author) == (EntryKind.ASKED, SAID, "Wren Writer")
    row = db.session().scalars(select(SafeguardingEntry)).one()
    assert "Zanzibar" not in str(row.sealed)
    assert words.opened(row, words.box(("another key that is long enough",))) is None
    assert told() == [(lead.account_id, "new")]
    for message in db.session().scalars(select(Message)):
        assert "Zanzibar" not in str(message.facts)
        assert "Wren" not in str(message.facts)


def test_a_row_copied_into_another_case_opens_nothing(place: Place) -> None:
    place.lead("Lee Lead")
    place.ask()
    other = Place(place.here)
    other_id = other.ask(Words("Other"))
    with db.transaction() as session:
        mine = session.scalars(select(SafeguardingEntry).order_by(SafeguardingEntry.id)).first()
        assert mine is not None
        mine.case_id = other_id
    entries = safeguarding_cases.entries(db.session(), case(other_id), BOX)
    assert [one.words for one in entries] == [None, Words("Other")]


def test_the_trail_does_not_say_who_asked(place: Place) -> None:
    lead = place.lead("Lee Lead")
    case_id = place.ask()
    safeguarding_cases.acknowledge(case_id, by=lead, now=NOON)
    safeguarding.withdraw(by=place.by, now=NOON)
    events = db.session().scalars(
        select(AuditEvent).where(AuditEvent.verb.like("safeguarding-%")).order_by(AuditEvent.id)
    )
    assert [(one.verb, one.account_id, one.data) for one in events] == [
        ("safeguarding-opened", 0, {}),
        ("safeguarding-acknowledged", lead.account_id, {}),
        ("safeguarding-withdrawn", 0, {}),
    ]


@pytest.mark.parametrize("role", [Role.LEARNER, Role.INSTRUCTOR, Role.COORDINATOR])
def test_nobody_else_sees_or_does_anything(place: Place, role: Role) -> None:
    place.lead("Lee Lead")
    case_id = place.ask()
    for other in (make.actor(make.member(place.here, role)), make.actor(make.member(None, Role.SAFEGUARDING))):
        with pytest.raises(Forbidden):
            safeguarding_cases.acknowledge(case_id, by=other, now=NOON)
        with pytest.raises(Forbidden):
            safeguarding_cases.note(case_id, "x", BOX, by=other, now=NOON)
        with pytest.raises(Forbidden):
            safeguarding_cases.close(case_id, "", BOX, by=other, now=NOON)
        if Role.SAFEGUARDING in other.roles:
            assert seen(other) == []
            assert safeguarding_cases.one(db.session(), case_id, by=other) is None
        else:
            with pytest.raises(Forbidden):
                seen(other)
    assert case(case_id).state is CaseState.WAITING


def test_administrators_see_none(place: Place) -> None:
    place.lead("Lee Lead")
    place.ask()
    admin = make.actor(make.member(place.here, holder=make.account(is_admin=True)))
    with pytest.raises(Forbidden):
        seen(admin)


def test_where_there_is_no_lead_nothing_is_kept(place: Place) -> None:
    with pytest.raises(safeguarding.NobodyThereError):
        place.ask()
    gone = make.member(place.here, Role.SAFEGUARDING, holder=make.account(deactivated_at=NOON))
    assert safeguarding.can_answer(db.session(), by=place.by) == []
    assert gone.id
    assert db.session().scalars(select(SafeguardingCase)).all() == []


def test_leads_do_not_look_after_themselves(place: Place) -> None:
    first, second = place.lead("Ada"), place.lead("Ben")
    assert [one.name for one in safeguarding.can_answer(db.session(), by=first)] == ["Ben"]
    case_id = safeguarding.ask(SAID, BOX, for_id=None, by=first, now=NOON)
    assert (seen(first), seen(second)) == ([], [case_id])
    assert told() == [(second.account_id, "new")]
    with pytest.raises(Forbidden):
        safeguarding_cases.acknowledge(case_id, by=first, now=NOON)


def test_the_chosen_lead_reads_it_first_and_the_others_after_a_day(place: Place) -> None:
    first, second = place.lead("Ada"), place.lead("Ben")
    case_id = place.ask(first=second)
    assert (seen(first), seen(second)) == ([], [case_id])
    assert told() == [(second.account_id, "new")]
    assert notices.escalate_due(now=NOON + DAY - timedelta(seconds=1)) == 0
    assert notices.escalate_due(now=NOON + DAY) == 1
    assert (seen(first), seen(second)) == ([case_id], [case_id])
    assert told()[1:] == [(first.account_id, "late"), (second.account_id, "late")]


@pytest.mark.parametrize("gone", ["role", "left", "closed"])
def test_a_chosen_lead_who_is_no_longer_one_keeps_nothing_from_the_others(place: Place, gone: str) -> None:
    first, second = place.lead("Ada"), place.lead("Ben")
    case_id = place.ask(first=second)
    safeguarding_cases.acknowledge(case_id, by=second, now=NOON)
    with db.transaction() as session:
        row = session.get_one(Membership, second.membership_id)
        if gone == "role":
            session.execute(delete(MembershipRole).where(MembershipRole.membership_id == row.id))
        elif gone == "left":
            row.state, row.left_at = MembershipState.LEFT, NOON
        else:
            row.account.deactivated_at = NOON
    assert seen(first) == [case_id]


def test_one_case_while_it_is_open_and_words_sent_twice_are_kept_once(place: Place) -> None:
    lead = place.lead("Lee Lead")
    case_id = place.ask()
    assert place.ask() == case_id
    assert place.ask(Words("More")) == case_id
    assert len(safeguarding_cases.entries(db.session(), case(case_id), BOX)) == 2
    assert told() == [(lead.account_id, "new")] * 2
    safeguarding_cases.close(case_id, "We talked.", BOX, by=lead, now=NOON)
    assert place.ask() != case_id


def test_asked_four_times_at_once_it_is_one_case(place: Place) -> None:
    lead = place.lead("Lee Lead")

    def ask(number: int) -> int:
        try:
            return place.ask(Words(f"Window {number}"))
        finally:
            db.sessions.remove()

    db.sessions.remove()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(4)))
    assert len(set(found)) == 1
    entries = safeguarding_cases.entries(db.session(), case(found[0]), BOX)
    assert {one.words.text for one in entries if one.words} == {f"Window {number}" for number in range(4)}
    assert told() == [(lead.account_id, "new")] * 4


def test_letters_that_cannot_be_counted_keep_no_case_waiting(
    place: Place, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = place.lead("Ada"), place.lead("Ben")
    place.ask(first=second)

    def fails(**_when: object) -> int:
        raise ValueError("broken")

    monkeypatch.setattr(reminders, "post_due", fails)
    with pytest.raises(ValueError, match="broken"):
        tick(settings, NOON + DAY)
    assert told()[1:] == [(first.account_id, "late"), (second.account_id, "late")]


def test_ticks_at_once_escalate_once(place: Place) -> None:
    place.lead("Lee Lead")
    place.ask()

    def tick(_number: int) -> int:
        try:
            return notices.escalate_due(now=NOON + DAY)
        finally:
            db.sessions.remove()

    db.sessions.remove()
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(tick, range(4))) == 1
    assert len(told()) == 2


def test_new_words_make_an_acknowledged_case_wait_again(place: Place) -> None:
    lead = place.lead("Lee Lead")
    case_id = place.ask()
    safeguarding_cases.acknowledge(case_id, by=lead, now=NOON + timedelta(hours=1))
    assert notices.escalate_due(now=NOON + 3 * DAY) == 0
    place.ask(Words("It got worse"), now=NOON + 3 * DAY)
    found = case(case_id)
    assert (found.state, found.waiting_since) == (CaseState.WAITING, NOON + 3 * DAY)
    assert notices.escalate_due(now=NOON + 3 * DAY + timedelta(hours=23)) == 0
    assert notices.escalate_due(now=NOON + 4 * DAY) == 1


def test_who_asks_again_without_a_word_is_heard_again(place: Place) -> None:
    lead = place.lead("Lee Lead")
    case_id = place.ask(Words())
    safeguarding_cases.acknowledge(case_id, by=lead, now=NOON + timedelta(hours=1))
    place.ask(Words(), now=NOON + 5 * DAY)
    assert case(case_id).state is CaseState.WAITING
    assert told() == [(lead.account_id, "new")] * 2


def test_where_nobody_is_added_the_nearest_organisation_above_is_told(place: Place) -> None:
    top, middle = make.organisation(), make.organisation()
    with db.transaction() as session:
        for child, parent in ((place.here, middle), (middle, top)):
            session.execute(update(Organisation).where(Organisation.id == child.id).values(parent_id=parent.id))
    above = make.actor(make.member(top, Role.SAFEGUARDING, name="Uma Upper"))
    lead = place.lead("Lee Lead")
    case_id = place.ask()
    notices.escalate_due(now=NOON + DAY)
    assert told()[1:] == [(lead.account_id, "late"), (above.account_id, "above")]
    assert seen(above) == []
    assert safeguarding_cases.one(db.session(), case_id, by=above) is None


@examples(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(hours=st.lists(st.integers(-48, 120), min_size=1, max_size=8))
def test_it_escalates_once_whatever_the_clock_does(place: Place, hours: Sequence[int]) -> None:
    """The clock may jump back and forth, and ticks may come twice or hardly ever."""
    with db.transaction() as session:
        session.execute(delete(SafeguardingEntry))
        session.execute(delete(SafeguardingCase))
        session.execute(delete(Message))
    if not place.leads:
        place.lead("Lee Lead")
    case_id = place.ask()
    posted = [notices.escalate_due(now=NOON + timedelta(hours=hour)) for hour in hours for _twice in range(2)]
    late = [hour for hour in hours if hour >= 24]
    assert sum(posted) == (1 if late else 0)
    assert len(told()) == (2 if late else 1)
    assert case(case_id).escalated_at == (NOON + timedelta(hours=late[0]) if late else None)


def test_a_notice_is_not_sent_once_somebody_has_acknowledged(place: Place, settings: Settings) -> None:
    first, _second = place.lead("Ada"), place.lead("Ben")
    case_id = place.ask()
    safeguarding_cases.acknowledge(case_id, by=first, now=NOON)
    mailer = RecordingMailer()
    send_waiting(settings, lambda: NOON, mailer=mailer)
    assert mailer.sent == []
    place.ask(Words("More"))
    send_waiting(settings, lambda: NOON, mailer=mailer)
    assert len(mailer.sent) == 2


def test_withdrawing_takes_the_words_back_while_nobody_has_read_them(place: Place) -> None:
    lead = place.lead("Lee Lead")
    case_id = place.ask()
    assert safeguarding.withdraw(by=place.by, now=NOON)
    assert not safeguarding.withdraw(by=place.by, now=NOON)
    assert case(case_id).state is CaseState.WITHDRAWN
    [entry] = safeguarding_cases.entries(db.session(), case(case_id), BOX)
    assert entry.words == Words()
    with pytest.raises(safeguarding_cases.OverError):
        safeguarding_cases.note(case_id, "x", BOX, by=lead, now=NOON)
    again = place.ask()
    safeguarding_cases.acknowledge(again, by=lead, now=NOON)
    safeguarding.withdraw(by=place.by, now=NOON)
    [entry] = safeguarding_cases.entries(db.session(), case(again), BOX)
    assert entry.words == SAID


def test_a_marker_says_that_they_worry_once_and_the_writer_cannot_take_it_back(place: Place) -> None:
    lead = place.lead("Lee Lead")
    revision = make.published()
    answer = make.answer(make.enrolment(place.writer, revision))
    instructor = make.member(place.here, Role.INSTRUCTOR, name="Ines Marker")
    make.authorisation(instructor, revision)
    marker = make.actor(instructor)
    for _twice in range(2):
        safeguarding.flag(answer.id, by=marker, now=NOON)
    [case_id] = seen(lead)
    [entry] = safeguarding_cases.entries(db.session(), case(case_id), BOX)
    assert (entry.kind, entry.answer) == (EntryKind.FLAG, answer.text)
    assert safeguarding.is_flagged(db.session(), answer.id)
    safeguarding.withdraw(by=place.by, now=NOON)
    assert case(case_id).state is CaseState.WAITING
    assert case(case_id).withdrawn_at == NOON
    for outsider in (lead, make.actor(make.member(place.here, Role.INSTRUCTOR))):
        with pytest.raises(Forbidden):
            safeguarding.flag(answer.id, by=outsider, now=NOON)


def test_a_draft_is_nobodys_to_worry_about(place: Place) -> None:
    place.lead("Lee Lead")
    revision = make.published()
    draft = make.answer(make.enrolment(place.writer, revision), state=AnswerState.DRAFT)
    instructor = make.member(place.here, Role.INSTRUCTOR)
    make.authorisation(instructor, revision)
    with pytest.raises(Forbidden):
        safeguarding.flag(draft.id, by=make.actor(instructor), now=NOON)


def test_an_explicit_statement_opens_a_case_when_it_is_handed_in_and_not_before() -> None:
    who = learner()
    text = "I would sit down with Sam and ask about suicide plainly. To be honest, I want to end my life. " * 2
    who.write(text)
    assert db.session().scalars(select(SafeguardingCase)).all() == []
    assert scenarios.submit(who.enrolment_id, "sam", text, version=2, page="page", by=who.actor, now=NOON)
    [found] = db.session().scalars(select(SafeguardingCase)).all()
    assert found.membership_id == who.membership_id
    assert [one.kind for one in db.session().scalars(select(SafeguardingEntry))] == [EntryKind.STATEMENT]
    # Sent twice it is one answer; what it said already is no news in the next one.
    assert not scenarios.submit(who.enrolment_id, "sam", text, version=2, page="page", by=who.actor, now=NOON)
    with db.transaction() as session:
        session.execute(update(ScenarioAnswer).values(state=AnswerState.TRY_AGAIN, decided_at=NOON))
    safeguarding.withdraw(by=who.actor, now=NOON)
    scenarios.try_again(who.enrolment_id, "sam", by=who.actor, now=NOON)
    version = db.session().scalars(select(ScenarioAnswer.version).order_by(ScenarioAnswer.id.desc())).first() or 0
    more = text + " And I would stay with Sam."
    assert not scenarios.submit(who.enrolment_id, "sam", more, version=version, page="p", by=who.actor, now=NOON)
    assert len(db.session().scalars(select(SafeguardingCase)).all()) == 1


def test_talking_about_suicide_opens_none() -> None:
    who = learner()
    text = "I sit down with Sam and ask: are you thinking of suicide? Sam says he wants to die. I stay with him. " * 2
    assert not scenarios.submit(who.enrolment_id, "sam", text, version=0, page="page", by=who.actor, now=NOON)
    assert db.session().scalars(select(SafeguardingCase)).all() == []


def test_the_database_refuses_nonsense(place: Place) -> None:
    lead = place.lead("Lee Lead")
    case_id = place.ask()
    for values in (
        {"state": CaseState.ACKNOWLEDGED},
        {"state": CaseState.CLOSED, "ended_at": NOON},
        {"state": CaseState.WITHDRAWN},
        {"acknowledged_at": NOON},
        {"for_id": place.writer.id},
        {"acknowledged_at": NOON, "acknowledged_by_id": lead.membership_id},
    ):
        with pytest.raises(IntegrityError), db.transaction() as session:
            session.execute(update(SafeguardingCase).where(SafeguardingCase.id == case_id).values(**values))
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.add(
            SafeguardingCase(
                organisation_id=place.here.id, membership_id=place.writer.id, opened_at=NOON, waiting_since=NOON
            )
        )


def test_words_are_sealed_anew_when_the_key_changes(place: Place) -> None:
    place.lead("Lee Lead")
    place.ask()
    new = "a newer key that is long enough as well"
    assert words.reseal(KEYS, now=NOON) == 0
    assert words.reseal([new, *KEYS], now=NOON) == 1
    assert words.reseal([new, *KEYS], now=NOON) == 0
    row = db.session().scalars(select(SafeguardingEntry)).one()
    assert words.opened(row, words.box([new])) == SAID
    assert words.reseal(["a third key, and the others are lost"], now=NOON) == 0


def test_the_persons_own_copy_has_their_words_and_nobody_elses_file_has_any(place: Place) -> None:
    lead = place.lead("Lee Lead")
    case_id = place.ask()
    safeguarding_cases.note(case_id, "A note of the lead's", BOX, by=lead, now=NOON)
    rows, _drawn = exporting.own(by=place.by, keys=KEYS)
    [entry] = rows["safeguarding_entry"]
    assert (entry["text"], entry["reach"], entry["when"]) == (SAID.text, SAID.reach, SAID.when)
    assert "sealed" not in entry
    assert len(rows["safeguarding_case"]) == 1
    email = place.writer.account.email
    assert not {name for name in exporting.export(email, by=SYSTEM, now=NOON) if name.startswith("safeguarding")}


def test_erasing_the_person_removes_it_all_and_erasing_a_lead_nothing(place: Place) -> None:
    lead = place.lead("Lee Lead")
    case_id = place.ask()
    safeguarding_cases.note(case_id, "A note", BOX, by=lead, now=NOON)
    erasure.erase(place.leads[0].account.email, by=SYSTEM, now=NOON)
    assert len(db.session().scalars(select(SafeguardingEntry)).all()) == 2
    erasure.erase(place.writer.account.email, by=SYSTEM, now=NOON)
    db.session().rollback()
    assert db.session().scalars(select(SafeguardingEntry)).all() == []
    assert db.session().scalars(select(SafeguardingCase)).all() == []


def test_leads_hear_of_whoever_asks_after_somebody_was_erased(place: Place) -> None:
    """SQLite gives the ids of rows that are gone to the next ones: a notice must not pass for one sent long ago."""
    lead = place.lead("Lee Lead")
    place.ask()
    erasure.erase(place.writer.account.email, by=SYSTEM, now=NOON + DAY)
    another = make.actor(make.member(place.here, name="Ana Other"))
    safeguarding.ask(Words(), BOX, for_id=None, by=another, now=NOON + 2 * DAY)
    assert told() == [(lead.account_id, "new")] * 2


def test_what_is_over_goes_after_the_time_of_keeping(place: Place) -> None:
    lead = place.lead("Lee Lead")
    closed = place.ask()
    safeguarding_cases.close(closed, "Done", BOX, by=lead, now=NOON)
    still_open = place.ask()
    duty = next(one for one in retention.DUTIES if one.name == "cases")
    assert retention.run(duty, by=SYSTEM, now=NOON + timedelta(days=3 * 366 - 10)) == 0
    assert retention.run(duty, by=SYSTEM, now=NOON + timedelta(days=3 * 366)) == 1
    assert seen(lead) == [still_open]


def test_nobody_names_themselves_and_the_other_leads_hear_of_a_new_one(place: Place) -> None:
    lead = place.lead("Lee Lead")
    row = make.member(place.here, Role.COORDINATOR, name="Cora")
    coordinator = make.actor(row)
    with pytest.raises(Forbidden):
        memberships.set_roles(row.id, [Role.COORDINATOR, Role.SAFEGUARDING], by=coordinator, now=NOON)
    other = make.member(place.here, name="New Lead").id
    memberships.set_roles(other, [Role.SAFEGUARDING], by=coordinator, now=NOON)
    assert told() == [(lead.account_id, "named")]
    # Roles that stay are no news, and whoever was named by others keeps theirs.
    memberships.set_roles(other, [Role.SAFEGUARDING, Role.LEARNER], by=coordinator, now=NOON)
    memberships.set_roles(row.id, [Role.COORDINATOR, Role.SAFEGUARDING], by=SYSTEM, now=NOON)
    memberships.set_roles(row.id, [Role.COORDINATOR, Role.SAFEGUARDING, Role.LEARNER], by=coordinator, now=NOON)
    assert len(told()) == 3


def test_a_new_lead_sees_what_waits(place: Place) -> None:
    place.lead("Lee Lead")
    case_id = place.ask()
    later = make.member(place.here, name="New Lead")
    memberships.set_roles(later.id, [Role.LEARNER, Role.SAFEGUARDING], by=SYSTEM, now=NOON)
    assert seen(make.actor(later)) == [case_id]
    assert make.actor(later).cases == 1
