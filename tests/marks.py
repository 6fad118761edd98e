"""The files that show the stepping stones but cannot be templates: `make marks` draws them from components/stones.html.

A test holds that the drawings are the ones that the templates would give today.
"""

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


def _drawn(source: str) -> str:
    environment = i18n.make_environment(str(templates_dir()))
    return environment.from_string("{% import 'components/stones.html' as s %}" + source).render() + "\n"


def favicon(ground: str = "", pine: str = MID) -> str:
    """Return the mark in a square. The middle green can be told from light and from dark tabs."""
    stones = f'<g fill="{pine}">{{{{ s.mark_trodden() }}}}</g><g fill="{HONEY}">{{{{ s.mark_next() }}}}</g>'
    return _drawn(f'{SVG}viewBox="0 0 100 100">{ground}<g transform="translate(0 10)">{stones}</g></svg>')


def certificate_stones() -> str:
    """Return the row of eight at the foot of a certificate: seven trodden, and one that leads on."""
    row = "".join(f"{{{{ s.stone({number}, {number * 68}, {4 * (number % 2)}) }}}}" for number in range(7))
    last = f'<g fill="{HONEY}">{{{{ s.stone(7, 476, 4) }}}}</g>'
    return _drawn(f'{SVG}viewBox="0 0 544 54" width="544" height="54"><g fill="{PINE}">{row}{last}</g></svg>')


def files() -> dict[Path, str]:
    """Return the drawings by the file they belong in."""
    return {
        static_dir() / "icons" / "favicon.svg": favicon(),
        templates_dir() / "certificate" / "stones.svg": certificate_stones(),
    }


def _touch_icon() -> bytes:
    ground = f'<path fill="{PAPER}" d="M-50-50h200v200h-200z"/>'
    drawing = favicon(ground, PINE).replace('viewBox="0 0 100 100"', 'viewBox="-20 -20 140 140"')
    with started_chromium() as chromium:
        page = chromium.new_page(viewport={"width": TOUCH, "height": TOUCH})
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
