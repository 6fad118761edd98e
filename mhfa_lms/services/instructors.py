"""Instructors who can be written to: what every reminder to them asks of their membership, account and organisation."""

from typing import Any, Final

from sqlalchemy import Select

from mhfa_lms.models import Account, Membership, MembershipRole, MembershipState, Organisation, Role

# Whom a letter is for.
PERSON: Final = (
    Membership.id.label("membership_id"),
    Membership.name,
    Membership.organisation_id,
    Account.id.label("account_id"),
    Account.locale,
    Account.timezone.label("own_timezone"),
    Organisation.name.label("organisation_name"),
    Organisation.timezone,
)


def reachable(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Return a statement that joins memberships, with account and organisation, for those alone who instruct there."""
    return (
        statement.join(MembershipRole, MembershipRole.membership_id == Membership.id)
        .join(Account, Account.id == Membership.account_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            MembershipRole.role == Role.INSTRUCTOR,
            Membership.state == MembershipState.ACTIVE,
            Account.deactivated_at.is_(None),
            Account.erased_at.is_(None),
        )
    )
