"""The files in which a course is translated: `translations/<language>/`, one beside each file of the source.

Each passage stands under its key with `source` (the wording that is to be translated), `text` (the translation) and,
when the source has changed since, `was`: the wording that the text translates. Who has mended the text deletes `was`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import TypeAdapter

from mhfa_lms.content import passages
from mhfa_lms.content.parts import Part, Text
from mhfa_lms.content.schema import Course, Translated
from mhfa_lms.content.sources import Sources

FOLDER: Final = "translations"
# What was translated of passages that the course no longer has: nobody's work is thrown away.
UNUSED: Final = "no-longer-in-the-course.yaml"
HEADER: Final = """\
# The language {language} for {path}.
# Write each translation under "text" and leave "source" as it is. Where there is a "was", the source has changed since
# the text was written: look at it again, then delete "was". Keep what is in (brackets) after a [link] as it is.
"""


class Entry(Part):
    """One passage in a file: the wording of the source, the translation, and the older wording it was made from."""

    source: Text
    was: Text | None = None
    text: str = ""

    @property
    def made_from(self) -> str:
        """The wording that the translation translates."""
        return self.was or self.source


Entries: Final = TypeAdapter(dict[str, Entry])


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one run of `write`: the files, and how many passages are done, stale and missing."""

    files: tuple[Path, ...]
    done: int
    stale: int
    missing: int


def translated(entries: Mapping[str, Entry]) -> dict[str, Translated]:
    """Return what a published course keeps of a language's files: the passages that somebody has translated."""
    return {
        key: Translated(of=passages.digest(one.made_from), text=one.text.strip())
        for key, one in entries.items()
        if one.text.strip()
    }


def write(folder: Path, course: Course, sources: Sources, language: str, entries: Mapping[str, Entry]) -> Written:
    """Write a language's files in a course's folder anew: every passage of the course, keeping what is translated."""
    base = folder / FOLDER / language
    found = passages.of(course)
    files: dict[str, dict[str, Entry]] = {}
    for key, text in found.items():
        path = sources.at(key.partition(".")[0])[0].partition("/")[2]
        files.setdefault(_beside(path), {})[key] = renewed(text, entries.get(key))
    lost = {key: one for key, one in entries.items() if key not in found and one.text.strip()}
    if lost:
        files[UNUSED] = lost
    written = [_save(base / name, name, language, passed) for name, passed in files.items()]
    for old in set(base.rglob("*.yaml")) - set(written):
        old.unlink()
    now = [one for passed in files.values() for one in passed.values() if one not in lost.values()]
    stale = sum(bool(one.was) for one in now)
    missing = sum(not one.text.strip() for one in now)
    return Written(tuple(written), len(now) - stale - missing, stale, missing)


def renewed(text: str, before: Entry | None) -> Entry:
    """Return the entry of a passage as the source stands now, with what was translated before."""
    if before is None or not before.text.strip():
        return Entry(source=text)
    return Entry(source=text, was=before.made_from if before.made_from != text else None, text=before.text)


def _beside(path: str) -> str:
    return path if path.endswith(".yaml") else f"{path}.yaml"


def _save(path: Path, name: str, language: str, entries: Mapping[str, Entry]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {key: one.model_dump(exclude_none=True) for key, one in entries.items()}
    written = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    path.write_text(HEADER.format(language=language, path=name.replace(".md.yaml", ".md")) + written, encoding="utf-8")
    return path


class _Dumper(yaml.SafeDumper):
    """Writes longer texts as blocks, the way people write them."""


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
