"""The preview: a course's files as they are now, every part of them with its keys, before anything is published."""

from dataclasses import dataclass
from pathlib import Path

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.content import loader, review_parts, translations
from mhfa_lms.content.problems import CourseProblemsError
from mhfa_lms.content.schema import Course as Content
from mhfa_lms.models import Course
from mhfa_lms.policy import Actor, Can, allowed
from mhfa_lms.services import publishing
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.publishing import folder_of
from mhfa_lms.web.reviewing import reading
from mhfa_lms.web.reviewing.blueprint import blueprint


@dataclass(frozen=True, slots=True)
class Files:
    """A course's folder, and its row if it was ever published: `id` is what reviewers are named for."""

    folder: Path
    row: Course | None

    @property
    def id(self) -> int:
        """The course's number; 0 before it was published, when only administrators may look."""
        return self.row.id if self.row else 0


def load(actor: Actor, course: str) -> Files | None:
    """Return a course's files if the actor may read them."""
    row = db.session().scalars(select(Course).where(Course.slug == course)).one_or_none()
    folder = folder_of(course)
    found = Files(folder, row) if folder else None
    return found if found and allowed(actor, Can.REVIEW, found) else None


@blueprint.get("/preview/<course>")
@requires(Can.REVIEW, load=load)
def preview(found: Files) -> ResponseReturnValue:
    """The files as they are now. Nothing is stored, and learners see nothing of it."""
    folder, row = found.folder, found.row
    course = folder.name
    try:
        content = loader.load(folder)
    except CourseProblemsError as error:
        return render_template("review/preview.html", slug=course, content=None, problems=error.problems)
    asked = request.args.get("language", "")
    parts, session = review_parts.parts(content), db.session()
    return render_template(
        "review/preview.html",
        slug=course,
        content=content,
        asked=asked,
        beside=beside(content, asked),
        newest=publishing.newest_of(session, row.id) if row else None,
        said=reading.said(session, row, parts) if row else {},
        **reading.shared(content, parts),
    )


def beside(content: Content, language: str) -> dict[str, tuple[str, bool]]:
    """Return a language's passages by anchor, each with whether its source has changed since it was translated."""
    old = {one.key for one in translations.stale(content, language)}
    return {key: (one.text, key in old) for key, one in content.translations.get(language, {}).items()}
