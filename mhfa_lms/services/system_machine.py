"""Judging the machine and what is kept on it: room, backups, trail, key, versions, course files, help lines."""

from datetime import timedelta
from typing import Final

from mhfa_lms import i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.services import sealing
from mhfa_lms.services.measuring import Measured, Signing
from mhfa_lms.services.system_facts import Fact, Reader, State, either

MEGABYTE: Final = 1_000_000
GIGABYTE: Final = 1_000 * MEGABYTE
LITTLE_ROOM: Final = 2 * GIGABYTE
NO_ROOM: Final = 500 * MEGABYTE
BACKUP_OLD: Final = timedelta(days=7)
KEY_OLD: Final = timedelta(days=365)
# NIST SP 800-57 names one to three years for a key that signs.
SIGNING_KEY_OLD: Final = timedelta(days=3 * 365)


def room(found: Measured) -> Fact:
    """How much room is left."""
    disk = found.disk
    state = either(disk.free < NO_ROOM, disk.free < LITTLE_ROOM)
    shown = _("%(free)s of %(total)s free", free=i18n.format_size(disk.free), total=i18n.format_size(disk.total))
    if disk.database is not None:
        shown += "; " + _("database %(size)s", size=i18n.format_size(disk.database))
    shown += "; " + _("files %(size)s", size=i18n.format_size(disk.files))
    return Fact(
        "disk",
        state,
        _("Room on the disk"),
        shown,
        _("On a full disk nobody’s work can be saved. The disk is the one with the data folder."),
        "" if state is State.GOOD else _("Make room, or move the data folder to a larger disk."),
        {"free": disk.free, "total": disk.total, "database": disk.database, "files": disk.files},
    )


def backup(found: Measured, reader: Reader) -> Fact:
    """When the last backup was made."""
    last = found.last_backup
    old = last is None or reader.now - last > BACKUP_OLD
    return Fact(
        "backup",
        State.LOOK if old else State.GOOD,
        _("Last backup"),
        reader.since(last) if last else _("Never"),
        _("What is not in a backup is lost with the disk. Backups made by other means are not known here."),
        _("Make one, and have it made each night: mhfa-lms backup FILE") if old else "",
        {"last": last},
    )


def trail(found: Measured, reader: Reader) -> Fact:
    """How far the audit trail is sealed."""
    tail, last = found.backlog.unsealed_events, found.last_seal
    late = tail > sealing.BATCH
    waits = ngettext(
        "%(shown)s event waits for its seal",
        "%(shown)s events wait for their seal",
        tail,
        shown=i18n.format_number(tail),
    )
    return Fact(
        "audit",
        State.LOOK if late else State.GOOD,
        _("Audit trail"),
        (_("last sealed %(when)s", when=reader.since(last)) if last else _("not sealed yet")) + "; " + waits,
        _("A seal shows if somebody changed the trail afterwards."),
        _("The worker seals it. Is one at work? Check the chain with: mhfa-lms audit verify") if late else "",
        {"last_seal": last, "unsealed": tail},
    )


def key(found: Measured, reader: Reader) -> Fact:
    """The age of the session key."""
    key = found.key
    old = key.made_at is not None and reader.now - key.made_at > KEY_OLD
    advice = ""
    if key.open_to_others:
        advice = _("Others on this machine can read the key. Take that right away, then make a new key.")
    elif old:
        advice = _("Make a new key: name the old one in MHFA_SECRET_KEY_FALLBACKS, so that nobody is signed out.")
    return Fact(
        "key",
        either(key.open_to_others, old),
        _("Key of the sessions"),
        _("made %(when)s", when=reader.since(key.made_at)) if key.made_at else _("Set by MHFA_SECRET_KEY"),
        _("It protects sign-ins and forms. The age of a key in a variable is not known here."),
        advice,
        {"made_at": key.made_at},
    )


def document_key(found: Measured, reader: Reader) -> Fact:
    """The age of the key that signs PDFs."""
    meaning = _("It signs certificates as PDFs. When it is lost, old files still verify, and new ones need a new key.")
    return _signing("document_key", _("Key of the certificates"), meaning, "document", found.documents, reader)


def badge_key(found: Measured, reader: Reader) -> Fact:
    """The age of the key that signs badges."""
    meaning = _("It signs badges. Other programs read its public half from this site.")
    return _signing("badge_key", _("Key of the badges"), meaning, "badge", found.badges, reader)


