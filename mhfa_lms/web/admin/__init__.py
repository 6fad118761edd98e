"""The administrator's pages: what runs, what waits, who is there, and what was done."""

from mhfa_lms.web.admin import (
    audit,
    conversations,
    courses,
    formats,
    help_lines,
    jobs,
    organisation,
    organisations,
    outbox,
    overview,
    publishing,
    questions,
    rules,
    settings,
    system,
)
from mhfa_lms.web.admin.blueprint import blueprint

__all__ = [
    "audit",
    "blueprint",
    "conversations",
    "courses",
    "formats",
    "help_lines",
    "jobs",
    "organisation",
    "organisations",
    "outbox",
    "overview",
    "publishing",
    "questions",
    "rules",
    "settings",
    "system",
]
