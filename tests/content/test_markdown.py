"""Course Markdown: what authors may write, and that nothing live gets through."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content.markdown import render, within

PIECES = st.sampled_from(
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "](", "![x](", "`",
        "<a href='javascript:x'>", "[x](data:text/html,<b>)", "<svg/onload=alert(1)>", "&lt;script&gt;", "```html\n",
        "::: say You<b onclick=x>\n", ":::\n", "<style>*{}</style>", "**", "> ", "\n", "|a|b|\n|-|-|\n", "<iframe>",
        "[x]: javascript:alert(1)\n", "[x]", "<javascript:alert(1)>", "plain text ",
    ]
)  # fmt: skip
LIVE = re.compile(
    r"<(script|img|svg|iframe|style|object|form|input)|\son\w+\s*=|(href|src)\s*=\s*.?\s*(javascript|data):", re.I
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_nothing_live_gets_through(text: str) -> None:
    inside_tags = " ".join(re.findall(r"<[^>]*>", str(render(text))))
    assert not LIVE.search(inside_tags)


def test_a_spoken_line_names_the_speaker_on_the_right_side() -> None:
    html = render("::: say Sam\nI'm fine.\n:::\n\n::: say You\nI am here.\n:::")
    assert '<div class="say"><b>Sam</b>' in html
    assert '<div class="say you"><b>You</b>' in html


@pytest.mark.parametrize("name", ["example", "tip", "care", "key"])
def test_a_box_has_its_title(name: str) -> None:
    assert f'<div class="box {name}"><p class="box-title">Title &lt;b&gt;</p>' in render(
        f"::: {name} Title <b>\nText\n:::"
    )


def test_links_leave_nothing_behind() -> None:
    html = render("[x](https://example.org)")
    assert 'href="https://example.org"' in html
    assert 'rel="noopener noreferrer"' in html


def test_a_text_on_a_page_with_others_keeps_its_place_among_the_headings_and_its_links() -> None:
    html = within(render("## One\n\n### Two\n\n[a](term:word) and [b](step:other)"), 3, term="#", step="#s-")
    assert "<h5>One</h5>" in html
    assert "<h6>Two</h6>" in html
    assert 'href="#word"' in html
    assert 'href="#s-other"' in html
