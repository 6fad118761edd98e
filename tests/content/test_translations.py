"""Translations beside the source: which passage is shown in which language, also when the source has changed."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content import loader, passages, translating, translations
from mhfa_lms.content.questions import Choice, Question
from mhfa_lms.content.schema import Course, Translated
from mhfa_lms.content.translating import Entry
from mhfa_lms.paths import courses_dir
from tests.small_course import course, document

STEP = "modules/01-listening/03-silence.md"


def german(wanted: Course, *prefixes: str, **words: str) -> dict[str, dict[str, Translated]]:
    """Translations into German of the passages whose keys begin like this."""
    found = {
        key: Translated(of=passages.digest(text), text=words.get(key.replace(".", "_").replace("-", "_"), f"DE {text}"))
        for key, text in passages.of(wanted).items()
        if key.startswith(prefixes)
    }
    return {"de": found}


def test_a_passage_knows_its_language() -> None:
    small = course()
    there = course(translations=german(small, "one-a.title", "course.title", "sam.competencies.asks.levels.1"))
    found = translations.spoken(there, "de")
    assert (found.title, found.title.lang) == (f"DE {small.title}", "de")  # type: ignore[attr-defined]  # Spoken
    assert found.summary.lang == "en"  # type: ignore[attr-defined]  # Spoken
    levels = found.scenarios[0].competencies[0].levels
    assert [getattr(text, "lang", "") for text in levels.values()] == ["de", "en", "en", "en"]
    assert translations.spoken(there, "fr") == there


def test_a_stale_passage_gives_way_to_the_source() -> None:
    there = course(translations=german(course(), "one-a.title"))
    words = there.model_dump()
    words["modules"][0]["steps"][0]["title"] = "Another title"
    newer = Course.model_validate(words)
    assert newer.step("one-a")[1].title == "Another title"  # type: ignore[index]  # it is there
    assert translations.spoken(newer, "de").modules[0].steps[0].title == "Another title"
    assert [one.key for one in translations.stale(newer, "de")] == ["one-a.title"]
    assert translations.counts(newer, "de") == (0, 1, len(passages.of(newer)) - 1)


def test_a_question_is_in_one_language_only() -> None:
    small = course()
    all_but_one = german(small, "q-1", "q-2")
    del all_but_one["de"]["q-2.options.b.text"]
    first, second, *_rest = translations.spoken(course(translations=all_but_one), "de").assessment.questions
    assert {getattr(text, "lang", "") for text in _texts(first)} == {"de"}
    assert {getattr(text, "lang", "") for text in _texts(second)} == {"en"}
    assert isinstance(first, Choice)
    assert first.options[0].correct


def _texts(question: Question) -> list[str]:
    return list(passages.of(question).values())


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_people_write_counts_in_every_language(language: str) -> None:
    pool = document()["assessment"]
    named = {"module": "one", "prompt": "?", "explanation": "So."}
    pool["questions"] += [
        {"id": "q-word", "kind": "text", "accepted": ["listening"], **named},
        {"id": "q-long", "kind": "number", "answer": 5, "unit": "minutes", "also": ["min"], **named},
    ]
    plain = course(assessment=pool)
    words = german(plain, "q-word", "q-long", q_word_accepted_0="Zuhören", q_long_unit="Minuten")
    *_rest, word, number = translations.spoken(
        course(assessment=pool, translations=words), language
    ).assessment.questions
    assert all(word.is_right([one]) for one in ("listening", "zuhören"))
    assert not word.is_right(["parler"])
    assert all(number.is_right([one]) for one in ("5 minutes", "5 Minuten", "5 min", "5"))


@pytest.mark.parametrize(
    ("wish", "language"), [("de", "de"), ("de-AT", "de"), ("pt-br", "pt-BR"), ("pt", "en"), ("fr", "en"), ("en", "en")]
)
def test_the_language_that_fits_a_wish(wish: str, language: str) -> None:
    some = {"x": Translated(of="0", text="X")}
    assert translations.choose(course(translations={"de": some, "pt-BR": some}), wish) == language


def test_every_text_of_the_shipped_course_is_a_passage_with_a_key_of_its_own() -> None:
    shipped = loader.load(courses_dir() / "first-conversation")
    found = passages.of(shipped)
    assert len(found) > 600
    everywhere = translations.spoken(shipped, "en")
    assert everywhere == shipped
    assert {getattr(text, "lang", None) for text in passages.of(everywhere).values()} == {"en"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(courses_dir() / "first-conversation", tmp_path / "first-conversation")
    return tmp_path / "first-conversation"


def fill(path: Path, key: str, text: str) -> None:
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    data[key]["text"] = text
    data[key].pop("was", None)
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_round_of_a_translation(folder: Path) -> None:
    began = loader.write_translation(folder, "de")
    assert (began.done, began.stale) == (0, 0)
    assert loader.load(folder).translations == {}
    file = folder / "translations" / "de" / f"{STEP}.yaml"
    fill(file, "listening-silence.title", "Bei der Stille bleiben")
    assert loader.examine(folder) == []
    assert translations.spoken(loader.load(folder), "de").modules[0].steps[2].title == "Bei der Stille bleiben"

    change(folder / STEP, 'title: "Staying with silence"', 'title: "Keeping the silence"')
    stale = loader.examine(folder)
    assert [one.code for one in stale] == ["stale-translation"]
    assert stale[0].path.endswith(f"translations/de/{STEP}.yaml")
    again = loader.write_translation(folder, "de")
    assert (again.done, again.stale, again.missing) == (0, 1, began.missing - 1)
    kept = yaml.safe_load(file.read_text(encoding="utf-8"))["listening-silence.title"]
    assert kept == {
        "source": "Keeping the silence", "was": "Staying with silence", "text": "Bei der Stille bleiben",
    }  # fmt: skip
    assert [one.code for one in loader.examine(folder)] == ["stale-translation"]
    fill(file, "listening-silence.title", "Die Stille halten")
    assert loader.examine(folder) == []
    assert loader.write_translation(folder, "de").done == 1


def test_what_is_translated_of_a_part_that_is_gone_is_kept(folder: Path) -> None:
    loader.write_translation(folder, "de")
    file = folder / "translations" / "de" / f"{STEP}.yaml"
    fill(file, "listening-silence.reflection", "Denk nach.")
    lines = (folder / STEP).read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("reflection"))
    end = next(number for number in range(at + 1, len(lines)) if not lines[number].startswith(" "))
    (folder / STEP).write_text("\n".join(lines[:at] + lines[end:]) + "\n", encoding="utf-8")
    loader.write_translation(folder, "de")
    kept = (folder / "translations/de" / translating.UNUSED).read_text(encoding="utf-8")
    assert "Denk nach." in kept
    assert [one.code for one in loader.examine(folder)] == ["lost-translation"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Er hat Selbstmord begangen.", "unsafe-words"),
        ("[Wort](term:nowhere)", "lost-reference"),
        ("[Hier](http://example.org)", "link"),
    ],
)
def test_translated_words_are_checked(folder: Path, text: str, code: str) -> None:
    loader.write_translation(folder, "de")
    fill(folder / "translations/de" / f"{STEP}.yaml", "listening-silence.body", text)
    found = loader.examine(folder)
    assert [one.code for one in found] == [code]
    assert "/translations/de/" in found[0].path


def test_files_that_are_no_translations_are_errors(folder: Path) -> None:
    (folder / "translations" / "german!").mkdir(parents=True)
    (folder / "translations" / "de").mkdir()
    (folder / "translations" / "de" / "a.yaml").write_text("one.title: {sauce: x}\n", encoding="utf-8")
    assert {one.code for one in loader.examine(folder)} == {"unlisted-file", "setting"}


TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n"), min_size=1).map(str.strip)


@given(st.dictionaries(st.from_regex(r"[a-z]+(\.[a-z]+)?", fullmatch=True), TEXTS.filter(bool), max_size=4))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, words: dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("t") / "x.yaml"
    entries = {key: Entry(source=text, text=text) for key, text in words.items()}
    translating._save(path, "x.yaml", "de", entries)
    assert translating.Entries.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or {}) == entries


def test_a_translation_that_loses_a_gap_is_found(folder: Path) -> None:
    loader.write_translation(folder, "de")
    step = "modules/03-suicide/03-finding-the-words.md"
    file = folder / "translations" / "de" / f"{step}.yaml"
    fill(file, "suicide-q-plain-words.text", "Manche Menschen denken dann an {word}. {end}")
    assert loader.examine(folder) == []
    fill(file, "suicide-q-plain-words.text", "Manche Menschen denken dann an {Wort}. {end}")
    assert [one.code for one in loader.examine(folder)] == ["unanswerable"]
