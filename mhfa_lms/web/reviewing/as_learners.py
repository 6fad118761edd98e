"""The preview of one step as learners meet it: their own page, with everything that would be sent switched off."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flask import abort, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms.content import glossary, loader, playing, translations
from mhfa_lms.content.markdown import render
from mhfa_lms.content.media import CAPTIONS, NAME_FITS, PAPERS, PICTURES, TYPES
from mhfa_lms.content.media_files import FOLDER
from mhfa_lms.content.problems import CourseProblemsError
from mhfa_lms.content.schema import Course, Step
from mhfa_lms.policy import Can
from mhfa_lms.services import conversations, learning
from mhfa_lms.services.learning import Place, Progress, UnknownStepError
from mhfa_lms.web.access import requires
from mhfa_lms.web.headers import POLICY
from mhfa_lms.web.learn.reflections import Box
from mhfa_lms.web.reviewing.blueprint import blueprint
from mhfa_lms.web.reviewing.preview import Files, load

MEDIA: Final = re.compile(r'(?<==")/media/(?=[0-9a-f]{64}/)')
LOOKS: Final = ("whole", "note", "summary")


@dataclass(frozen=True, slots=True)
class Nobody:
    """In an enrolment's place: its number orders the options of questions, as a learner's own does."""

    id: int = 0


def _read(folder: Path, language: str) -> Course:
    """Return the course of the files in one of its languages, its own where there is no such one."""
    try:
        content = translations.accepting(loader.load(folder))
    except CourseProblemsError:
        abort(404)
    return translations.spoken(content, language if language in content.translations else content.language)


def _addresses(slug: str, language: str) -> Callable[..., str]:
    """Return what stands in `url_for`'s place: steps lead to their previews, everything else to the whole course."""

    wish = language or None

    def address(endpoint: str, **values: Any) -> str:
        if endpoint == "learn.step":
            anchor = values.get("_anchor")
            step = values["step_id"]
            return url_for("reviewing.preview_step", course=slug, previewed=step, language=wish, _anchor=anchor)
        return url_for("reviewing.preview", course=slug, language=wish)

    return address


def _asked(step: Step) -> dict[str, Any]:
    question = step.question
    return {"asked": question.asked(learning.order(0, question), []) if question else None, "review": None}


def _looks(step: Step) -> list[str]:
    """Return the looks of a step: one with a content note is met in three ways."""
    return list(LOOKS) if step.content_note else ["whole"]


@blueprint.get("/preview/<course>/step/<previewed>")
@requires(Can.REVIEW, load=load)
def preview_step(found: Files, previewed: str) -> ResponseReturnValue:
    """One step of the files as they are now, on the page that learners get."""
    slug, language = found.folder.name, request.args.get("language", "").partition("?")[0]
    content = _read(found.folder, language)
    try:
        here = learning.place(content, previewed)
    except UnknownStepError:
        abort(404)
    page = render_template("review/preview_step.html", slug=slug, **_learners(content, here, slug, language))
    # The files are not published: they come from the course's folder.
    return MEDIA.sub(url_for("reviewing.preview", course=slug) + "/media/", page)


def _learners(content: Course, here: Place, slug: str, language: str) -> dict[str, Any]:
    one, looks = here.step, _looks(here.step)
    shown = request.args.get("shown", "whole")
    shown = shown if shown in looks else "whole"
    text = (one.summary or one.body) if shown == "summary" else one.body
    talk = content.conversation(one.conversation) if one.conversation else None
    return {
        "course": content,
        "here": here,
        "enrolment": Nobody(),
        "progress": Progress(content, {}),
        "talk": talk,
        "run": conversations.Run(playing.follow(talk, ()), frozenset(), 0, None) if talk else None,
        "report": None,
        "confirmable": True,
        "shown": shown,
        "body": render(text) if shown != "note" else "",
        "terms": glossary.used(content, text) if shown != "note" else [],
        "box": Box("", 0, "", "") if one.has_writing and shown == "whole" else None,
        "page_errors": [],
        "looks": looks,
        "language_asked": language,
        "url_for": _addresses(slug, language),
        "site_url_for": url_for,
        **_asked(one),
    }


@blueprint.get("/preview/<course>/media/<digest>/<name>")
@requires(Can.REVIEW, load=load)
def preview_file(found: Files, digest: str, name: str) -> ResponseReturnValue:
    """A picture, recording or file of a course that is not published yet. `digest` is that of the page it stood on."""
    ending = name.rpartition(".")[2]
    path = found.folder / FOLDER / name
    if not NAME_FITS.fullmatch(name) or ending not in TYPES or path.is_symlink() or not path.is_file() or not digest:
        abort(404)
    save = ending in PAPERS or "save" in request.args
    # Pictures and captions are small, and so is this page's use; films are sent in pieces.
    body = io.BytesIO(path.read_bytes()) if ending in PICTURES | CAPTIONS else path.resolve()
    response = send_file(body, mimetype=TYPES[ending], as_attachment=save, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = f"{POLICY}; sandbox"
    return response
