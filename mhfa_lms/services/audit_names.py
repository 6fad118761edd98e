"""Names for the numbers of the audit trail, looked up when it is read and for reading only: erased ones are gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Account, Certificate, Membership, Organisation


@dataclass(frozen=True, slots=True)
class Line:
    """An event with its names. `about_code` is a certificate's code, `about` any other name of the subject."""

    event: Any
    who: str
    organisation: str
    about: str
    about_code: str


@dataclass(frozen=True, slots=True)
class _Known:
    accounts: dict[int, str]
    names: dict[tuple[int, int], str]
    members: dict[int, str]
    organisations: dict[int, str]
    codes: dict[int, str]


def resolve(session: Session, events: Sequence[Any]) -> list[Line]:
    """Return the events with names. Four queries, whatever their number."""
    known = _look_up(session, events)
    return [
        Line(
            one,
            _who(known, one),
            known.organisations.get(one.organisation_id or 0, ""),
            _about(known, one),
            known.codes.get(one.subject_id, "") if one.subject == "certificate" else "",
        )
        for one in events
    ]


def _subjects(events: Sequence[Any], kind: str) -> set[int]:
    return {one.subject_id for one in events if one.subject == kind}


def _look_up(session: Session, events: Sequence[Any]) -> _Known:
    accounts = {one.account_id for one in events} | _subjects(events, "account")
    organisations = {one.organisation_id for one in events} | _subjects(events, "organisation")
    known = _Known({}, {}, {}, {}, {})
    for row in session.execute(select(Account.id, Account.email, Account.erased_at).where(Account.id.in_(accounts))):
        if row.erased_at is None:
            known.accounts[row.id] = row.email
    people = select(Membership.id, Membership.account_id, Membership.organisation_id, Membership.name)
    wanted = or_(Membership.account_id.in_(accounts), Membership.id.in_(_subjects(events, "membership")))
    for one in session.execute(people.where(wanted)):
        known.members[one.id] = one.name
        known.names[one.account_id, one.organisation_id] = one.name
    places = select(Organisation.id, Organisation.name).where(Organisation.id.in_(organisations - {None}))
    known.organisations.update((row.id, row.name) for row in session.execute(places))
    codes = select(Certificate.id, Certificate.code).where(Certificate.id.in_(_subjects(events, "certificate")))
    known.codes.update((row.id, row.code) for row in session.execute(codes))
    return known


def _who(known: _Known, one: Any) -> str:
    if one.account_id == 0:
        return _("The installation")
    if one.account_id not in known.accounts:
        return _("Erased person")
    return known.names.get((one.account_id, one.organisation_id or 0)) or known.accounts[one.account_id]


def _about(known: _Known, one: Any) -> str:
    if one.subject == "membership":
        return known.members.get(one.subject_id) or _("Erased person")
    if one.subject == "account":
        return known.accounts.get(one.subject_id) or _("Erased person")
    return known.organisations.get(one.subject_id, "") if one.subject == "organisation" else ""
