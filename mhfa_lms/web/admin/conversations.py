"""A conversation of a course's files, drawn as a map and told in words."""

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms.content import conversation_drawing, loader
from mhfa_lms.content.markdown import render
from mhfa_lms.content.problems import CourseProblemsError
from mhfa_lms.policy import Can
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.admin.publishing import folder_of


@blueprint.get("/admin/courses/<course>/conversations/<conversation>")
@requires(Can.ADMINISTER)
def conversation_map(course: str, conversation: str) -> ResponseReturnValue:
    """Every scene, choice and ending; files with problems are shown on their course's page instead."""
    folder = folder_of(course)
    if folder is None:
        abort(404)
    try:
        content = loader.load(folder)
    except CourseProblemsError:
        return redirect(url_for("admin.one_course", course=course), 303)
    talk = content.conversation(conversation)
    if talk is None:
        abort(404)
    drawing = conversation_drawing.author_map(talk)
    return render_template("admin/conversation.html", course=content, talk=talk, drawing=drawing, render=render)
