"""Judging a system: each fact is good, worth a look, or asks for action, and says what to do when it is not good."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from mhfa_lms.services import system_state
from mhfa_lms.services.backlog import Backlog, Queue
from mhfa_lms.services.measuring import Disk, Key, Measured, Signing, Versions
from mhfa_lms.services.system_facts import Fact, Reader, State
from mhfa_lms.services.workers import Workers
from tests.make import NOON

QUIET = Queue(0, 0, 0.0)
MINUTE, DAY, GB = timedelta(minutes=1), timedelta(days=1), 10**9


@dataclass(frozen=True)
class Signer:
    """A key that signs."""

    id: str
    made_at: datetime


def signing(days: int, *, earlier: int = 0, **values: bool) -> Signing:
    return Signing([Signer("document-2026-10-22-0a1b2c3d", NOON - days * DAY)] * (1 + earlier), **values)


WELL = Measured(
    Workers(("desk:12",), NOON - MINUTE),
    Backlog(QUIET, QUIET, 3),
    Disk(20 * GB, 40 * GB, 5_000_000, 1_200),
    Versions("1.0", "3.11.2", "SQLite 3.53.0", True, "70.0", "0015", "0015"),
    Key(NOON - 30 * DAY),
    Signing([Signer("document-2026-10-22-0a1b2c3d", NOON - 30 * DAY)]),
    Signing([]),
    last_backup=NOON - DAY,
    last_seal=NOON - MINUTE,
    problems=0,
    renewals_overdue=0,
    stale_countries=[],
    mail_is_dropped=False,
    demo=False,
)
READER = Reader(NOON, datetime.isoformat)


def judged(**changes: Any) -> dict[str, Fact]:
    return {fact.key: fact for fact in system_state.facts(replace(WELL, **changes), READER)}


def test_a_system_that_is_well_asks_for_nothing() -> None:
    facts = list(judged().values())
    assert {fact.state for fact in facts} == {State.GOOD}
    assert not any(fact.advice for fact in facts)
    assert all(fact.meaning and fact.title and fact.value for fact in facts)
    assert system_state.worst(facts) is State.GOOD


def versions(**changes: Any) -> Versions:
    return replace(WELL.versions, **changes)


@pytest.mark.parametrize(
    ("key", "state", "changes"),
    [
        ("tick", State.ACT, {"workers": Workers(("desk:12",), None)}),
        ("tick", State.LOOK, {"workers": Workers(("desk:12",), NOON - 6 * MINUTE)}),
        ("tick", State.ACT, {"workers": Workers(("desk:12",), NOON - 16 * MINUTE)}),
        ("tick", State.GOOD, {"workers": Workers(("desk:12",), NOON - 5 * MINUTE)}),
        ("workers", State.ACT, {"workers": Workers((), NOON)}),
        ("mails", State.LOOK, {"backlog": Backlog(Queue(0, 1, 0.0), QUIET, 0)}),
        ("mails", State.GOOD, {"backlog": Backlog(Queue(9, 0, 0.0), QUIET, 0)}),
        ("jobs", State.LOOK, {"backlog": Backlog(QUIET, Queue(0, 1, 0.0), 0)}),
        ("lag", State.LOOK, {"backlog": Backlog(Queue(1, 0, 301.0), QUIET, 0)}),
        ("lag", State.ACT, {"backlog": Backlog(QUIET, Queue(1, 0, 901.0), 0)}),
        ("renewals", State.LOOK, {"renewals_overdue": 2}),
        ("mail_server", State.LOOK, {"mail_is_dropped": True}),
        ("mail_server", State.GOOD, {"mail_is_dropped": True, "demo": True}),
        ("disk", State.LOOK, {"disk": Disk(GB, 40 * GB, None, 0)}),
        ("disk", State.ACT, {"disk": Disk(GB // 10, 40 * GB, None, 0)}),
        ("backup", State.LOOK, {"last_backup": None}),
        ("backup", State.LOOK, {"last_backup": NOON - 7 * DAY - MINUTE}),
        ("backup", State.GOOD, {"last_backup": NOON - 7 * DAY}),
        ("audit", State.LOOK, {"backlog": Backlog(QUIET, QUIET, 1_001)}),
        ("audit", State.GOOD, {"last_seal": None}),
        ("key", State.LOOK, {"key": Key(NOON - 366 * DAY)}),
        ("key", State.ACT, {"key": Key(NOON - DAY, open_to_others=True)}),
        ("key", State.GOOD, {"key": Key(None)}),
        ("document_key", State.LOOK, {"documents": signing(1096)}),
        ("document_key", State.GOOD, {"documents": signing(1095, earlier=2)}),
        ("document_key", State.ACT, {"documents": Signing(None)}),
        ("badge_key", State.ACT, {"badges": signing(1, open_to_others=True)}),
        ("badge_key", State.LOOK, {"badges": signing(1096)}),
        ("schema", State.ACT, {"versions": versions(schema="0014")}),
        ("versions", State.LOOK, {"versions": versions(weasyprint="")}),
        ("versions", State.LOOK, {"versions": versions(database_is_safe=False)}),
        ("courses", State.LOOK, {"problems": 1}),
        ("help_lines", State.LOOK, {"stale_countries": ["India"]}),
    ],
)
def test_each_fact(key: str, state: State, changes: dict[str, Any]) -> None:
    facts = judged(**changes)
    assert facts[key].state is state
    assert bool(facts[key].advice) == (state is not State.GOOD)
    others = {fact.state for fact in facts.values() if fact.key != key}
    assert others == {State.GOOD}
    assert system_state.worst(list(facts.values())) is state


def test_what_needs_action_outweighs_what_needs_a_look() -> None:
    facts = judged(workers=Workers((), None), problems=1)
    assert system_state.worst(list(facts.values())) is State.ACT
