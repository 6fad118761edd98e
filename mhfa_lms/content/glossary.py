"""The words of a course: which of them a text links to, and their order."""

import re
import unicodedata
from typing import Final

from markupsafe import Markup

from mhfa_lms.content.markdown import render
from mhfa_lms.content.schema import Course, Term

LINK: Final = re.compile(r"\]\(term:([a-z0-9-]+)\)")


def used(course: Course, text: str) -> list[tuple[Term, Markup]]:
    """Return the terms that a Markdown text links to, once each, in their order there, with their definitions."""
    terms = {term.id: term for term in course.glossary}
    return [explained(terms[one]) for one in dict.fromkeys(LINK.findall(text)) if one in terms]


def sorted_terms(course: Course) -> list[tuple[Term, Markup]]:
    """Return every term in the order of its letters, accents and case left aside, with its definition."""
    return sorted(map(explained, course.glossary), key=lambda one: _letters(one[0].term))


def explained(term: Term) -> tuple[Term, Markup]:
    """Return a term with its definition as safe HTML."""
    return term, render(term.definition)


def _letters(text: str) -> str:
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in split if not unicodedata.combining(letter))
