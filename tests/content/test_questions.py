"""Questions of every kind: what is counted as what, what may be an answer, and what stays hidden until then."""

import random
import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mhfa_lms.content import loader, passages, questions, translations
from mhfa_lms.content.questions import BadChoiceError, Fault, Number, Ordering, Question
from mhfa_lms.content.schema import Course
from mhfa_lms.paths import courses_dir
from mhfa_lms.services import scoring
from tests import kinds, small_course
from tests.kinds import any_question

# Answers of people, of old pages, and of those who try things out.
anything = st.lists(
    st.one_of(
        st.sampled_from([*kinds.LETTERS, "=", "a=", "=a", "a=b=c", "", " ", "1", "-2,5", "yes", "a=1", "b=2", "c=9"]),
        st.builds("{}={}".format, st.sampled_from(kinds.LETTERS), st.sampled_from(kinds.LETTERS + "123")),
        st.text(max_size=12),
    ),
    max_size=8,
)


@given(any_question(), anything)
def test_any_answer_is_worth_from_nothing_to_all_or_refused_and_nothing_crashes(
    question: Question, sent: list[str]
) -> None:
    assert 0 <= questions.credit(question, sent) <= 1
    question.asked((), sent)
    try:
        kept = questions.checked(question, sent)
    except BadChoiceError:
        return
    # What is kept is an answer again, the same one, and worth as much.
    assert kept
    assert questions.checked(question, kept) == kept
    assert question.looked(kept).credit == questions.credit(question, kept)


@given(any_question())
def test_the_right_answer_is_worth_all_the_wrong_one_nothing_and_none_is_nothing(question: Question) -> None:
    assert questions.checked(question, question.right) == question.right
    assert questions.credit(question, question.right) == 1
    assert question.is_right(question.right)
    assert questions.credit(question, question.wrong) == 0
    assert questions.credit(question, []) == 0
    with pytest.raises(BadChoiceError) as error:
        questions.checked(question, [])
    assert error.value.fault is Fault.NOTHING


@given(any_question(("single", "multiple", "true-false", "matching", "gap")), anything, st.randoms())
def test_the_order_in_which_things_were_chosen_means_nothing_but_in_ordering(
    question: Question, sent: list[str], dice: random.Random
) -> None:
    mixed = dice.sample(sent, len(sent))
    assert questions.credit(question, sent) == questions.credit(question, mixed)
    assert questions.credit(question, dice.sample(question.right, len(question.right))) == 1


@given(any_question(), st.integers())
def test_what_is_drawn_shows_everything_once_and_no_order_shows_itself_as_it_belongs(
    question: Question, seed: int
) -> None:
    order = question.order(random.Random(seed))
    assert len(set(order)) == len(order)
    if isinstance(question, Ordering):
        assert set(order) == set(question.right)
        assert list(order) != question.right
        assert [control.id for control in question.asked(order, ()).controls] == list(order)
        return
    asked = question.asked(order, question.right)
    values = [one.value for one in asked.options] or [o.value for c in asked.controls for o in c.options]
    assert set(order) <= set(values) or {value.partition("=")[2] for value in values} == set(order)
    chosen = [one.value for one in asked.options if one.chosen]
    chosen += [one.value for control in asked.controls for one in control.options if one.chosen]
    assert sorted(chosen or [asked.written]) == sorted(question.right)


@pytest.mark.parametrize("kind", ["single", "matching", "gap"])
def test_an_author_can_pin_the_order(kind: str) -> None:
    pinned, free = kinds.question(kind, shuffle=False), kinds.question(kind)
    orders = {pinned.order(random.Random(seed)) for seed in range(20)}
    assert len(orders) == 1
    assert len({free.order(random.Random(seed)) for seed in range(20)}) > 1
    assert len({kinds.question("true-false").order(random.Random(seed)) for seed in range(20)}) == 1


@pytest.mark.parametrize(
    ("kind", "chosen", "credit"),
    [
        ("multiple", ["quiet"], "1/2"),
        ("multiple", ["quiet", "back", "phone"], "1/2"),
        ("multiple", ["quiet", "phone"], "0"),
        ("multiple", ["quiet", "back", "phone", "clock"], "0"),
        ("matching", ["open=room", "echo=fix", "wait=time"], "2/3"),
        ("gap", ["verb=one", "next=three"], "1/2"),
        ("ordering", ["mango", "zebra", "apple", "delta"], "2/3"),
        ("ordering", ["apple", "zebra", "delta", "mango"], "0"),
        ("ordering", ["delta", "zebra", "mango", "apple"], "0"),
        ("ordering", ["zebra", "mango", "delta", "apple"], "2/3"),
        ("number", ["71.25"], "1"),
        ("number", ["71.24"], "0"),
        ("text", ["  secret   WORD. "], "1"),
        ("text", ["ＳＥＣＲＥＴ word"], "1"),
        ("text", ["secretword"], "0"),
    ],
)
def test_part_of_an_answer_is_part_of_a_point(kind: str, chosen: list[str], credit: str) -> None:
    assert questions.credit(kinds.question(kind), chosen) == Fraction(credit)


