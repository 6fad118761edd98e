"""The beginnings of a course: a small one that shows what a course can have, for authors to write on.

Its files are the examples of courses/README.md, where each of them is explained.
"""

import json
import re
from pathlib import Path
from typing import Final

SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FILES: Final = Path(__file__).parent / "starter_files"
# What stands in those files for the course's own name and title.
NAME: Final = "my-course"
TITLE: Final = '"First aid for mental health: a new course"'


class StarterError(ValueError):
    """The course cannot be begun like this; the text says why."""


def write(folder: Path, *, title: str | None = None) -> list[Path]:
    """Write the files of a new course into a folder that does not exist yet; returns them. Raises `StarterError`."""
    if not SLUG.fullmatch(folder.name) or len(folder.name) > 60:
        raise StarterError(f"{folder.name}: use small letters, digits and single hyphens, such as first-conversation.")
    if folder.exists():
        raise StarterError(f"{folder} exists already.")
    # In quotation marks, as JSON writes them: a title may hold a colon.
    quoted = json.dumps(title, ensure_ascii=False) if title else TITLE
    made = []
    for source in sorted(FILES.rglob("*.*")):
        path = folder / source.relative_to(FILES)
        path.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix in {".yaml", ".md"}:
            text = source.read_text(encoding="utf-8").replace(TITLE, quoted).replace(NAME, folder.name)
            path.write_text(text, encoding="utf-8")
        else:
            path.write_bytes(source.read_bytes())
        made.append(path)
    return made
