"""What is wrong with a page's HTML: parse errors by the standard's own algorithm, and references that lead nowhere."""

import re
from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from tinyhtml5.parser import HTMLParser

POINTERS = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "aria-owns", "headers", "list", "form")
# What stands inside a line of text, and what cannot stand in it.
PHRASING = {
    "p",
    "span",
    "b",
    "i",
    "em",
    "strong",
    "small",
    "bdi",
    "label",
    "button",
    "h1",
    "h2",
    "h3",
    "h4",
    "kbd",
    "code",
}
FLOW = {"p", "div", "form", "ul", "ol", "dl", "table", "section", "article", "nav", "fieldset", "details", "h1", "h2"}
# A fraction of a second may have three digits; nobody here needs one.
TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?|\d\d:\d\d|P.*")
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def parsed(page: str) -> tuple[Element, list[str]]:
    """Return a page's tree and its parse errors, with the text before each."""
    parser = HTMLParser(namespace_html_elements=False)
    tree: Element = parser.parse(page)
    lines = page.split("\n")
    return tree, [
        f"{code} {facts or ''} after {lines[min(line, len(lines)) - 1][:column][-80:]!r}"
        for (line, column), code, facts in parser.errors
    ]


def words(tree: Element) -> str:
    """Return all text of a page, and what its fields and attributes hold."""
    parts: list[str] = []
    for one in tree.iter():
        parts += [one.text or "", one.tail or "", *map(str, one.attrib.values())]
    return " ".join(" ".join(parts).split())


def problems(page: str, *, whole: bool = True) -> list[str]:
    """Return what is wrong with a page; `whole` asks for what every page has (a mail has less)."""
    tree, found = parsed(page)
    found += _references(tree)
    found += [
        f"inline {name} in <{one.tag}>"
        for one in tree.iter()
        for name in one.attrib
        if whole and (name == "style" or str(name).startswith("on"))
    ]
    found += [
        f"no time: {one.attrib}"
        for one in tree.iter("time")
        if not TIME.fullmatch(one.attrib.get("datetime", "2026-11-21"))
    ]
    found += [f"<img> without alt: {one.attrib}" for one in tree.iter("img") if "alt" not in one.attrib]
    found += [
        f"<{inner.tag}> inside <{one.tag}>"
        for one in tree.iter()
        if one.tag in PHRASING
        for inner in one.iter()
        if inner is not one and inner.tag in FLOW
    ]
    found += _headings(tree, whole=whole)
    if whole:
        found += _frame(tree)
    return found


def _references(tree: Element) -> Iterator[str]:
    # What lies in a template is not on the page yet.
    apart = {inner for one in tree.iter("template") for inner in one.iter()}
    ids = Counter(one.attrib["id"] for one in tree.iter() if "id" in one.attrib and one not in apart)
    yield from (f"the id {name!r} is there {count} times" for name, count in ids.items() if count > 1)
    for one in tree.iter():
        if one in apart:
            continue
        wanted = [(name, target) for name in POINTERS for target in one.attrib.get(name, "").split()]
        if one.tag == "a" and len(one.attrib.get("href", "")) > 1 and one.attrib["href"].startswith("#"):
            wanted.append(("href", one.attrib["href"][1:]))
        yield from (f"{name}={target!r} of <{one.tag}> leads nowhere" for name, target in wanted if target not in ids)


def _headings(tree: Element, *, whole: bool) -> Iterator[str]:
    # What went wrong is said before the page's own heading, as in the GOV.UK pattern.
    found = [one for one in tree.iter() if one.tag in HEADINGS and one.attrib.get("id") != "errors-title"]
    levels = [HEADINGS.index(one.tag) + 1 for one in found]
    if whole and levels.count(1) != 1:
        yield f"{levels.count(1)} headings of the first level"
    for before, after in zip([0, *levels], levels, strict=False):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"


def _frame(tree: Element) -> Iterator[str]:
    if not tree.attrib.get("lang") or tree.attrib.get("dir") not in {"ltr", "rtl"}:
        yield "the page does not say its language and direction"
    title = tree.find("head/title")
    if title is None or not (title.text or "").strip(" –"):
        yield "the page has no title"
    for name in ("main", "header", "footer"):
        if len(list(tree.iter(name))) < 1:
            yield f"the page has no <{name}>"
