"""Reviewing courses: the whole of one on a page, what is said about its passages, the sign-off, and the preview."""

from mhfa_lms.web.reviewing import as_learners, pages, preview, talk
from mhfa_lms.web.reviewing.blueprint import blueprint

__all__ = ["as_learners", "blueprint", "pages", "preview", "talk"]
