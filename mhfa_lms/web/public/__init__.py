"""Pages open to everybody: what this is, help now, courses, checking a certificate, privacy, accessibility, health,
and the files of courses."""

from mhfa_lms.web.public import (
    badges,
    course_files,
    formats,
    help,
    metrics,
    pages,
    signing_keys,
    stop,
    verify,
    verify_many,
)
from mhfa_lms.web.public.blueprint import blueprint

__all__ = [
    "badges",
    "blueprint",
    "course_files",
    "formats",
    "help",
    "metrics",
    "pages",
    "signing_keys",
    "stop",
    "verify",
    "verify_many",
]
