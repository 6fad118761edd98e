"""What a page must hold to for everybody's eyes and hands, asked of the page itself in the browser."""

from typing import Any, Final

from playwright.sync_api import Page, ViewportSize

from tests.journeys.conftest import AXE, DESK, PHONE, rest, sideways

NARROW: Final[ViewportSize] = {"width": 320, "height": 640}
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# WCAG 2.2, 2.5.8: 24 px, unless it is a link inside a sentence. Our own rule for buttons, navigation, options: 44 px.
SMALL_TARGETS: Final = """() => {
  const bad = [];
  for (const one of document.querySelectorAll('a[href], button, summary, input:not([type=hidden]), select, textarea')) {
    const box = (one.closest('label.choice') || one).getBoundingClientRect();
    if (!box.width || !one.checkVisibility({ visibilityProperty: true }) || one.closest('.vh, .skip')) continue;
    const inText = one.matches('a, .link-button')
      && ['P', 'LI', 'SPAN', 'TD', 'DD', 'DIV'].includes(one.parentElement.tagName)
      && one.parentElement.textContent.trim() !== one.textContent.trim();
    const least = one.matches('.btn, nav.nav a, select, textarea, input') ? 44 : 24;
    if (!inText && (box.height < least - 0.5 || box.width < 23.5))
      bad.push(`${one.outerHTML.slice(0, 120)} is ${box.width} x ${box.height} px`);
  }
  return bad;
}"""
# The outline may be the row's, for an option or a link whose row is the target.
UNSEEN_FOCUS: Final = """() => {
  const bad = [], seen = (one, part) => {
    const style = getComputedStyle(one, part);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  };
  const before = document.activeElement;
  for (const one of document.querySelectorAll('a[href], button, summary, input:not([type=hidden]), select, textarea')) {
    if (one.matches(':disabled') || !one.checkVisibility({ visibilityProperty: true })) continue;
    one.focus({ focusVisible: true, preventScroll: true });
    const row = one.closest('label');
    if (document.activeElement !== one) bad.push(`${one.outerHTML.slice(0, 120)} takes no focus`);
    else if (!seen(one) && !seen(one, '::after') && !(row && seen(row)))
      bad.push(`the focus of ${one.outerHTML.slice(0, 120)} cannot be seen`);
  }
  before?.focus?.({ preventScroll: true });
  return bad;
}"""
STUCK: Final = """() => [...document.querySelectorAll('body *')]
  .filter(one => ['fixed', 'sticky'].includes(getComputedStyle(one).position) && one.checkVisibility())
  .map(one => `${one.outerHTML.slice(0, 120)} stays over the content`)"""


def axe(page: Page, *rules: str) -> list[str]:
    """Return axe's violations on the page, in words; of all rules, or of those named."""
    rest(page)
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    only: dict[str, Any] = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": RULES}
    found = page.evaluate("only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only)
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:160]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def _too_wide(page: Page, width: ViewportSize) -> list[str]:
    page.set_viewport_size(width)
    over = sideways(page)
    return [f"at {width['width']} px it scrolls sideways by {over} px"] if over > 0 else []


def problems(page: Page, *, right_to_left: bool = False) -> list[str]:
    """Return what is wrong with the page that is open: on a desk and a phone, in light and in dark, and at 320 px.

    What colours say is looked at in all four; the rest once for each size.
    """
    found: list[str] = []
    for size, themes in ((DESK, ("light", "dark")), (PHONE, ("dark", "light"))):
        found += _too_wide(page, size)
        page.emulate_media(color_scheme="dark" if themes[0] == "dark" else "light")
        found += axe(page)
        found += page.evaluate(SMALL_TARGETS) + page.evaluate(STUCK)
        page.emulate_media(color_scheme="dark" if themes[1] == "dark" else "light")
        found += [] if right_to_left else axe(page, "color-contrast")
    found += _too_wide(page, NARROW) + page.evaluate(UNSEEN_FOCUS)
    if page.evaluate("document.documentElement.dir") != ("rtl" if right_to_left else "ltr"):
        found.append("it runs the wrong way")
    return [f"{page.url}: {one}" for one in dict.fromkeys(found)]
