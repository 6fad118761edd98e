"""The form of the text: links, headings, boxes, and the words that stand in for a picture."""

import re
from collections.abc import Iterator
from typing import Final

from mhfa_lms.content.problems import Problem
from mhfa_lms.content.sources import SourceFile

LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]*)[^)]*\)")
PICTURE: Final = re.compile(r"(?<!\\)!\[(?P<alt>[^\]]*)\](\([^)]*\)|\[[^\]]*\])")
# What is written as code is shown as it stands.
CODE: Final = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_TAGS: Final = (
    "a|abbr|audio|b|big|blockquote|br|center|code|del|details|div|em|embed|figure|font|form|h[1-6]|hr|i|iframe|img|ins"
    "|kbd|li|mark|object|ol|p|picture|pre|s|script|small|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|th"
    "|thead|tr|u|ul|video"
)
HTML: Final = re.compile(rf"(?<!\\)(</?({_TAGS})(\s[^<>]*)?/?>|<!--)", re.IGNORECASE)
# Besides addresses: a term of the glossary, and a step of the course.
TARGETS: Final = ("https://", "term:", "step:")
TOP_HEADING: Final = re.compile(r"^#\s")
CONTAINER: Final = re.compile(r"^:{3,}\s*(\S+)")
CONTAINERS: Final = frozenset({"say", "example", "tip", "care", "key"})


def check(source: SourceFile) -> Iterator[Problem]:
    """Yield what is wrong with the form of a file's text."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        for problem in (*_links(line), *_tags(line), *_boxes(line)):
            yield Problem(source.path, number, *problem)
    yield from _headings(source)
    yield from _pairs(source)


def _links(line: str) -> Iterator[tuple[str, str, str]]:
    for link in LINK.finditer(line):
        if not link["target"].startswith(TARGETS):
            mend = "links must begin with https://, or lead to a term: or a step: of the course"
            yield f"“{link['target']}” is no address that a link here can have", "link", mend
    for picture in PICTURE.finditer(CODE.sub("", line)):
        if not picture["alt"].strip():
            yield "the picture has no words for people who do not see it", "missing-alt", "write them between [ and ]"
        mend = "name it under media: in the step’s settings, with kind: picture, and take it out here"
        yield "a picture in the text is not shown", "picture", mend


def _tags(line: str) -> Iterator[tuple[str, str, str]]:
    for found in HTML.finditer(CODE.sub("", line)):
        mend = "write it as Markdown: **strong**, *em*, - for a list; and take comments out"
        yield f"“{found[0]}” is shown as it stands, as HTML does nothing here", "html", mend


def _boxes(line: str) -> Iterator[tuple[str, str, str]]:
    container = CONTAINER.match(line)
    if container and container.group(1) not in CONTAINERS:
        yield f"unknown box “{container.group(1)}”", "box", f"there are {', '.join(sorted(CONTAINERS))}"


def _headings(source: SourceFile) -> Iterator[Problem]:
    for number, line in source.markdown():
        if TOP_HEADING.match(line):
            mend = "headings begin with ##: the step's title is the page's # heading"
            yield Problem(source.path, number, "a heading begins with one #", "heading", mend)


def _pairs(source: SourceFile) -> Iterator[Problem]:
    """Yield the boxes of a step that are not opened or not closed."""
    open_at = 0
    for number, line in source.markdown():
        if not line.startswith(":::"):
            continue
        if line.strip(":").strip():
            open_at = number
        elif open_at:
            open_at = 0
        else:
            yield Problem(source.path, number, "this ::: closes nothing", "box", "take it out, or open a box above it")
    if open_at:
        yield Problem(
            source.path, open_at, "this box is never closed", "box", "write ::: on a line of its own after it"
        )
