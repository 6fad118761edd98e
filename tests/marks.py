"""The files that show the stepping stones but cannot be templates: `make marks` draws them from components/stones.html.

A test holds that the drawings are the ones that the templates would give today.
"""

import math
import random
import re
import sys
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image

from mhfa_lms import i18n
from mhfa_lms.paths import static_dir, templates_dir
from tests.journeys.conftest import started_chromium

SVG: Final = '<svg xmlns="http://www.w3.org/2000/svg" '
PINE, HONEY, MID = "#17584D", "#F3B941", "#2B8070"
TOUCH, PAPER = 180, "#F4F7F5"
# The rings about a certificate's square code, as wide and as high; through so many points, bent so much.
CODE_RINGS: Final = ((400, 385), (440, 428), (488, 476), (542, 530), (600, 590), (664, 654))
EIGHT, BEND = 8, 1.02 / 6


def _drawn(source: str) -> str:
    environment = i18n.make_environment(str(templates_dir()))
    return environment.from_string("{% import 'components/stones.html' as s %}" + source).render() + "\n"


def favicon(ground: str = "", pine: str = MID) -> str:
    """Return the mark in a square. The middle green can be told from light and from dark tabs."""
    stones = f'<g fill="{pine}">{{{{ s.mark_trodden() }}}}</g><g fill="{HONEY}">{{{{ s.mark_next() }}}}</g>'
    return _drawn(f'{SVG}viewBox="0 0 100 100">{ground}<g transform="translate(0 10)">{stones}</g></svg>')


def certificate_stones() -> str:
    """Return the row of eight at the foot of a certificate: seven trodden, and one that leads on."""
    shapes = _shapes()
    row = "".join(_moved(shapes[number % len(shapes)], number * 68, 4 * (number % 2)) for number in range(7))
    last = _moved(shapes[7 % len(shapes)], 476, 4)
    head = f'{SVG}viewBox="0 0 544 54" width="544" height="54"><g>'
    return f'{head}<path fill="{PINE}" d="{row}"/><path fill="{HONEY}" d="{last}"/></g></svg>\n'


def _shapes() -> list[str]:
    """Return the outlines of the stones."""
    found: list[str] = i18n.make_environment(str(templates_dir())).get_template("components/stones.html").module.SHAPES  # type: ignore[attr-defined]
    return found


def _moved(shape: str, right: int, down: int) -> str:
    """Return an outline moved: one path of many costs the certificate less than many paths."""
    return re.sub(r"(\d+) (\d+)", lambda at: f"{int(at[1]) + right} {int(at[2]) + down}", shape)


def _ring(shape: str, *, centre: tuple[float, float], scale: float, turn: float) -> str:
    """Return a pebble's outline blown up about its middle and turned, in whole numbers."""
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))

    def moved(found: re.Match[str]) -> str:
        x, y = (float(found[1]) - 32) * scale, (float(found[2]) - 26) * scale * 0.86
        return f"{centre[0] + x * cosine - y * sine:.0f} {centre[1] + x * sine + y * cosine:.0f}"

    return re.sub(r"(\d+) (\d+)", moved, shape)


