"""Captions in WebVTT: enough of the format to tell an author what a browser would silently leave out."""

import re
from collections.abc import Iterator
from typing import Final

_TIME: Final = r"(?:(\d{2,4}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMING: Final = re.compile(rf"^{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?$")
# Blocks that show nothing.
_SILENT: Final = ("NOTE", "STYLE", "REGION")


def problems(text: str, seconds: int | None = None) -> Iterator[tuple[int, str]]:
    """Yield what is wrong in captions, with the line (from 1); `seconds` is how long the recording is, where known."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not re.match(r"^WEBVTT(?:[ \t]|$)", lines[0]):
        yield 1, "captions begin with the line WEBVTT"
        return
    cues, latest = 0, 0.0
    for number, block in _blocks(lines):
        if block[0].startswith(_SILENT):
            continue
        cues += 1
        at = next((index for index, line in enumerate(block[:2]) if "-->" in line), None)
        timing = _TIMING.match(block[at]) if at is not None else None
        if at is None or timing is None:
            yield number, "a caption begins with its times, such as 00:01.000 --> 00:04.000"
            continue
        start, end = _seconds(timing.groups()[:4]), _seconds(timing.groups()[4:])
        if end <= start or start < latest:
            yield number + at, "this caption ends before it begins, or begins before the one above it"
        if seconds is not None and start > seconds:
            yield number + at, "this caption begins after the end of the recording"
        if not any(line.strip() for line in block[at + 1 :]):
            yield number + at, "this caption says nothing"
        latest = start
    if not cues:
        yield 1, "there is no caption in it"


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield what stands between empty lines after the head, with its first line's number."""
    block: list[str] = []
    body = next((index for index, line in enumerate(lines) if not line.strip()), len(lines))
    for number, line in enumerate([*lines[body:], ""], start=body + 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
