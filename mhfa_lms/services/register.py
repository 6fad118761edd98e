"""The register: every certificate an organisation issued. One query makes both the screen and the export.

Coordinators see all of it: it is the organisation's training record. `today` is the civil day in the organisation's
zone and decides each standing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, String, and_, exists, func, or_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from mhfa_lms import clock, db
from mhfa_lms.models import (
    Certificate,
    Course,
    CourseRevision,
    Enrolment,
    Membership,
    MembershipState,
    Organisation,
    Site,
)
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import audit, names, paging
from mhfa_lms.services.paging import Columns, Order, Page, Place, Total
from mhfa_lms.services.periods import Standing, has_newer, standing_column, standing_condition
from mhfa_lms.services.secrets import CROCKFORD, FORGIVEN, read_code

COLUMNS: Final = (
    "certificate_number",
    "name",
    "organisation",
    "site",
    "course",
    "issued_on",
    "expires_on",
    "standing",
    "languages",
    "work_email",
    "listed_since",
)
Row = tuple[str, ...]
NO_SITE: Final = 0
BATCH: Final = 500  # as in adapters.spreadsheets
LEAST_OF_A_CODE: Final = 4


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show of the register. Each one left empty lets everything through.

    `site_id` 0 means people without a site. `listed` asks for people who agreed to be listed, or did not.
    `open_only` leaves out certificates that were renewed and those of people who left: nobody has to act on them.
    Both days of issue are included. `cohort_id` asks for what the people of a cohort earned in it, corrected or not.
    """

    text: str = ""
    site_id: int | None = None
    course_id: int | None = None
    type_id: int | None = None
    standings: frozenset[Standing] = frozenset()
    listed: bool | None = None
    open_only: bool = False
    issued_from: date | None = None
    issued_to: date | None = None
    cohort_id: int | None = None

    @property
    def any(self) -> bool:
        """Whether anything is left out."""
        return self != Filters()


@dataclass(frozen=True, slots=True)
class Query:
    """The register of the actor's organisation through some filters, on a day."""

    by: Actor
    filters: Filters
    today: date
    zone: str

    def where(self, columns: Columns) -> Columns:
        """Return a selection of columns narrowed to this query; it may use `Membership` and `Site`."""
        return (
            columns.select_from(Certificate)
            .join(Membership, Membership.id == Certificate.membership_id)
            .outerjoin(Site, Site.id == Membership.site_id)
            .where(scope(self.by, Certificate), *conditions(self.filters, self.today))
        )

    def ids(self) -> Columns:
        """Return the selection of ids, to be counted: in the certificates alone where no filter is about the people."""
        filters = self.filters
        if filters.site_id is not None or filters.listed is not None or filters.open_only:
            return self.where(select(Certificate.id))
        return select(Certificate.id).where(scope(self.by, Certificate), *conditions(filters, self.today))


def conditions(filters: Filters, today: date) -> Iterator[ColumnElement[bool]]:
    """Yield what the filters ask of a certificate joined with its membership."""
    if filters.text.strip():
        yield _matches(filters.text)
    if filters.site_id is not None:
        yield Membership.site_id == filters.site_id if filters.site_id else Membership.site_id.is_(None)
    if filters.course_id is not None:
        yield _of_course(filters.course_id)
    if filters.type_id is not None:
        yield Certificate.certification_type_id == filters.type_id
    if filters.standings:
        yield or_(*(standing_condition(one, today) for one in sorted(filters.standings)))
    if filters.listed is not None:
        yield Membership.listed_since.is_not(None) if filters.listed else Membership.listed_since.is_(None)
    if filters.issued_from is not None:
        yield Certificate.issued_on >= filters.issued_from
    if filters.issued_to is not None:
        yield Certificate.issued_on <= filters.issued_to
    if filters.cohort_id is not None:
        yield _of_cohort(filters.cohort_id)
    if filters.open_only:
        yield and_(~superseded(), Certificate.replaced_by_id.is_(None), Membership.state == MembershipState.ACTIVE)


def superseded() -> ColumnElement[bool]:
    """Return the condition that the holder has a later certificate of the same type, a renewal or a new beginning."""
    return or_(Certificate.renewed_by_id.is_not(None), has_newer())


def _matches(text: str) -> ColumnElement[bool]:
    """Every word is part of the name, or the text is the number or its beginning."""
    words = names.sort_key(text).split()
    name = and_(*(Certificate.sort_key.contains(word, autoescape=True) for word in words))
    code = read_code(text)
    if code is not None:
        return or_(name, Certificate.code == code)
    start = "".join(letter for letter in text.upper() if letter.isalnum()).translate(FORGIVEN)
    if len(start) >= LEAST_OF_A_CODE and set(start) <= set(CROCKFORD):
        return or_(name, Certificate.code.startswith(start))
    return name


def _of_course(course_id: int) -> ColumnElement[bool]:
    # By type and title, not by enrolment: corrected and imported certificates have none.
    titles = select(CourseRevision.title).where(CourseRevision.course_id == course_id)
    kind = select(Course.certification_type_id).where(Course.id == course_id).scalar_subquery()
    return and_(Certificate.certification_type_id == kind, Certificate.course_title.in_(titles))


