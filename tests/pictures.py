"""The README's pictures, made from the running platform with its demonstration data: `make pictures`.

Each shows a phone and a desk beside each other, small enough for a repository.
"""

import sys
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.journeys.conftest import DESK, PHONE, Server, sign_in, started_chromium, started_server

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
GAP, MARGIN, BACK = 32, 24, (221, 228, 224)
COLOURS = 128


def _click_first(page: Page, *, selector: str) -> None:
    page.locator(selector).first.click()
    page.wait_for_load_state()


def _home(page: Page) -> None:
    page.goto("/home")


def _step(page: Page) -> None:
    page.goto("/home")
    _click_first(page, selector=".hero .btn")


def _marking(page: Page) -> None:
    page.goto("/mark")
    _click_first(page, selector="main .btn.big")


def _register(page: Page) -> None:
    page.goto("/coordinate/register")


def _certificate(page: Page) -> None:
    page.goto("/certificates")
    _click_first(page, selector="main a[href^='/certificates/']")


SHOTS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "home": ("learner", _home),
    "step": ("learner", _step),
    "marking": ("instructor", _marking),
    "register": ("coordinator", _register),
    "certificate": ("educator", _certificate),
}


def _shot(
    chromium: Browser, server: Server, who: str, go: Callable[[Page], None], *, phone: bool, dark: bool
) -> Image.Image:
    context = chromium.new_context(
        base_url=server.address, viewport=PHONE if phone else DESK, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    sign_in(page, server, who)
    go(page)
    image = Image.open(BytesIO(page.screenshot()))
    context.close()
    return image.convert("RGB")


def _beside(phone: Image.Image, desk: Image.Image) -> Image.Image:
    height = max(phone.height, desk.height)
    sheet = Image.new("RGB", (phone.width + desk.width + GAP + 2 * MARGIN, height + 2 * MARGIN), BACK)
    sheet.paste(phone, (MARGIN, MARGIN))
    sheet.paste(desk, (MARGIN + phone.width + GAP, MARGIN))
    return sheet.resize((sheet.width * 2 // 3, sheet.height * 2 // 3), Image.Resampling.LANCZOS)


def main() -> int:
    """Make every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        started_server(Path(folder)) as server,
        started_chromium() as chromium,
    ):
        for name, (who, go) in SHOTS.items():
            sheet = _beside(
                _shot(chromium, server, who, go, phone=True, dark=name == "step"),
                _shot(chromium, server, who, go, phone=False, dark=False),
            )
            path = FOLDER / f"{name}.png"
            sheet.quantize(COLOURS).save(path, optimize=True)
            sys.stdout.write(f"{path.name}: {path.stat().st_size // 1024} KB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
