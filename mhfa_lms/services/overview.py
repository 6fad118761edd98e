"""What a coordinator sees first: how many are certified, what ends soon, who is learning, what waits."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from mhfa_lms.models import (
    AnswerState,
    Authorisation,
    FormatRequest,
    HelpLine,
    Invitation,
    Membership,
    MembershipRole,
    MembershipState,
    Message,
    Role,
    ScenarioAnswer,
)
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import activity_queue, formats, mail_life, overview_counts, people, safeguarding_notices, sites
from mhfa_lms.services.help_checks import STALE_AFTER
from mhfa_lms.services.overview_counts import Figures
from mhfa_lms.services.paging import Total


@dataclass(frozen=True, slots=True)
class AtSite:
    """The figures of one site; without an id those of people who have no site."""

    id: int | None
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Overview:
    """The organisation on a day."""

    figures: Figures
    # When the figures were counted, where that was not at this visit.
    counted_at: datetime | None
    sites: list[AtSite]
    waiting: int
    waiting_since: datetime | None
    invitations: Total
    has_lead: bool
    has_marker: bool
    is_alone: bool
    lines_to_try: int
    formats_asked: int
    mails_missing: int
    # Activities that learners say are done, and that nobody here may confirm.
    stuck: int


def of(session: Session, *, by: Actor, today: date, now: datetime) -> Overview:
    """Return the overview of the actor's organisation. Eight queries at most. Raises `Forbidden`."""
    require(by, Can.COORDINATE)
    found, counted_at = overview_counts.of(session, by.organisation_id or 0, today)
    per_site = [AtSite(one.id, one.name, found.get(one.id, Figures())) for one in sites.listed(session, by=by)]
    if None in found:
        per_site.append(AtSite(None, "", found[None]))
    waiting, since = _waiting(session, by)
    has_lead, has_marker, is_alone, lines_to_try, formats_asked, stuck, mails_missing = _beginning(
        session, by, today, now
    )
    return Overview(
        figures=sum(found.values(), Figures()),
        counted_at=counted_at,
        sites=per_site,
        waiting=waiting,
        waiting_since=since,
        invitations=people.invitations_total(session, by=by, now=now),
        has_lead=has_lead,
        has_marker=has_marker,
        is_alone=is_alone,
        lines_to_try=lines_to_try,
        formats_asked=formats_asked,
        mails_missing=mails_missing,
        stuck=stuck,
    )


def _beginning(session: Session, by: Actor, today: date, now: datetime) -> tuple[bool, bool, bool, int, int, int, int]:
    """Return whether there is a lead and a marker, and whether the actor is alone; then what waits.

    That is lines to try, formats asked for, activities that nobody may confirm, and mails that did not arrive.
    """
    instructors = select(MembershipRole.membership_id).where(MembershipRole.role == Role.INSTRUCTOR)
    marker = exists().where(
        scope(by, Membership),
        Membership.state == MembershipState.ACTIVE,
        # Beginning with the few who have the role: a join would let SQLite begin with everybody.
        Membership.id.in_(instructors),
        Authorisation.membership_id == Membership.id,
        Authorisation.valid_from <= today,
        Authorisation.expires_on >= today,
    )
    other = exists().where(scope(by, Membership), Membership.id != by.membership_id)
    invited = exists().where(scope(by, Invitation), Invitation.withdrawn_at.is_(None))
    stale = or_(HelpLine.checked_at.is_(None), HelpLine.checked_at < now - STALE_AFTER)
    to_try = select(func.count(HelpLine.id)).where(scope(by, HelpLine), stale).scalar_subquery()
    asked = formats.waiting(scope(by, FormatRequest))
    lead = safeguarding_notices.in_organisation(by.organisation_id or 0).exists()
    stuck = activity_queue.stuck(by, today).scalar_subquery()
    mails = select(func.count(Message.id)).where(mail_life.missing_here(by, now)).scalar_subquery()
    row = session.execute(select(lead, marker, ~other & ~invited, to_try, asked.scalar_subquery(), stuck, mails)).one()
    return bool(row[0]), bool(row[1]), bool(row[2]), row[3] or 0, row[4] or 0, row[5] or 0, row[6] or 0


def _waiting(session: Session, by: Actor) -> tuple[int, datetime | None]:
    row = session.execute(
        select(func.count(ScenarioAnswer.id), func.min(ScenarioAnswer.submitted_at)).where(
            scope(by, ScenarioAnswer), ScenarioAnswer.state == AnswerState.WAITING
        )
    ).one()
    return row[0], row[1]
