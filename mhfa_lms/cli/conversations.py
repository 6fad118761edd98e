"""`mhfa-lms courses map`: a conversation drawn as a picture, for its authors."""

from pathlib import Path

import click

from mhfa_lms import i18n
from mhfa_lms.cli.base import Failed, emit, json_option
from mhfa_lms.content import conversation_drawing, loader
from mhfa_lms.content.conversations import Conversation
from mhfa_lms.content.problems import CourseProblemsError
from mhfa_lms.paths import static_dir, templates_dir
from mhfa_lms.settings import read_settings

# The tokens bring light and dark, the other one the drawing's own rules.
STYLES = ("css/00-tokens.css", "css/talk/20-map.css")


@click.command("map")
@click.argument("slug")
@click.argument("name", metavar="[CONVERSATION]", required=False)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write it; else it is printed.")
@json_option
def map_of(slug: str, name: str | None, out: Path | None, as_json: bool) -> None:
    """Draw a conversation of the course SLUG as an SVG picture: every scene, choice and ending."""
    talk = _wanted(slug, name)
    picture = drawn(talk)
    if out:
        out.write_text(picture, encoding="utf-8")
    told = {"conversation": talk.id, "scenes": len(talk.scenes), "endings": len(talk.endings), "file": str(out or "")}
    emit(as_json, told if out else {**told, "svg": picture}, f"Drawn: {out}" if out else picture)


def _wanted(slug: str, name: str | None) -> Conversation:
    folder = read_settings().courses_dir / slug
    if folder not in loader.find(folder.parent):
        raise Failed(f"There is no course {slug} in {folder.parent}.")
    try:
        course = loader.load(folder)
    except CourseProblemsError as error:
        raise Failed(f"{error}\nMend these first.") from error
    known = [one.id for one in course.conversations]
    if not known:
        raise Failed(f"The course {slug} has no conversation.")
    if name is None and len(known) > 1:
        raise Failed(f"Say which conversation: {', '.join(known)}.")
    found = course.conversation(name or known[0])
    if found is None:
        raise Failed(f"There is no conversation {name}; there is {', '.join(known)}.")
    return found


def drawn(talk: Conversation) -> str:
    """Return a conversation as an SVG file that brings its colours along, light and dark."""
    template = i18n.make_environment(str(templates_dir())).get_template("components/conversation_map.svg")
    picture = template.render(talk=talk, drawing=conversation_drawing.author_map(talk)).strip()
    style = "".join((static_dir() / name).read_text(encoding="utf-8") for name in STYLES)
    # Browsers show a picture that is opened by itself on white, also where the reader wants it dark.
    return picture.replace("<title", f"<style>{style}svg{{background:var(--paper)}}</style>\n<title", 1) + "\n"