def _signing(key: str, title: str, meaning: str, kind: str, found: Signing, reader: Reader) -> Fact:
    newest = found.keys[0] if found.keys else None
    old = newest is not None and reader.now - newest.made_at > SIGNING_KEY_OLD
    return Fact(
        key,
        either(found.keys is None or found.open_to_others, old),
        title,
        _signing_in_words(found, reader),
        meaning,
        _signing_advice(found, kind, old=old),
        {
            "id": newest.id if newest else None,
            "made_at": newest.made_at if newest else None,
            "earlier": max(0, len(found.keys or ()) - 1),
        },
    )


def _signing_in_words(found: Signing, reader: Reader) -> str:
    if found.keys is None:
        return _("Cannot be read")
    if not found.keys:
        return _("Made when it is first needed")
    shown = _("%(id)s, made %(when)s", id=found.keys[0].id, when=reader.since(found.keys[0].made_at))
    earlier = len(found.keys) - 1
    if not earlier:
        return shown
    more = ngettext("%(shown)s earlier key", "%(shown)s earlier keys", earlier, shown=i18n.format_number(earlier))
    return f"{shown}; {more}"


def _signing_advice(found: Signing, kind: str, *, old: bool) -> str:
    if found.keys is None:
        return _("Bring the folder keys back from a backup. No certificate is signed until then.")
    if found.open_to_others:
        return _(
            "Others on this machine can read the key. Take that right away, then make a new one:"
            " mhfa-lms keys rotate %(kind)s",
            kind=kind,
        )
    return _("Make a new one; earlier ones go on verifying: mhfa-lms keys rotate %(kind)s", kind=kind) if old else ""


def schema(found: Measured) -> Fact:
    """Whether the tables fit the program."""
    there, wanted = found.versions.schema, found.versions.schema_wanted
    return Fact(
        "schema",
        State.GOOD if there == wanted else State.ACT,
        _("Database schema"),
        there or _("Empty"),
        _("The form of the tables; it must fit the program."),
        "" if there == wanted else _("This program wants %(wanted)s. Run: mhfa-lms db upgrade", wanted=wanted),
        {"current": there, "wanted": wanted},
    )


def programs(found: Measured) -> Fact:
    """What runs here."""
    here = found.versions
    advice = ""
    if not here.database_is_safe:
        advice = _("This SQLite has a known fault, so a slower way of writing is used. A newer SQLite ends that.")
    if not here.weasyprint:
        advice = _("WeasyPrint is missing: no certificate can be drawn. Install it with: make system")
    return Fact(
        "versions",
        State.LOOK if advice else State.GOOD,
        _("Versions"),
        _(
            "mhfa-lms %(program)s, Python %(python)s, %(database)s, WeasyPrint %(weasyprint)s",
            program=here.program,
            python=here.python,
            database=here.database,
            weasyprint=here.weasyprint or "–",
        ),
        _("Name these when you report a fault."),
        advice,
        {
            "program": here.program,
            "python": here.python,
            "database": here.database,
            "weasyprint": here.weasyprint or None,
        },
    )


def courses(found: Measured) -> Fact:
    """What is wrong in course files."""
    count = found.problems
    return Fact(
        "courses",
        State.LOOK if count else State.GOOD,
        _("Course files"),
        ngettext("%(shown)s problem", "%(shown)s problems", count, shown=i18n.format_number(count))
        if count
        else _("No problems"),
        _("A course whose files are wrong is not published; the last good revision goes on being served."),
        _("Each problem is listed with its file and line under Courses.") if count else "",
        {"problems": count},
    )


def help_lines(found: Measured) -> Fact:
    """Which help lines were not checked lately."""
    stale = found.stale_countries
    return Fact(
        "help_lines",
        State.LOOK if stale else State.GOOD,
        _("Help lines"),
        ngettext(
            "%(shown)s country to check",
            "%(shown)s countries to check",
            len(stale),
            shown=i18n.format_number(len(stale)),
        )
        if stale
        else _("All were checked"),
        _("People in distress rely on these numbers. They are to be checked every 180 days."),
        _("Call or open them, then note it under Help lines.") if stale else "",
        {"to_check": len(stale)},
    )
