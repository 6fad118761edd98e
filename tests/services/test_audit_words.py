"""The audit trail holds ids and verbs: no names, no addresses, no free text, in every place that writes to it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import mhfa_lms
from mhfa_lms import clock, db
from mhfa_lms.models import Account, AuditEvent, Certificate, Invitation, Membership, Site
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import audit, audit_words, erasure
from tests.services import invented

PACKAGE = Path(mhfa_lms.__file__).parent
VERB = re.compile(r"[a-z]+([-.][a-z]+)*")
# What a fact must not be called, and what it must not be read from: there lies what people typed.
TYPED = re.compile(r"(^|[._])(name|email|address|reason|text|title|feedback|message|sort_key|employee_id|place)$")


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name == "audit.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"audit.about", "audit.record"}:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


@pytest.mark.parametrize(("place", "call"), [pytest.param(*found, id=found[0]) for found in calls()])
def test_every_writer_names_a_verb_and_no_fact_that_people_typed(place: str, call: ast.Call) -> None:
    for literal in [one for one in ast.walk(call.args[1]) if isinstance(one, ast.Constant)]:
        assert not isinstance(literal.value, str) or VERB.fullmatch(literal.value)
    for word in call.keywords:
        assert not TYPED.search(word.arg or ""), word.arg
        assert not TYPED.search(ast.unparse(word.value))


@pytest.mark.parametrize("value", ["Lena Okafor", "lena@example.org", "", "Zoë", "a\nb", "x" * 65])
def test_the_trail_itself_refuses_what_reads_like_a_name_or_a_text(database: str, value: str) -> None:
    with pytest.raises(ValueError, match="state word"), db.transaction() as session:
        audit.record(session, "tested", by=SYSTEM, now=clock.now(), subject="test", subject_id=1, fact=value)


def typed_by_people() -> set[str]:
    """Return every name and address in the database."""
    columns: list[Any] = [
        *(Account.email, Membership.name, Membership.work_email, Certificate.name, Invitation.email, Invitation.name),
        Site.name,
    ]
    return {found for column in columns for found in db.session().scalars(select(column)) if found}


def test_nothing_that_people_typed_is_in_the_trail(database: str) -> None:
    invented.fill(clock.now())
    typed = typed_by_people()
    assert "Lena Okafor" in typed
    db.session().rollback()
    erasure.erase("learner@demo.example", by=SYSTEM, now=clock.now())
    events = db.session().scalars(select(AuditEvent)).all()
    assert len({event.verb for event in events}) > 5
    for event in events:
        assert VERB.fullmatch(event.verb)
        assert event.subject.isidentifier()
        assert not typed & {value for value in event.data.values() if isinstance(value, str)}, event.verb


def test_every_verb_has_words_for_administrators() -> None:
    written = {one.value for _place, call in calls() for one in ast.walk(call.args[1]) if isinstance(one, ast.Constant)}
    assert written - set(audit_words.VERBS) == set()
