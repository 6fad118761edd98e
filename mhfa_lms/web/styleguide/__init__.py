"""The style guide: every token and every macro in every state, with its call. In the demonstration only."""

from mhfa_lms.web.styleguide.view import blueprint

__all__ = ["blueprint"]
