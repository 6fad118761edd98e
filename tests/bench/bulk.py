"""Many rows at once: people with their roles, and certificates, spread over years around the present day."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select, text, update

from mhfa_lms import db
from mhfa_lms.models import Account, Audience, Certificate, Membership, MembershipRole, Organisation, Role
from mhfa_lms.services import names
from mhfa_lms.services.secrets import new_code

BATCH: Final = 5_000
FIRST: Final = ("Amina", "Ben", "Chidi", "Dana", "Elif", "Farid", "Grace", "Hana", "Ines", "Jamal")
LAST: Final = ("Yusuf", "Okafor", "Larsen", "Novak", "Silva", "Tanaka", "Moreau", "Rossi", "Ahmed", "Walsh", "Kaya")
# How far apart the newest certificates' last days are spread: from a year ago to three years ahead.
EXPIRY_FROM, EXPIRY_DAYS = -365, 1_460


def insert_all(model: Any, rows: Iterable[dict[str, Any]]) -> list[int]:
    """Insert rows, some thousands in a transaction; returns their ids in the rows' order.

    Ids are counted here, as nobody else writes: asking the database for each would take most of the time.
    """
    ids = itertools.count((db.session().scalar(select(func.max(model.id))) or 0) + 1)
    numbered, made = ({"id": next(ids), **row} for row in rows), []
    while some := list(itertools.islice(numbered, BATCH)):
        with db.transaction() as session:
            session.connection().execute(model.__table__.insert(), some)
        made += [int(row["id"]) for row in some]
    return made


def organisation(slug: str, name: str, now: datetime) -> int:
    """Make an organisation and return its id."""
    return insert_all(Organisation, [{"slug": slug, "name": name, "created_at": now - timedelta(days=2_000)}])[0]


@dataclass(frozen=True, slots=True)
class People:
    """The ids of accounts and memberships, and the addresses, all in one order."""

    accounts: list[int]
    memberships: list[int]
    emails: list[str]


def _name(number: int) -> str:
    return f"{FIRST[number % len(FIRST)]} {LAST[number // len(FIRST) % len(LAST)]} {number}"


def people(
    organisation_id: int,
    count: int,
    word: str,
    now: datetime,
    *,
    roles: Iterable[Role] = (),
    password_hash: str | None = None,
) -> People:
    """Make people of one organisation, all of them with these roles and one password."""
    joined = now - timedelta(days=1_500)
    emails = [f"{word}{number}@example.org" for number in range(count)]
    accounts = insert_all(
        Account,
        (
            {
                "email": one,
                "email_key": one,
                "created_at": joined,
                "confirmed_at": joined,
                "password_hash": password_hash,
            }
            for one in emails
        ),
    )
    memberships = insert_all(
        Membership,
        (
            {
                "account_id": account,
                "organisation_id": organisation_id,
                "name": _name(number),
                "sort_key": names.sort_key(_name(number)),
                "audience": Audience.WORKPLACE,
                "joined_at": joined,
                "work_email": emails[number],
                "languages": "en, fr",
                "listed_since": joined if number % 3 == 0 else None,
            }
            for number, account in enumerate(accounts)
        ),
    )
    every = {Role.LEARNER, *roles}
    rows = [{"membership_id": membership, "role": role} for membership in memberships for role in sorted(every)]
    with db.transaction() as session:
        session.execute(insert(MembershipRole), rows)
    return People(accounts, memberships, emails)


def certificates(organisation_id: int, held: list[int], type_id: int, now: datetime, *, renewed: bool) -> list[int]:
    """Give every membership a certificate; with `renewed` also an older one. Returns the newest ones' ids."""
    newest = insert_all(Certificate, _certificates(organisation_id, held, type_id, now.date(), now, earlier=False))
    if renewed:
        older = insert_all(Certificate, _certificates(organisation_id, held, type_id, now.date(), now, earlier=True))
        pairs = iter(zip(older, newest, strict=True))
        while some := [{"id": old, "renewed_by_id": new} for old, new in itertools.islice(pairs, BATCH)]:
            with db.transaction() as session:
                session.execute(update(Certificate), some)
    return newest


def _certificates(
    organisation_id: int, held: list[int], type_id: int, today: date, now: datetime, *, earlier: bool
) -> Iterator[dict[str, Any]]:
    for number, membership_id in enumerate(held):
        # A step that has no factor in common with the number of days spreads them evenly.
        expires = today + timedelta(days=EXPIRY_FROM + number * 997 % EXPIRY_DAYS - (1_095 if earlier else 0))
        began = expires - timedelta(days=1_095)
        yield {
            "code": new_code(),
            "membership_id": membership_id,
            "organisation_id": organisation_id,
            "certification_type_id": type_id,
            "name": _name(number),
            "sort_key": names.sort_key(_name(number)),
            "type_name": "First aider for minds",
            "course_title": "A first conversation",
            "organisation_name": "Cedar Health",
            "issuer_name": "Cedar Health",
            "locale": "en",
            "completed_on": began,
            "starts_on": began,
            "expires_on": expires,
            "window_opens_on": expires - timedelta(days=180),
            "window_closes_on": expires + timedelta(days=90),
            "issued_at": now - timedelta(days=(today - began).days),
            "issued_on": began,
        }


def settle() -> None:
    """Let PostgreSQL count on from the ids given, and look at what it holds, as it does by itself in the long run."""
    if db.engine().dialect.name != "postgresql":
        return
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in db.Base.metadata.sorted_tables:
            if "id" in table.c:
                last = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM \"{table.name}\""
                connection.execute(text(last))
        connection.execute(text("VACUUM (ANALYZE)"))
        # Or what was written to make the data is written out while something is measured.
        connection.execute(text("CHECKPOINT"))
