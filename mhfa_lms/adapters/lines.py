"""A file of JSON lines that only grows: each line is on the disk before `add` returns, and one cut short counts for
nothing. Lies beside the database on purpose, so that bringing back an older database does not bring back an older file.
"""

import fcntl
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

# The list of who was erased, in the data folder.
ERASURES: Final = "erasures.jsonl"
Line = dict[str, Any]


class GrowingFile:
    """The file at a path, which is made when it is first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Line]:
        """Return every whole line."""
        try:
            return parse(self.path.read_bytes())
        except FileNotFoundError:
            return []

    def add(self, lines: Iterable[Line]) -> int:
        """Add the lines that are not there yet; returns how many. Two processes take turns."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            there = self.path.read_bytes()
            known = {_text(line) for line in parse(there)}
            new = [text for text in dict.fromkeys(map(_text, lines)) if text not in known]
            if new:
                # What a crash cut short is ended first, or the next line would be lost with it.
                start = "" if not there or there.endswith(b"\n") else "\n"
                os.write(handle, (start + "\n".join(new) + "\n").encode())
                os.fsync(handle)
            return len(new)
        finally:
            os.close(handle)


def parse(data: bytes) -> list[Line]:
    """Return the lines of a file that are whole JSON objects."""
    found: list[Line] = []
    for line in data.splitlines():
        try:
            read = json.loads(line)
        except ValueError:
            continue
        if isinstance(read, dict):
            found.append(read)
    return found


def _text(line: Line) -> str:
    return json.dumps(line, sort_keys=True)
