"""The look keeps its promises: light, readable in both themes, turning with the language, nothing inline."""

import gzip
import re
from pathlib import Path

import pytest
from PIL import Image
from wtforms import BooleanField, EmailField, Form, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the type stubs
from wtforms.validators import InputRequired

from mhfa_lms import i18n
from mhfa_lms.paths import static_dir, templates_dir
from mhfa_lms.web.assets import Assets
from tests import marks

# Gzipped: what learners carry on every page, and what staff carry more.
LARGEST = {"site": 7_500, "staff": 3_500}
TOKEN = re.compile(r"--([\w-]+): (#[0-9A-F]{6});")
LITERAL = re.compile(
    r"#[0-9A-Fa-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\(|:\s*(?:white|black|red|gr[ae]y)\b"
)
# Words on the ground they stand on, where one rule sets the ground and another the words.
TEXT = [
    *((ink, ground) for ink in ("ink", "ink-2", "link") for ground in ("paper", "card")),
    ("on-pine", "pine-deep"),
    *((word, ground) for word in ("on-pool", "on-pool-2") for ground in ("pool", "pool-far", "pool-near")),
    ("on-pool-button", "pool-button-deep"),
    *((tint, f"{tint}-tint") for tint in ("soon", "heather", "lake", "ok", "bad")),
    *((tint, "card") for tint in ("soon", "heather", "lake", "ok", "bad")),
    *((ink, f"{tint}-tint") for ink in ("ink", "ink-2", "link") for tint in ("pine", "soon", "heather", "lake", "ok")),
    ("ink", "bad-tint"),
]
# Edges of controls, and drawings that say something, against what lies beside them.
EDGES = [
    *((edge, ground) for edge in ("edge", "pine", "honey-edge", "bad") for ground in ("paper", "card")),
    *((stone, "pool") for stone in ("pool-stone", "honey", "pool-button")),
    ("focus-ring", "focus"),
]
# Decoration that nobody needs to see: hair lines, shadows, and hills in a picture.
DECORATION = {"line", "pool-far", "pool-near", "pool-ring"}


def themes() -> dict[str, dict[str, str]]:
    """Return the colours of the light theme and of the dark one, which changes some of them."""
    light, dark, _paper = (static_dir() / "css/00-tokens.css").read_text(encoding="utf-8").split("@media")
    light_colours = dict(TOKEN.findall(light))
    return {"light": light_colours, "dark": light_colours | dict(TOKEN.findall(dark))}


def rules() -> list[tuple[str, str]]:
    """Return every innermost rule of our style sheets, tokens apart: its selector and what it says."""
    sheets = (path for path in sorted((static_dir() / "css").rglob("*.css")) if path.name != "00-tokens.css")
    texts = (re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S) for path in sheets)
    return [found for text in texts for found in re.findall(r"([^{}]+)\{([^{}]*)\}", text)]


def set_together() -> list[tuple[str, str]]:
    """Return the tokens for words and ground that one rule sets together."""
    found = []
    for _selector, body in rules():
        words = re.search(r"(?<![\w-])color: var\(--([\w-]+)\)", body)
        ground = re.search(r"background(?:-color)?: var\(--([\w-]+)\)", body)
        if words and ground:
            found.append((words.group(1), ground.group(1)))
    return found


