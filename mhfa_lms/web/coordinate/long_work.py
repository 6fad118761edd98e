"""The coordinator's long work in words."""

from collections import Counter
from collections.abc import Iterator
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


def _rows_said(counts: Counter[str]) -> Iterator[tuple[int, str]]:
    new, awaited, known, faulty = (counts[one] for one in ("new", "awaited", "known", "faulty"))
    yield new, ngettext("%(num)s certificate is recorded.", "%(num)s certificates are recorded.", new)
    yield (
        awaited,
        ngettext("%(num)s waits until its holder joins.", "%(num)s wait until their holders join.", awaited),
    )
    yield known, ngettext("%(num)s was there already.", "%(num)s were there already.", known)
    yield (
        faulty,
        ngettext(
            "%(num)s row could not be recorded: the file says what to do.",
            "%(num)s rows could not be recorded: the file says what to do.",
            faulty,
        ),
    )


def _people_said(counts: Counter[str]) -> Iterator[tuple[int, str]]:
    invited, uninvited = counts["invited"], counts["uninvited"]
    yield invited, ngettext("%(num)s person is invited.", "%(num)s people are invited.", invited)
    yield (
        uninvited,
        ngettext(
            "%(num)s person is not invited yet, because so many mails went out in the last hour: record the same "
            "table again later.",
            "%(num)s people are not invited yet, because so many mails went out in the last hour: record the same "
            "table again later.",
            uninvited,
        ),
    )


def _recorded(found: Work) -> str:
    counts = Counter(found.payload.get("told", {}).get("counts", {}))
    said = [words for count, words in (*_rows_said(counts), *_people_said(counts)) if count]
    return " ".join(said) or _("The certificates of a table, one to a row.")


WORDS[work.HISTORY_PREVIEW] = Words(
    title=lambda found: _("Earlier certificates: looking at %(name)s", name=found.payload.get("name", "")),
    about=lambda _found: _("We look at each row of the table. Nothing is recorded yet."),
    units=_units,
    begun_at=lambda _found: url_for("coordinate.history_form"),
    found_at=lambda: (url_for("coordinate.overview"), _("your overview")),
    result=lambda found: (
        url_for("coordinate.history_found", job_id=found.id),
        _("See what would be recorded"),
    ),
)
WORDS[work.HISTORY_RECORD] = Words(
    title=lambda _found: _("Recording earlier certificates"),
    about=_recorded,
    units=_units,
    begun_at=lambda _found: url_for("coordinate.history_form"),
    found_at=lambda: (url_for("coordinate.overview"), _("your overview")),
    cancelled=lambda: _("What was recorded before stays. The rest of the table can be uploaded again."),
)
