"""Long work: the page of a piece of one's own, its file, and ending it early."""

from mhfa_lms.web.work import progress
from mhfa_lms.web.work.blueprint import blueprint

__all__ = ["blueprint", "progress"]