@pytest.mark.parametrize(
    ("kind", "sent", "fault"),
    [
        ("single", ["listen", "advise"], Fault.TWICE),
        ("single", ["other"], Fault.UNKNOWN),
        ("matching", ["open=room", "", "wait=time"], Fault.INCOMPLETE),
        ("matching", ["open=room", "open=time"], Fault.TWICE),
        ("matching", ["open=elsewhere"], Fault.UNKNOWN),
        ("ordering", ["zebra=1", "mango=1", "apple=2", "delta=3"], Fault.TWICE),
        ("ordering", ["zebra=1", "mango=2", "", ""], Fault.INCOMPLETE),
        ("ordering", ["zebra=1", "mango=2", "apple=3", "delta=5"], Fault.UNKNOWN),
        ("gap", ["verb=one"], Fault.INCOMPLETE),
        ("gap", ["verb=three", "next=one"], Fault.UNKNOWN),
        ("number", ["many"], Fault.NO_NUMBER),
        ("number", ["1,000"], Fault.NO_NUMBER),
        ("number", ["1e9"], Fault.NO_NUMBER),
        ("text", ["..."], Fault.NOTHING),
        ("text", ["a" * 1001], Fault.TOO_LONG),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(kind: str, sent: list[str], fault: Fault) -> None:
    with pytest.raises(BadChoiceError) as error:
        questions.checked(kinds.question(kind), sent)
    assert error.value.fault is fault


@pytest.mark.parametrize("sent", ["73,5", " 73.50 ", "73.5 days", "73,5DAYS", "+73.5", "٧٣٫٥", "73.5"])
def test_a_number_may_be_written_as_people_write_numbers(sent: str) -> None:
    assert questions.checked(kinds.question("number"), [sent]) == ["73.5"]


@given(st.decimals(-(10**6), 10**6, places=2), st.decimals(0, 100, places=2), st.decimals(-200, 200, places=2))
def test_a_number_is_right_up_to_its_tolerance(answer: object, tolerance: object, off: object) -> None:
    question = questions.read(
        {"id": "q", "kind": "number", "prompt": "?", "answer": str(answer), "tolerance": str(tolerance)}
    )
    assert isinstance(question, Number)
    written = format(question.answer + Decimal(str(off)), "f").replace(".", ",")
    assert (questions.credit(question, [written]) == 1) == (abs(Fraction(str(off))) <= Fraction(str(tolerance)))


def test_a_form_sends_places_and_the_order_is_kept() -> None:
    question = kinds.question("ordering")
    sent = ["zebra=2", "mango=1", "apple=4", "delta=3"]
    assert questions.checked(question, sent) == ["mango", "zebra", "delta", "apple"]
    again = question.asked((), sent)
    assert sorted(o.value for c in again.controls for o in c.options if o.chosen) == sorted(sent)


def test_questions_published_before_there_were_kinds_are_read_as_they_were() -> None:
    old = {"id": "q", "prompt": "?", "options": [{"id": "a", "text": "A", "correct": True}, {"id": "b", "text": "B"}]}
    assert questions.read(old).kind == "single"
    assert questions.read({**old, "kind": "multiple"}).right == ["a"]


@pytest.mark.parametrize("kind", kinds.DOCUMENTS)
def test_a_question_survives_being_stored(kind: str) -> None:
    question = kinds.question(kind)
    assert questions.read(question.model_dump(mode="json")) == question
    course = small_course.document()
    course["modules"][0]["steps"][1]["question"] = kinds.document(kind)
    stored = Course.model_validate(course).model_dump(mode="json")
    assert Course.model_validate(stored).model_dump(mode="json") == stored


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("true-false", {"options": kinds.DOCUMENTS["single"]["options"]}, "has two options"),
        ("matching", {"targets": kinds.DOCUMENTS["matching"]["targets"][1:]}, "unknown target room"),
        ("gap", {"text": "First {verb}."}, "{next} exactly once"),
        ("gap", {"text": "{verb} {next} {more}"}, "unknown gap more"),
        ("ordering", {"shuffle": False}, "shuffle"),
        ("ordering", {"items": kinds.DOCUMENTS["ordering"]["items"][:2]}, "at least 3"),
        ("ordering", {"items": [{"id": one, "text": "Ask"} for one in "abc"]}, "two items have the same text"),
        ("text", {"accepted": ["…"]}, "punctuation is not compared"),
        ("number", {"tolerance": -1}, "greater than or equal to 0"),
        ("number", {"answer": "nan"}, "finite"),
    ],
)
def test_a_question_that_cannot_work_is_refused(kind: str, changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        kinds.question(kind, **changes)


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValidationError, match="“essay” is no kind of question; there are single"):
        questions.read({**kinds.document("single"), "kind": "essay"})
    step = {"id": "s", "title": "S", "body": "B", "question": "just words"}
    with pytest.raises(ValidationError, match="settings with names"):
        small_course.course(modules=[{"id": "m", "title": "M", "summary": "S", "steps": [step]}])


