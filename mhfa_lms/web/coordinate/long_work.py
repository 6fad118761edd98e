"""The coordinator's long work in words."""

from typing import Any

from flask import url_for

from mhfa_lms import i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.services import register_exports, work
from mhfa_lms.services.work import Work
from mhfa_lms.web.coordinate import filters
from mhfa_lms.web.work.words import WORDS, Words


def _title(found: Work) -> str:
    if found.payload.get("format") == "xlsx":
        return _("The register as an Excel file")
    return _("The register as a CSV file")


def _units(done: str, total: int) -> str:
    shown = i18n.format_number(total)
    return ngettext("%(done)s of %(total)s row", "%(done)s of %(total)s rows", total, done=done, total=shown)


def _register(found: Work) -> str:
    values: dict[str, Any] = {}
    if "filters" in found.payload:
        values = filters.in_words(register_exports.read_filters(found.payload))
    return url_for("coordinate.register", **values)


WORDS[work.REGISTER_EXPORT] = Words(
    title=_title,
    about=lambda _found: _("The certificates you chose in the register, one to a row."),
    units=_units,
    begun_at=_register,
    found_at=lambda: (url_for("coordinate.overview"), _("your overview")),
)
