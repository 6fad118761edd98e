"""Pages open to everybody: what this is, help now, courses, checking a certificate, privacy, accessibility, health."""

from mhfa_lms.web.public import formats, help, metrics, pages, verify
from mhfa_lms.web.public.blueprint import blueprint

__all__ = ["blueprint", "formats", "help", "metrics", "pages", "verify"]
