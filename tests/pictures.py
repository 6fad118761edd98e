"""Every picture of the README and the guides, made from the running demonstration: `make pictures`.

The README's show a phone and a desk beside each other; the guides' show what the page is about, on the device that the
reader is likely to hold. All small enough for a repository.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

from tests.journeys.conftest import DESK, PHONE, Server, sign_in, started_chromium, started_server

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
GAP, MARGIN, BACK = 32, 24, (221, 228, 224)
COLOURS = 128


class Shape(StrEnum):
    """What a picture shows."""

    BOTH = "a phone and a desk"
    NIGHT = "a phone in the dark and a desk in the light"
    PHONE = "a phone"
    DESK = "a desk"
    PAPER = "the first page of a PDF"


@dataclass(frozen=True)
class Shot:
    """One picture: who is signed in ('' for nobody), where they go, and what is shown."""

    who: str
    go: Callable[[Page], None]
    shape: Shape = Shape.BOTH


def _at(path: str, *clicks: str) -> Callable[[Page], None]:
    """Open an address, then click the first of each selector."""

    def go(page: Page) -> None:
        page.goto(path)
        for selector in clicks:
            page.locator(selector).first.click()
            page.wait_for_load_state()

    return go


CERTIFICATE = "main a[href^='/certificates/']"
CHECKED = ".share a"
PERSON = "main a[href^='/coordinate/people/']:has-text('Castillo')"
SHOTS: dict[str, Shot] = {
    "home": Shot("learner", _at("/home")),
    "step": Shot("learner", _at("/home", ".hero .btn"), Shape.NIGHT),
    "marking": Shot("instructor", _at("/mark", "main .btn.big")),
    "register": Shot("coordinator", _at("/coordinate/register")),
    "certificate": Shot("educator", _at("/certificates", CERTIFICATE)),
    "paper": Shot("educator", _at("/certificates", CERTIFICATE), Shape.PAPER),
    "verification": Shot("educator", _at("/certificates", CERTIFICATE, CHECKED)),
    "renewal": Shot("educator", _at("/certificates", CERTIFICATE, "main a[href$='/renew']")),
    "forecast": Shot("admin", _at("/admin/rules/reminder_days/effects?value=200,60,14"), Shape.DESK),
    "mail": Shot("admin", _at("/admin/outbox?state=failed", "main tbody th a"), Shape.DESK),
    "start": Shot("", _at("/")),
    "guide-learner-home": Shot("learner", _at("/home"), Shape.PHONE),
    "guide-learner-step": Shot("learner", _at("/home", ".hero .btn"), Shape.PHONE),
    "guide-learner-certificate": Shot("educator", _at("/certificates", CERTIFICATE), Shape.PHONE),
    "guide-learner-renewal": Shot("educator", _at("/certificates", CERTIFICATE, "main a[href$='/renew']"), Shape.PHONE),
    "guide-instructor-queue": Shot("instructor", _at("/mark"), Shape.DESK),
    "guide-safeguarding-cases": Shot("safeguarding", _at("/safeguarding"), Shape.DESK),
    "guide-safeguarding-case": Shot("safeguarding", _at("/safeguarding/1"), Shape.PHONE),
    "guide-coordinator-overview": Shot("coordinator", _at("/coordinate"), Shape.DESK),
    "guide-coordinator-invite": Shot("coordinator", _at("/coordinate/people/invite"), Shape.DESK),
    "guide-coordinator-mails": Shot("coordinator", _at("/coordinate/mails"), Shape.DESK),
    "guide-coordinator-person": Shot("coordinator", _at("/coordinate/people?q=Castillo", PERSON), Shape.DESK),
    "guide-admin-overview": Shot("admin", _at("/admin"), Shape.DESK),
    "guide-admin-system": Shot("admin", _at("/admin/system"), Shape.DESK),
    "guide-admin-settings": Shot("admin", _at("/admin/settings"), Shape.DESK),
    "guide-admin-audit": Shot("admin", _at("/admin/audit"), Shape.DESK),
}


def _shot(chromium: Browser, server: Server, shot: Shot, size: ViewportSize, *, dark: bool = False) -> Image.Image:
    context = chromium.new_context(
        base_url=server.address, viewport=size, color_scheme="dark" if dark else "light", locale="en"
    )
    page = context.new_page()
    if shot.who:
        sign_in(page, server, shot.who)
    shot.go(page)
    image = _paper(page) if shot.shape is Shape.PAPER else Image.open(BytesIO(page.screenshot()))
    context.close()
    return image.convert("RGB")


def _paper(page: Page) -> Image.Image:
    """Return the first page of the PDF that the page offers; the worker may still be drawing it."""
    link = page.locator("a[href$='.pdf']")
    while not link.count():
        page.wait_for_timeout(1000)
        page.reload()
    data = page.request.get(link.first.get_attribute("href") or "").body()
    words = ("pdftoppm", "-png", "-r", "110", "-singlefile", "-")
    drawn = subprocess.run(words, input=data, capture_output=True, check=True)
    return Image.open(BytesIO(drawn.stdout))


def _beside(images: list[Image.Image]) -> Image.Image:
    """Return the images in a row on a quiet ground."""
    width = sum(image.width for image in images) + GAP * (len(images) - 1) + 2 * MARGIN
    sheet = Image.new("RGB", (width, max(image.height for image in images) + 2 * MARGIN), BACK)
    left = MARGIN
    for image in images:
        sheet.paste(image, (left, MARGIN))
        left += image.width + GAP
    return sheet.resize((sheet.width * 2 // 3, sheet.height * 2 // 3), Image.Resampling.LANCZOS)


def _picture(chromium: Browser, server: Server, shot: Shot) -> Image.Image:
    sizes = {Shape.PHONE: [PHONE], Shape.DESK: [DESK], Shape.PAPER: [DESK]}.get(shot.shape, [PHONE, DESK])
    dark = shot.shape is Shape.NIGHT
    return _beside([_shot(chromium, server, shot, size, dark=dark and size is PHONE) for size in sizes])


def main(names: list[str]) -> int:
    """Make every picture, or those named."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        started_server(Path(folder)) as server,
        started_chromium() as chromium,
    ):
        for name in names or SHOTS:
            path = FOLDER / f"{name}.png"
            _picture(chromium, server, SHOTS[name]).quantize(COLOURS).save(path, optimize=True)
            sys.stdout.write(f"{path.name}: {path.stat().st_size // 1024} KB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