def test_a_problem_is_told_at_its_own_place() -> None:
    course = small_course.document()
    course["assessment"]["questions"][2] = {**kinds.document("gap", module="one"), "gaps": [{"id": "Not an id"}]}
    with pytest.raises(ValidationError) as error:
        Course.model_validate(course)
    places = [one["loc"] for one in error.value.errors()]
    assert ("assessment", "questions", 2, "gaps", 0, "id") in places


def test_an_assessment_takes_words_only_with_accepted_answers() -> None:
    course = small_course.document()
    course["assessment"]["questions"][0] = kinds.document("text", module="one", accepted=[])
    with pytest.raises(ValidationError, match="nobody marks it"):
        Course.model_validate(course)


def test_what_is_accepted_is_the_same_in_every_language_a_course_can_be_read_in() -> None:
    document = small_course.document()
    document["assessment"]["questions"][:2] = [kinds.document(kind, module="one") for kind in ("text", "number")]
    source = {"ask-text.accepted.0": "SECRET word", "ask-text.accepted.1": "another", "ask-number.unit": "days"}
    words = {"ask-text.accepted.0": "Wort", "ask-text.accepted.1": "ein anderes", "ask-number.unit": "Tage"}
    document["translations"] = {"de": {key: {"of": passages.digest(source[key]), "text": words[key]} for key in source}}
    course = translations.accepting(Course.model_validate(document))
    for language in ("en", "de"):
        text, number = translations.spoken(course, language).assessment.questions[:2]
        assert [text.is_right([one]) for one in ("Secret word", "wort", "WORT ", "other")] == [True, True, True, False]
        assert questions.checked(number, ["73,5 Tage"]) == questions.checked(number, ["73.5 days"]) == ["73.5"]


def test_the_examples_that_authors_read_are_questions() -> None:
    text = (courses_dir() / "README.md").read_text(encoding="utf-8")
    section = text[text.index("\n## Questions\n") if "\n## Questions\n" in text else 0 :]
    found = [
        questions.read(yaml.safe_load(block)[0]).kind
        for block in re.findall(r"```yaml Question\n(- id: .*?)```", section, re.DOTALL)
    ]
    assert set(kinds.DOCUMENTS) - {"multiple"} <= set(found)


@pytest.mark.parametrize("shipped", loader.find(courses_dir()), ids=lambda shipped: shipped.name)
def test_nearly_every_draw_of_the_courses_that_come_along_asks_in_more_than_one_way(shipped: Path) -> None:
    pool = loader.load(shipped).assessment
    other = {one.id for one in pool.questions if one.kind not in {"single", "multiple"}}
    draws = [{one.question for one in scoring.draw(pool.questions, pool.draw, seed=str(seed))} for seed in range(200)]
    assert sum(bool(drawn & other) for drawn in draws) > 170
    assert len({pool.draw, *map(len, draws)}) == 1


def shown(question: Question, given: Sequence[str] = ()) -> str:
    """Return everything that a page gets to see of a question."""
    return repr(question.asked(question.order(random.Random(1)), given))


@pytest.mark.parametrize("kind", kinds.DOCUMENTS)
def test_what_a_page_gets_to_see_holds_no_key(kind: str) -> None:
    seen = shown(kinds.question(kind))
    assert "SECRET" not in seen
    assert "correct" not in seen
    assert "73.5" not in seen
    assert "2.25" not in seen


@pytest.mark.parametrize("written", ["12.1250", "012.125", "12,1250 mg", "+12.1250"])
def test_a_number_that_looks_like_thousands_is_right_when_it_is_kept(written: str) -> None:
    question = Number.model_validate(
        {"id": "how-much", "kind": "number", "prompt": "How much?", "answer": "12.125", "unit": "mg"}
    )
    kept = question.checked([written])
    assert question.credit(kept) == 1
    assert question.checked(kept) == kept
    assert question.is_right(question.right)
    assert question.checked([question.looked(kept).parts[0].given]) == kept
