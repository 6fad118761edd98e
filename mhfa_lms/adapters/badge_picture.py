"""The picture of a badge: the stepping stones, and below them what somebody is certified as.

The ground is drawn beforehand, as SVG and as PNG; only the words are set here. Where no font on this machine has them
all, the PNG does without; in the SVG the program that shows it sets them.
"""

import io
import unicodedata
from functools import cache, lru_cache
from typing import Final
from xml.sax.saxutils import escape

from mhfa_lms.adapters import font_files
from mhfa_lms.paths import static_dir, templates_dir

SIDE, WIDTH, MIDDLE = 512, 408, 378
INK: Final = "#17584D"
# Sizes with the most lines each; a letter is about this much wide of its size.
SIZES: Final = ((46, 2), (38, 3), (30, 4), (24, 5), (18, 7))
LETTER: Final = 0.56
LEADING: Final = 1.22


def svg(name: str, lang: str) -> str:
    """Return the picture as SVG."""
    size, lines = laid_out(name)
    texts = "".join(f'<text x="256" y="{y:.0f}">{escape(line)}</text>' for line, y in _heights(lines, size))
    fonts = "system-ui, 'Noto Sans', sans-serif"
    words = (
        f'<g lang="{escape(lang, {chr(34): "&quot;"})}" font-family="{fonts}" font-weight="600" font-size="{size}"'
        f' fill="{INK}" text-anchor="middle">{texts}</g>'
    )
    title = f"<title>{escape(name)}</title>"
    return _ground().replace("</svg>", f"{words}</svg>").replace(">", f">{title}", 1)


@lru_cache(maxsize=64)
def png(name: str) -> bytes:
    """Return the picture as PNG."""
    # Takes long to load, and few processes draw badges.
    from PIL import Image, ImageDraw, ImageFont

    ground = (static_dir() / "icons" / "badge.png").read_bytes()
    found = font_files.covering(name)
    if found is None:
        return ground
    image = Image.open(io.BytesIO(ground)).convert("RGB")
    drawing = ImageDraw.Draw(image)
    size, lines = laid_out(name)
    while True:
        font = ImageFont.truetype(found.path, size, index=found.index)
        if size <= 10 or all(drawing.textlength(line, font) <= WIDTH for line in lines):
            break
        size -= 2
    for line, y in _heights(lines, size):
        drawing.text((SIDE / 2, y), line, INK, font, anchor="ms")
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def laid_out(name: str) -> tuple[int, list[str]]:
    """Return the size of the letters, in units of a picture 512 wide, and the name in lines that fit."""
    for size, most in SIZES:
        lines = _lines(name, WIDTH / (size * LETTER))
        if len(lines) <= most:
            return size, lines
    size, most = SIZES[-1]
    return size, [*lines[: most - 1], "…"]


def _lines(name: str, room: float) -> list[str]:
    """Break a name between words, and inside a word that is wider than a line."""
    lines, line = [], ""
    for word in name.split():
        if line and _width(f"{line} {word}") <= room:
            line = f"{line} {word}"
            continue
        if line:
            lines.append(line)
        line = word
        while _width(line) > room:
            at = next(at for at in range(len(line), 0, -1) if at == 1 or _width(line[:at]) <= room)
            # A letter keeps its marks.
            while at < len(line) and unicodedata.combining(line[at]):
                at += 1
            if at == len(line):
                break
            lines.append(line[:at])
            line = line[at:]
    return [*lines, line]


def _width(text: str) -> int:
    wide = (2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return sum(width for letter, width in zip(text, wide, strict=True) if not unicodedata.combining(letter))


def _heights(lines: list[str], size: int) -> list[tuple[str, float]]:
    """Return the lines with where each stands, so that all of them stand about the middle of their field."""
    step = size * LEADING
    first = MIDDLE - step * (len(lines) - 1) / 2 + size * 0.35
    return [(line, first + step * number) for number, line in enumerate(lines)]


@cache
def _ground() -> str:
    return (templates_dir() / "certificate" / "badge.svg").read_text(encoding="utf-8")
