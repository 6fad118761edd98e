"""The safeguarding leads' pages: nobody else sees them."""

from mhfa_lms.web.safeguarding import cases
from mhfa_lms.web.safeguarding.blueprint import blueprint

__all__ = ["blueprint", "cases"]
