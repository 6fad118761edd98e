"""The administrator's pages: overview, organisations, courses, outbox, jobs, help lines, the system's state."""

from mhfa_lms.web.admin import (
    courses,
    formats,
    help_lines,
    jobs,
    organisation,
    organisations,
    outbox,
    overview,
    system,
)
from mhfa_lms.web.admin.blueprint import blueprint

__all__ = [
    "blueprint",
    "courses",
    "formats",
    "help_lines",
    "jobs",
    "organisation",
    "organisations",
    "outbox",
    "overview",
    "system",
]
