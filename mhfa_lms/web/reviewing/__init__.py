"""Reviewing courses: the whole of one on a page, what is said about its passages, the sign-off, and the preview."""

from mhfa_lms.web.reviewing import pages, preview, talk
from mhfa_lms.web.reviewing.blueprint import blueprint

__all__ = ["blueprint", "pages", "preview", "talk"]
