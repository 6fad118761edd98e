"""Markdown made safe: no raw HTML gets in, and what comes out passes a fixed list of tags and classes.

Besides CommonMark and tables there are boxes: `::: say Sam`, `::: example Title`, `tip`, `care` and `key`.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape
from mdit_py_plugins.container import container_plugin

YOU: Final = "you"
# Where links inside a course lead: from the page of a step.
INSIDE: Final = {"term": "#term-", "step": "../step/"}
HEADING: Final = re.compile(r"(?<=<h|/h)([234])(?=[ >])")
BOXES: Final = ("example", "tip", "care", "key")
TAGS: Final = {
    "p", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "b", "blockquote", "a", "table", "thead", "tbody", "tr",
    "th", "td", "hr", "br", "div", "code",
}  # fmt: skip
CLASSES: Final = {"say", "say you", "box-title", *(f"box {name}" for name in BOXES)}


def _render_say(_renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: Any) -> str:
    token = tokens[index]
    if token.nesting != 1:
        return "</div>\n"
    who = token.info.strip().removeprefix("say").strip()
    # A translation names the first aider in its own words: "You: Du".
    first, colon, own = who.partition(":")
    side = " you" if first.strip().casefold() == YOU else ""
    who = own.strip() if side and colon else who
    return f'<div class="say{side}"><b>{escape(who)}</b>\n'


def _render_box(_renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: Any) -> str:
    token = tokens[index]
    if token.nesting != 1:
        return "</div>\n"
    name, _space, title = token.info.strip().partition(" ")
    heading = f'<p class="box-title">{escape(title.strip())}</p>\n' if title.strip() else ""
    return f'<div class="box {name}">{heading}'


def _render_link(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
    """Lead a link to a term to its explanation on the same page, and one to a step to the step beside this one."""
    token = tokens[index]
    kind, _colon, name = str(token.attrs.get("href", "")).partition(":")
    if kind in INSIDE:
        token.attrs["href"] = INSIDE[kind] + name
    return renderer.renderToken(tokens, index, options, env)


def _make() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    container_plugin(parser, "say", render=_render_say)
    parser.add_render_rule("link_open", _render_link)
    for name in BOXES:
        container_plugin(parser, name, render=_render_box)
    return parser


_parser: Final = _make()


def _keep(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        return value if tag in {"div", "p"} and value in CLASSES else None
    return value


@lru_cache(maxsize=2048)
def render(text: str) -> Markup:
    """Return Markdown as safe HTML. The same text is rendered once per process."""
    html = nh3.clean(
        _parser.render(text),
        tags=TAGS,
        attributes={"a": {"href"}, "div": {"class"}, "p": {"class"}},
        attribute_filter=_keep,
        url_schemes={"https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )
    return Markup(html.strip())  # noqa: S704  # nh3 has just cleaned it


def within(text: Markup, lower: int, *, term: str = INSIDE["term"], step: str = "#step-") -> Markup:
    """Return rendered text for a page that holds more than it.

    Its headings stand some levels lower, at most h6; its links lead to places whose ids begin with `term` and `step`.
    """
    # As a plain text: Markup would escape what is put in.
    html = str(text)
    for kind, place in (("term", term), ("step", step)):
        html = html.replace(f'href="{INSIDE[kind]}', f'href="{place}')
    lowered = HEADING.sub(lambda found: str(min(6, int(found[1]) + lower)), html)
    return Markup(lowered)  # noqa: S704  # it was safe before, and only digits and addresses changed
