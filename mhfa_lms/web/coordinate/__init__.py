"""The coordinator's pages: overview, register and its export, people, invitations, sites, courses."""

from mhfa_lms.web.coordinate import (
    certificate_files,
    certificates,
    checks,
    formats,
    handouts,
    help_lines,
    history,
    invitations,
    long_work,
    mails,
    overview,
    people,
    person,
    register,
    reminders,
    rules,
    sites,
)
from mhfa_lms.web.coordinate.blueprint import blueprint

__all__ = [
    "blueprint",
    "certificate_files",
    "certificates",
    "checks",
    "formats",
    "handouts",
    "help_lines",
    "history",
    "invitations",
    "long_work",
    "mails",
    "overview",
    "people",
    "person",
    "register",
    "reminders",
    "rules",
    "sites",
]
