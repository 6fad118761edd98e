"""Reading the files that a step names: each is looked into, and the step learns size, shape and content hash."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from mhfa_lms.content import captions, media
from mhfa_lms.content.file_kinds import UnfitFileError, look
from mhfa_lms.content.yamlfile import Located, Place

FOLDER: Final = "media"
KB: Final = 1024
MB: Final = 1024 * KB
# The most a file may weigh, by what it is for. A picture is on everybody's way, a film is pressed first.
MOST: Final = {
    **dict.fromkeys(media.PICTURES, 1 * MB),
    **dict.fromkeys(media.SOUNDS, 100 * MB),
    **dict.fromkeys(media.FILMS, 500 * MB),
    **dict.fromkeys(media.CAPTIONS, 512 * KB),
    **dict.fromkeys(media.PAPERS, 50 * MB),
    "txt": 1 * MB,
}
# From here on a file is worth another look: a phone with a poor connection gets about 50 KB in a second.
HEAVY: Final = {**dict.fromkeys(media.PICTURES, 200 * KB), **dict.fromkeys(media.SOUNDS | media.FILMS, 25 * MB)}
FILES_BY_KIND: Final = {"picture": media.PICTURES, "audio": media.SOUNDS, "video": media.FILMS}
# What a finding is about: something that must be mended, or advice.
BROKEN: Final = "media"
WEIGHT: Final = "heavy-file"
UNUSED: Final = "unused-file"
# Hears of a finding: the file, its line (from 1), what to do, and what it is about.
Tell = Callable[[str, int, str, str], None]


class MediaReader:
    """Reads the files of one course's folder `media`; what is found wrong goes to whoever asked."""

    def __init__(self, course: Path, tell: Tell) -> None:
        self.course, self.folder, self.tell = course, course / FOLDER, tell
        self.used: set[str] = set()

    def attach(self, located: Located) -> None:
        """Put what the files hold in the place of their names, in a step's settings."""
        data = located.data
        for index, item in _mappings(data.get("media")):
            place: Place = (FOLDER, index)
            endings = FILES_BY_KIND.get(str(item.get("kind")), media.PICTURES | media.SOUNDS | media.FILMS)
            self._replace(located, item, (*place, "file"), endings)
            self._replace(located, item, (*place, "poster"), media.PICTURES)
            self._transcript(located, item, (*place, "transcript"))
            self._replace(located, item, (*place, "captions"), media.CAPTIONS, _seconds(item.get("duration")))
            for number, more in _mappings(item.get("more_captions")):
                inside = (*place, "more_captions", number, "file")
                self._replace(located, more, inside, media.CAPTIONS, _seconds(item.get("duration")))
        for index, item in _mappings(data.get("download")):
            self._replace(located, item, ("download", index, "file"), media.PAPERS | media.PICTURES | media.SOUNDS)

    def unused(self) -> None:
        """Warn of files that no step names: they would silently not be published."""
        for path in sorted(self.folder.glob("*")):
            if path.name not in self.used and not path.name.startswith("."):
                self.tell(self._shown(path), 1, "no step names this file", UNUSED)

    def _replace(
        self, located: Located, item: dict[str, Any], place: Place, endings: frozenset[str], seconds: int | None = None
    ) -> None:
        setting = str(place[-1])
        if setting not in item:
            return
        found = self._found(located, place, item[setting], endings)
        if found is None:
            # What stands in for it brings no second message; the course is not published anyway.
            item[setting] = {"name": f"missing.{min(endings)}", "sha256": "0" * 64, "size": 1}
            return
        if found.suffix == ".vtt":
            self._captions(found, seconds)
        item[setting] = self._facts(located, place, found)

    def _found(self, located: Located, place: Place, name: Any, endings: frozenset[str]) -> Path | None:
        """Return the path of a file that may be read."""
        known = ", ".join(f".{ending}" for ending in sorted(endings))
        path = self.folder / str(name)
        text = ""
        if not isinstance(name, str) or not _is_name(name):
            text = f"name a file in the folder {FOLDER}, of letters, digits, - and _, without a folder before it"
        elif path.suffix.removeprefix(".") not in endings:
            text = f"this can be one of {known}"
        elif path.is_symlink() or not path.is_file():
            text = f"there is no file {name} in the folder {FOLDER}"
        elif not 0 < path.stat().st_size <= MOST[path.suffix.removeprefix(".")]:
            most = MOST[path.suffix.removeprefix(".")]
            text = f"{name} is empty" if path.stat().st_size == 0 else f"{name} weighs more than {_size(most)}"
        if text:
            self.tell(located.path, located.line(place), text, BROKEN)
            return None
        self.used.add(str(name))
        return path

    def _facts(self, located: Located, place: Place, path: Path) -> Mapping[str, Any]:
        size = path.stat().st_size
        shape = None
        try:
            shape = look(path)
        except (UnfitFileError, OSError) as error:
            self.tell(located.path, located.line(place), f"{path.name}: {error}", BROKEN)
        heavy = HEAVY.get(path.suffix.removeprefix("."))
        if heavy and size > heavy:
            text = f"{path.name} weighs {_size(size)}, and many people pay for every MB"
            self.tell(located.path, located.line(place), text, WEIGHT)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        width, height = shape or (None, None)
        return {"name": path.name, "sha256": digest, "size": size, "width": width, "height": height}

    def _captions(self, path: Path, seconds: int | None) -> None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return  # `look` says so
        for line, said in captions.problems(text, seconds):
            self.tell(self._shown(path), line, said, BROKEN)

    def _transcript(self, located: Located, item: dict[str, Any], place: Place) -> None:
        """Read a transcript that lies in a file of its own."""
        name = item.get("transcript")
        if not isinstance(name, str) or not _is_name(name.strip()) or not name.strip().endswith(".md"):
            return
        path = self.folder / name.strip()
        self.used.add(path.name)
        try:
            if path.is_symlink() or path.stat().st_size > MB:
                raise OSError
            item["transcript"] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            text = f"there is no text file {path.name} in the folder {FOLDER}"
            self.tell(located.path, located.line(place), text, BROKEN)

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.course.parent).as_posix()


def _mappings(value: Any) -> list[tuple[int, dict[str, Any]]]:
    return [(index, one) for index, one in enumerate(value) if isinstance(one, dict)] if isinstance(value, list) else []


def _is_name(name: str) -> bool:
    return media.NAME_FITS.fullmatch(name) is not None


def _seconds(duration: Any) -> int | None:
    minutes, colon, seconds = str(duration).partition(":")
    fits = colon and minutes.isascii() and minutes.isdigit() and seconds.isascii() and seconds.isdigit()
    return int(minutes) * 60 + int(seconds) if fits else None


def _size(count: int) -> str:
    return f"{count / MB:.1f} MB" if count >= MB else f"{count // KB} KB"