def luminance(colour: str) -> float:
    """Return the relative luminance of #RRGGBB, 0 to 1 (WCAG 2.2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("pairs", "least"), [(TEXT, 4.5), (set_together(), 4.5), (EDGES, 3.0)], ids=["text", "set together", "edges"]
)
def test_colours_can_be_told_apart(theme: str, pairs: list[tuple[str, str]], least: float) -> None:
    colours = themes()[theme]
    assert len(pairs) > 5
    weak = [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < least]
    assert weak == []


def test_every_colour_is_measured() -> None:
    measured = {token for pair in [*TEXT, *EDGES, *set_together()] for token in pair}
    assert set(themes()["light"]) - measured - DECORATION == set()


def test_colours_stand_among_the_tokens_only() -> None:
    loud = [(selector.strip(), body.strip()) for selector, body in rules() if LITERAL.search(body)]
    assert loud == []


def test_every_token_that_is_used_exists() -> None:
    tokens = (static_dir() / "css/00-tokens.css").read_text(encoding="utf-8")
    own = {name for _selector, body in rules() for name in re.findall(r"--([\w-]+):", body)}
    used = {name for _selector, body in rules() for name in re.findall(r"var\(--([\w-]+)", body)}
    assert used - own - set(re.findall(r"--([\w-]+):", tokens)) == set()


def classes(pattern: str) -> set[str]:
    """Return the classes that the style sheets of a bundle speak of."""
    texts = (
        re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S) for path in static_dir().glob(pattern)
    )
    selectors = (found for text in texts for found in re.findall(r"([^{}]+)\{", text))
    return {name for selector in selectors for name in re.findall(r"\.([a-z][\w-]*)", selector)}


def test_light_pages_use_nothing_that_only_staff_load() -> None:
    """But for the one that asks for them with its result, a table."""
    for_staff = classes("css/staff/*.css") - classes("css/*.css")
    assert len(for_staff) > 10
    used: dict[str, set[str]] = {}
    for folder in ("learn", "account", "public", "errors", "layouts"):
        for path in (templates_dir() / folder).rglob("*.html"):
            text = path.read_text(encoding="utf-8")
            worn = {
                name for found in re.findall(r'class="([^"]*)"', text) for name in re.findall(r"[a-z][\w-]*", found)
            }
            macros = {f"ui.{name}" for name in ("table", "figure") if f"ui.{name}(" in text}
            used[path.name] = (worn & for_staff) | macros
    assert {name: found for name, found in used.items() if found} == {"verify_many.html": {"sub", "ui.table"}}


@pytest.mark.parametrize("whose", LARGEST)
def test_style_sheet_and_script_stay_small(whose: str) -> None:
    assets = Assets()
    size = sum(len(gzip.compress(assets.by_name[f"{whose}.{kind}"].body, 9)) for kind in ("css", "js"))
    assert 1_000 < size <= LARGEST[whose]


def test_drawings_are_those_of_the_one_outline() -> None:
    for path, drawing in marks.files().items():
        assert path.read_text(encoding="utf-8") == drawing, f"{path.name}: run `make marks`"


def test_the_icon_for_home_screens_is_small_and_square() -> None:
    path = static_dir() / "icons" / "touch.png"
    with Image.open(path) as image:
        assert image.size == (marks.TOUCH, marks.TOUCH)
    assert path.stat().st_size < 2_000


def test_nothing_is_tied_to_left_or_right() -> None:
    physical = re.compile(
        r"(?<![\w-])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|float: (?:left|right))\b"
    )
    for sheet in (static_dir() / "css").rglob("*.css"):
        code = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
        assert not physical.search(code), sheet.name


def shared_templates() -> list[Path]:
    """Return the templates that every page is made of."""
    return [
        path for folder in ("layouts", "components", "errors") for path in (templates_dir() / folder).glob("*.html")
    ]


@pytest.mark.parametrize("path", shared_templates(), ids=lambda path: path.name)
def test_nothing_inline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"""\sstyle=|\son\w+=|<style|<script(?![^>]*src=)|javascript:""", text)


class Join(Form):
    """A form with the kinds of field that differ in markup."""

    name = StringField("Your name", [InputRequired("Enter your name")])
    email = EmailField("E-mail")
    audience = RadioField(
        "Who",
        choices=[SelectChoice("v", "Volunteer"), SelectChoice("e", "Educator")],
        validators=[InputRequired("Choose one")],
    )
    agreed = BooleanField("I agree", [InputRequired("Tick the box")])


def draw(source: str, **values: object) -> str:
    """Return a piece of a page that uses the macros as pages do."""
    environment = i18n.make_environment(str(templates_dir()))
    environment.globals["csrf_token"] = lambda: "token"
    return environment.from_string("{% import 'components/ui.html' as ui %}" + source).render(**values)


def test_every_summarised_error_links_to_a_control_and_is_repeated_beside_it() -> None:
    form = Join()
    form.validate()
    page = draw("{{ ui.error_summary(form) }}{% for f in form %}{{ ui.field(f) }}{% endfor %}", form=form)
    targets = re.findall(r'<a href="#([\w-]+)"', page)
    assert targets == ["name", "audience-0", "agreed"]
    for target in targets:
        assert re.search(rf'<input[^>]* id="{target}"', page)
    for words in ("Enter your name", "Choose one", "Tick the box"):
        assert page.count(words) == 2


def test_fields_without_errors_say_nothing_of_errors() -> None:
    page = draw(
        "{{ ui.error_summary(form) }}{% for f in form %}{{ ui.field(f, hint='A hint') }}{% endfor %}", form=Join()
    )
    assert "There is a problem" not in page
    assert "invalid" not in page
    assert 'aria-describedby="email-hint"' in page


@pytest.mark.parametrize("standing", ["valid", "due", "grace", "lapsed", "revoked", "replaced"])
def test_only_expired_and_withdrawn_are_red(standing: str) -> None:
    tag = draw("{{ ui.standing_tag(standing) }}", standing=standing)
    assert ("tag bad" in tag) == (standing in {"grace", "lapsed", "revoked"})
    assert ("Valid" in tag) == (standing in {"valid", "due"})


def test_stones_speak_and_names_are_escaped() -> None:
    page = draw("{{ ui.stones(['done', 'next'], label) }}{{ ui.tasks([{'title': label}]) }}", label="<1 of 2>")
    assert 'aria-label="&lt;1 of 2&gt;"' in page
    assert "<1 of 2>" not in page
