"""What `courses check` finds, and what it leaves alone."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content import loader, prose
from mhfa_lms.content.checks import words
from mhfa_lms.content.problems import CODES, Problem, Severity
from mhfa_lms.content.sources import SourceFile
from mhfa_lms.paths import courses_dir

HARMFUL = [
    ("en", "He committed suicide."),
    ("en", "She has committed\nsuicide."),
    ("en", "to commit self-harm"),
    ("en", "after a failed suicide attempt"),
    ("en", "His suicide attempt failed."),
    ("en", "a completed suicide"),
    ("en", "He left a suicide note."),
    ("en", "a suicide epidemic in the town"),
    ("en", "She threatened suicide."),
    ("en", "Her brother hanged himself."),
    ("en", "He jumped off a bridge."),
    ("en-GB", "victims, a suicide victim"),
    ("de", "Er hat Selbstmord begangen."),
    ("de", "ein missglückter Suizidversuch"),
    ("fr", "Il a commis un suicide."),
    ("fr", "une tentative de suicide ratée"),
    ("es", "Cometió suicidio."),
    ("es", "un intento fallido"),
]
HOW_OR_WHERE = [
    "He died by hanging from the bridge.",
    "She had died by jumping.",
    "They died by overdose. Somebody dying by an overdose.",
    "He died by a deliberate overdose.",
    "a suicide by hanging",
    "after a suicide attempt by overdose",
    "He took his own life with a gun.",
    "She ended her life by\ndrowning.",
    "She died after jumping.",
    "He jumped off Old Mill Bridge.",
    "She leapt from a railway bridge.",
    "He jumped in front of a train.",
    "She was found hanging.",
    "He died by suicide at the Old Mill Bridge.",
    "She took her own life on the cliffs.",
]
ABOUT_OTHER_THINGS = [
    "Have you thought about how you would kill yourself?",
    "Sam’s brother died by suicide. He died at home.",
    "Somebody has taken an overdose: call an ambulance at once.",
    "People die of overdoses when nobody dares to call for help.",
    "He died by accident. She died from drowning in the flood.",
    "Prevent suicide by talking about it, and by keeping pills locked away.",
    "She jumps from one idea to building trust. He jumped for joy on the bridge.",
    "The coat was hanging at the door. We met at the Old Mill Bridge.",
    "He ended his life with the band and began another. A poster was found on the roof.",
    "He died by the sea. We spoke of suicide on the bridge.",
]
HARMLESS = [
    ("en", "Are you thinking of suicide?"),
    ("en", "He died by suicide. She survived an attempt."),
    ("en", "I am committed to helping you talk about suicide."),
    ("en", "Have you tried before? A plan means more danger."),
    ("en", "She was successful at work and still thought of suicide."),
    ("en", "Write a note to the team. Hang on, I will stay with you."),
    ("en", "They jumped from the wall in the playground."),
    ("en", "The exam attempt failed? Try again."),
    ("de", "Denkst du an Suizid?"),
    ("fr", "Pensez-vous au suicide ?"),
    ("es", "¿Piensas en el suicidio?"),
    ("ja", "He committed suicide."),
]


def found(language: str, text: str) -> list[Problem]:
    return list(words.check(SourceFile("a.md", text, language)))


@pytest.mark.parametrize(("language", "text"), HARMFUL)
def test_words_that_do_harm_are_found_in_their_language(language: str, text: str) -> None:
    assert [one.code for one in found(language, text)] == ["unsafe-words"]


@pytest.mark.parametrize("text", HOW_OR_WHERE)
def test_how_or_where_somebody_died_is_found(text: str) -> None:
    assert {(one.code, one.mend) for one in found("en", text)} <= {
        *(("unsafe-words", words.METHOD), ("unsafe-words", words.PLACE)),
    }
    assert found("en", text)


@pytest.mark.parametrize("text", ABOUT_OTHER_THINGS)
def test_no_method_is_seen_where_there_is_none(text: str) -> None:
    assert found("en", text) == []


def test_advice_is_given_in_the_language_of_the_course() -> None:
    english = {advice for _pattern, advice in words.WORDS["en"]}
    for language in set(words.WORDS) - {"en"}:
        assert not english & {advice for _pattern, advice in words.WORDS[language]}, language


@pytest.mark.parametrize(("language", "text"), HARMLESS)
def test_plain_words_about_suicide_are_left_alone(language: str, text: str) -> None:
    assert found(language, text) == []


def test_names_that_belong_to_others_are_found_in_every_language() -> None:
    name = "Mental Health" + " First\nAid"
    problem = found("xx", f"One.\nTwo {name}.")[0]
    assert (problem.code, problem.line) == ("owned-mark", 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(courses_dir() / "first-conversation", tmp_path / "first-conversation"))


def change(path: Path, old: str, new: str) -> int:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def codes(folder: Path) -> set[tuple[str, str, int]]:
    return {(one.code, Path(one.path).name, one.line) for one in loader.examine(folder)}


STEP = "modules/01-listening/03-silence.md"


@pytest.mark.parametrize("shipped", loader.find(courses_dir()), ids=lambda shipped: shipped.name)
def test_the_shipped_courses_have_no_findings(shipped: Path) -> None:
    assert loader.examine(shipped) == []


def test_advice_does_not_stop_a_course(folder: Path) -> None:
    line = change(folder / STEP, "minutes: 4", "minutes: 40")
    change(folder / "course.yaml", "kind: full", "kind: full\noutcomes: [{id: out-listen, text: Listen}]")
    step = folder / STEP
    end = step.read_text(encoding="utf-8").count("\n") + 1
    long = "Comprehensively " + "conceptualising individualised interdisciplinary responsibilities " * 20 + ".\n"
    step.write_text(step.read_text(encoding="utf-8") + "\n" + long, encoding="utf-8")
    told = codes(folder)
    assert ("minutes", "03-silence.md", line) in told
    assert ("long-sentence", "03-silence.md", end + 1) in told
    assert {code for code, _path, _line in told} == {
        *("minutes", "long-sentence", "reading-age", "outcome-without-question")
    }
    assert all(CODES[code] is Severity.WARNING for code, _path, _line in told)
    assert loader.load(folder).outcomes[0].id == "out-listen"


def test_known_words_do_not_make_a_text_hard() -> None:
    text = "Psychoeducational interdisciplinarity helps. " * 40
    hard, easy = prose.reading_age(text), prose.reading_age(text, ["psychoeducational interdisciplinarity"])
    assert hard is not None
    assert easy is not None
    assert hard > 30 > 11 > easy


@given(st.text(max_size=400), st.lists(st.text(min_size=1, max_size=9), max_size=3))
def test_any_text_can_be_measured(text: str, known: list[str]) -> None:
    prose.reading_age(text, known)
    lines = text.count("\n")
    spoken = [word for one in prose.sentences(text) for word in one.words]
    assert all(0 <= one.line <= lines for one in prose.sentences(text))
    assert sorted(spoken) == sorted(prose.words(prose.plain(text)))


def test_minutes_left_out_are_computed(folder: Path) -> None:
    change(folder / STEP, "minutes: 4\n", "")
    found = loader.load(folder).step("listening-silence")
    assert found is not None
    assert found[1].minutes == 6
    assert loader.examine(folder) == []


def test_minutes_left_out_count_the_conversation(folder: Path) -> None:
    path = folder / "modules/03-suicide/08-a-talk-with-leyla.md"
    path.write_text(
        re.sub(r"^minutes: .*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE), encoding="utf-8"
    )
    assert loader.examine(folder) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("assessment.yaml", "draw: 15", "draw: 30", "pool-too-small"),
        ("assessment.yaml", ", correct: true", "", "unanswerable"),
        ("assessment.yaml", "module: listening\n", "module: listening\n    outcome: nowhere\n", "setting"),
        ("assessment.yaml", "id: q-listen-02", "id: q-listen-01", "duplicate-id"),
        ("modules/01-listening/module.yaml", "id: listening", "id: [listening", "yaml"),
        (STEP, "\n---\n", "\n---\n[Before](step:nowhere)\n", "lost-reference"),
        (STEP, "\n---\n", "\n---\n![ ](media:one)\n", "missing-alt"),
        (STEP, "\n---\n", "\n---\n[Here](#part)\n", "link"),
        (STEP, "\n---\n", "\n---\n![Two friends](media/x.png)\n", "picture"),
        (STEP, "\n---\n", "\n---\n![Two friends][x]\n", "picture"),
        (STEP, "\n---\n", "\n---\nListen <b>well</b>.\n", "html"),
        (STEP, "\n---\n", "\n---\n<!-- later -->\n", "html"),
        ("course.yaml", "hours:", "hourz:", "setting"),
    ],
)
def test_each_error_has_its_code(folder: Path, file: str, old: str, new: str, code: str) -> None:
    change(folder / file, old, new)
    told = loader.examine(folder)
    assert code in {one.code for one in told}, told
    assert all(one.line >= 1 and one.path.startswith("first-conversation/") for one in told)
    assert [str(one) for one in told if not one.mend] == []


@pytest.mark.parametrize("text", ["`<b>` and `![a](b)`", r"\<b>", "2 < 3 > 1", "<https://example.org/>", "a <name>"])
def test_what_only_looks_like_html_is_left_alone(folder: Path, text: str) -> None:
    change(folder / STEP, "\n---\n", f"\n---\n{text}\n\n")
    assert not {"html", "picture"} & {code for code, _path, _line in codes(folder)}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hours:", "hourz:", "“hours” is missing: write it here"),
        ("hours:", "hourz:", "“hourz” is not a known setting: check its spelling"),
        ("kind: full", "kind: [full]", "write a value that it takes"),
        ("kind: full", "kind: full: half", "put a text with a colon"),
    ],
)
def test_a_finding_says_how_to_mend_it(folder: Path, old: str, new: str, said: str) -> None:
    change(folder / "course.yaml", old, new)
    assert any(said in one.words for one in loader.examine(folder))


def test_a_link_to_another_step_is_right(folder: Path) -> None:
    change(folder / STEP, "\n---\n", "\n---\n[Time and place](step:listening-time-and-place)\n")
    assert loader.examine(folder) == []