def _of_cohort(cohort_id: int) -> ColumnElement[bool]:
    # By the day it was earned, not by enrolment: a corrected certificate has none.
    return exists().where(
        Enrolment.membership_id == Certificate.membership_id,
        Enrolment.cohort_id == cohort_id,
        Enrolment.completed_on == Certificate.completed_on,
        Enrolment.course_id == Course.id,
        Course.certification_type_id == Certificate.certification_type_id,
    )


def query(session: Session, filters: Filters, *, by: Actor, now: datetime) -> Query:
    """Return the register of the actor's organisation, on the day of `now` in its zone. Raises `Forbidden`."""
    require(by, Can.SEE_REGISTER)
    zone = db.rows(session, select(Organisation.timezone).where(Organisation.id == by.organisation_id)).scalar_one()
    return Query(by, filters, clock.civil_date(now, zone), zone)


def total(session: Session, wanted: Query) -> Total:
    """Return how many certificates the query finds, exactly up to 10,000."""
    return paging.count(session, wanted.ids())


def exceeds(session: Session, wanted: Query, most: int) -> bool:
    """Whether the query finds more rows than a file can hold."""
    return paging.count(session, wanted.ids(), cap=most).more


def page(session: Session, wanted: Query, place: Place) -> Page[Any]:
    """Return 25 certificates in the order of names, as rows of columns (see the statement)."""
    statement = wanted.where(
        select(
            Certificate.id,
            Certificate.code,
            Certificate.name,
            Certificate.membership_id,
            Certificate.type_name,
            Certificate.course_title,
            Certificate.issued_on,
            Certificate.expires_on,
            Certificate.renewed_by_id,
            Certificate.is_imported,
            standing_column(wanted.today),
            Site.name.label("site"),
            Membership.languages,
            Membership.work_email,
            Membership.listed_since,
            Membership.state,
        )
    )
    order = Order(Certificate.sort_key, Certificate.id, scope(wanted.by, Certificate))
    return paging.page(session, statement, order, place)


class Export:
    """All rows of a query as text, read in batches in one snapshot. `close` it, also when not all were read."""

    def __init__(self, connection: Connection, wanted: Query, count: int) -> None:
        self.count = count
        self._connection = connection
        self._wanted = wanted

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield each certificate in the order of `COLUMNS`: dates as YYYY-MM-DD, empty cells as empty text."""
        # One statement sees one state of the database, however long it is read; a named cursor on PostgreSQL and a
        # stepped one on SQLite hold a batch in memory at a time.
        statement = export_statement(self._wanted)
        found = self._connection.execute(statement, execution_options={"stream_results": True, "yield_per": BATCH})
        try:
            for some in found.partitions():
                yield from as_text(some, self._wanted.zone)
        finally:
            self.close()

    def close(self) -> None:
        """Let the snapshot go."""
        self._connection.close()


def as_text(found: Sequence[Sequence[Any]], zone: str) -> list[Row]:
    """Return rows of `export_statement` as they stand in a file."""
    here = ZoneInfo(zone)
    # The columns come as text: SQLAlchemy's conversions of each cell would take a third of the time.
    return [(*row[:-1], _day(row[-1], here)) for row in found]


def export_statement(wanted: Query) -> Columns:
    """Return the selection of what is exported, in the order of `COLUMNS` and of names."""
    return wanted.where(
        select(
            Certificate.code,
            Certificate.name,
            Certificate.organisation_name,
            func.coalesce(Site.name, ""),
            Certificate.course_title,
            _iso(Certificate.issued_on),
            _iso(Certificate.expires_on),
            standing_column(wanted.today),
            Membership.languages,
            Membership.work_email,
            type_coerce(Membership.listed_since, String),
        )
    ).order_by(Certificate.sort_key, Certificate.id)


def _iso(day: InstrumentedAttribute[date]) -> ColumnElement[str]:
    """Return a date column as text, YYYY-MM-DD: SQLite stores it so."""
    return func.to_char(day, "YYYY-MM-DD") if db.engine().dialect.name == "postgresql" else type_coerce(day, String)


def _day(instant: Any, zone: ZoneInfo) -> str:
    """Return the civil day of an instant as its driver gives it: a text in UTC on SQLite, else a time with a zone."""
    if not instant:
        return ""
    moment = datetime.fromisoformat(f"{instant}+00:00") if isinstance(instant, str) else instant
    return str(moment.astimezone(zone).date())


def export(wanted: Query, *, kind: str, now: datetime) -> Export:
    """Begin an export; the audit trail notes who took how many rows. Raises `Forbidden`."""
    by = wanted.by
    require(by, Can.EXPORT_REGISTER)
    count = db.session().scalar(wanted.where(select(func.count(Certificate.id)))) or 0
    with db.transaction() as session:
        note_export(session, by, kind=kind, rows=count, now=now)
    return Export(db.engine().connect(), wanted, count)


def note_export(session: Session, by: Actor, *, kind: str, rows: int, now: datetime) -> None:
    """Have the audit trail say who took how many rows, in the caller's transaction."""
    audit.record(
        session,
        "register-exported",
        by=by,
        now=now,
        subject="organisation",
        subject_id=by.organisation_id or 0,
        rows=rows,
        format=kind,
    )