def _faded(colour: str, share: float) -> str:
    """Return a colour mixed with white; share 0 leaves it, 1 is white."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * share):02X}" for part in parts)


def ripples() -> str:
    """Return the rings on the water behind a certificate: a pebble's outline, wider and fainter ring by ring, and
    rounder ones about the square code.

    Few curves a ring in whole numbers, and two rings of one colour in one path: what it costs to draw them is paid for
    every certificate.
    """
    shape, uneven = _shapes()[0], random.Random(7)
    rings = [
        _ring(shape, centre=(2290, 560), scale=3.2 * (1 + number * (0.8 + number * 0.03)), turn=number * -3)
        for number in range(10)
    ]
    about = [_about((2459, 1690), radii, uneven) for radii in CODE_RINGS]
    paths = "".join(
        f'<path stroke="{_faded(colour, start / (len(found) + 1))}" d="{"".join(found[start : start + 2])}"/>'
        for colour, found in (("#9FC6BB", rings), ("#F0D08E", about))
        for start in range(0, len(found), 2)
    )
    head = f'{SVG}viewBox="0 0 2970 2100" width="2970" height="2100"><g fill="none" stroke-width="3.4">'
    return f"{head}{paths}</g></svg>\n"


def _about(centre: tuple[int, int], radii: tuple[int, int], uneven: random.Random) -> str:
    """Return a closed line through eight points of a slightly uneven oval."""
    angles = [2 * math.pi * number / EIGHT - 0.2 for number in range(EIGHT)]
    points = []
    for angle in angles:
        out = 1 + uneven.uniform(0, 0.03)
        points.append((centre[0] + radii[0] * out * math.cos(angle), centre[1] + radii[1] * out * math.sin(angle)))
    line = "M{:.0f} {:.0f}".format(*points[0])
    for number, here in enumerate(points):
        before, after, beyond = (points[(number + step) % EIGHT] for step in (-1, 1, 2))
        controls = [
            *(mine + (then - earlier) * BEND for mine, then, earlier in zip(here, after, before, strict=True)),
            *(mine - (then - earlier) * BEND for mine, then, earlier in zip(after, beyond, here, strict=True)),
        ]
        line += "C" + " ".join(f"{value:.0f}" for value in (*controls, *after))
    return f"{line}z"


def badge() -> str:
    """Return the ground of a badge: the mark above rings on the water; its words are set later."""
    shapes = i18n.make_environment(str(templates_dir())).get_template("components/stones.html").module.SHAPES  # type: ignore[attr-defined]
    rings = "".join(
        f'<path stroke="{_faded(MID, number / 7)}" d="{_ring(shapes[2], centre=(256, 190), scale=scale, turn=-4)}"/>'
        for number, scale in ((3, 5.2), (4, 6.1), (5, 7.0))
    )
    mark = f'<g fill="{PINE}">{{{{ s.mark_trodden() }}}}</g><g fill="{HONEY}">{{{{ s.mark_next() }}}}</g>'
    return _drawn(
        f'{SVG}viewBox="0 0 512 512" width="512" height="512"><rect width="512" height="512" fill="{PAPER}"/>'
        f'<rect x="14" y="14" width="484" height="484" rx="40" fill="#FFFFFF" stroke="{PINE}" stroke-width="8"/>'
        f'<g fill="none" stroke-width="2.5">{rings}</g><g transform="translate(151 92) scale(2.1)">{mark}</g></svg>'
    )


def files() -> dict[Path, str]:
    """Return the drawings by the file they belong in."""
    return {
        static_dir() / "icons" / "favicon.svg": favicon(),
        templates_dir() / "certificate" / "stones.svg": certificate_stones(),
        templates_dir() / "certificate" / "ripples.svg": ripples(),
        templates_dir() / "certificate" / "badge.svg": badge(),
    }


def _touch_icon() -> bytes:
    ground = f'<path fill="{PAPER}" d="M-50-50h200v200h-200z"/>'
    return _photographed(favicon(ground, PINE).replace('viewBox="0 0 100 100"', 'viewBox="-20 -20 140 140"'), TOUCH)


def _photographed(drawing: str, side: int) -> bytes:
    with started_chromium() as chromium:
        page = chromium.new_page(viewport={"width": side, "height": side})
        page.set_content(f'<body style="margin:0">{drawing.replace("<svg ", "<svg style=display:block ", 1)}')
        image = Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(32)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    """Draw every file again."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    (static_dir() / "icons" / "touch.png").write_bytes(_touch_icon())
    (static_dir() / "icons" / "badge.png").write_bytes(_photographed(badge(), 512))
    return 0


if __name__ == "__main__":
    sys.exit(main())
