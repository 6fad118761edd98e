"""The administrator's pages: overview, organisations, courses, outbox, help lines."""

from mhfa_lms.web.admin import courses, help_lines, organisation, organisations, outbox, overview
from mhfa_lms.web.admin.blueprint import blueprint

__all__ = ["blueprint", "courses", "help_lines", "organisation", "organisations", "outbox", "overview"]
