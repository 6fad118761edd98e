"""The main navigation: what a person's roles open, in groups, each page knowing the section it belongs to."""

from dataclasses import dataclass, replace
from typing import Any, Final

from flask import request, url_for

from mhfa_lms.i18n import format_number, ngettext
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Role
from mhfa_lms.policy import Actor
from mhfa_lms.services.sessions import MOST_COUNTED


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry. `current` is "page" on the page itself, "true" on pages below it; `count` is what waits there."""

    title: str
    href: str
    current: str = ""
    count: str = ""
    count_words: str = ""


@dataclass(frozen=True, slots=True)
class NavGroup:
    """The entries of one role."""

    title: str
    items: tuple[NavItem, ...]


@dataclass(frozen=True, slots=True)
class Navigation:
    """All entries of a person. `many` when they are too many for one line of a phone."""

    groups: tuple[NavGroup, ...]

    @property
    def many(self) -> bool:
        """Whether somebody has more than one role."""
        return sum(len(group.items) for group in self.groups) > 4

    @property
    def here(self) -> str:
        """The entry of the page that is open."""
        return next((item.title for group in self.groups for item in group.items if item.current), "")


# A copy on a device is nobody's page: no name, no form protection to grow old, and neither navigation nor a switch of
# language, which need a connection.
COPY: Final[dict[str, Any]] = {"actor": None, "nav": Navigation(()), "languages": [], "is_copy": True}


def _item(title: str, endpoint: str, *areas: str, count: str = "", count_words: str = "") -> NavItem:
    href = url_for(endpoint)
    below = any(request.path == area or request.path.startswith((f"{area}/", f"{area}.")) for area in areas)
    current = "page" if request.path == href else "true" if below else ""
    return NavItem(title, href, current, count, count_words)


def navigation(who: Actor | None) -> Navigation:
    """Return the main navigation of a person: what they learn, then what their roles open, then their account."""
    if who is None:
        return Navigation((NavGroup(_("Visitors"), _for_visitors()),))
    if who.is_held:
        return Navigation(())
    groups = [NavGroup(_("Learning"), _for_learners(who))]
    if Role.INSTRUCTOR in who.roles:
        groups.append(NavGroup(_("Marking"), _for_instructors(who)))
    if Role.SAFEGUARDING in who.roles:
        groups.append(NavGroup(_("Safeguarding"), _for_leads(who)))
    if Role.COORDINATOR in who.roles:
        groups.append(NavGroup(_("Coordinating"), _for_coordinators()))
    if who.reviews:
        groups.append(NavGroup(_("Reviewing"), (_item(_("Reviews"), "reviewing.courses", "/review", "/preview"),)))
    if who.is_admin:
        items = (_item(_("Administration"), "admin.overview", "/admin"),)
        groups.append(NavGroup(_("Installation"), items))
    groups.append(NavGroup(_("You"), (_item(_("Account"), "account.overview", "/account"),)))
    return Navigation(tuple(groups))


def _for_visitors() -> tuple[NavItem, ...]:
    return (
        _item(_("Check a certificate"), "public.check", "/v"),
        _item(_("Courses"), "public.courses", "/courses"),
        _item(_("Sign in"), "account.sign_in", "/forgot", "/reset"),
    )


def _for_learners(who: Actor) -> tuple[NavItem, ...]:
    home = _item(_("Home"), "learn.home")
    certificates = _item(_("Certificates"), "learn.certificates", "/certificates")
    if who.membership_id is None:
        return home, certificates
    return home, _item(_("My course"), "learn.courses", "/learn"), certificates


def _for_instructors(who: Actor) -> tuple[NavItem, ...]:
    found = who.waiting
    words = ngettext("answer waits", "answers wait", found) if found else ""
    learners = _item(_("Learners"), "grading.learners", "/mark/attempts", "/mark/learners")
    marking = _item(_("To mark"), "grading.queue", "/mark", count=_shown(found), count_words=words)
    return (replace(marking, current="") if learners.current else marking), learners


def _for_leads(who: Actor) -> tuple[NavItem, ...]:
    words = ngettext("case waits", "cases wait", who.cases) if who.cases else ""
    shown = _shown(who.cases)
    return (_item(_("Cases"), "safeguarding.cases", "/safeguarding", count=shown, count_words=words),)


def _shown(found: int) -> str:
    return "" if not found else f"{MOST_COUNTED}+" if found > MOST_COUNTED else format_number(found)


def _for_coordinators() -> tuple[NavItem, ...]:
    items = (
        _item(_("Overview"), "coordinate.overview"),
        _item(_("Register"), "coordinate.register", "/coordinate/register"),
        _item(_("Courses"), "coordinate.courses", "/coordinate/courses"),
        _item(
            _("People"),
            "coordinate.people",
            "/coordinate/people",
            "/coordinate/certificates",
            "/coordinate/authorisations",
        ),
    )
    if any(item.current for item in items) or not request.path.startswith("/coordinate/"):
        return items
    overview = items[0]
    return (NavItem(overview.title, overview.href, "true"), *items[1:])


def section() -> str:
    """Return the name of the part of the site that the page belongs to, for its title; public pages have none."""
    area = request.path.split("/")[1].split(".")[0]
    if request.path in {"/admin", "/account"}:
        return ""
    names: dict[str, Any] = {
        "home": _("Learning"),
        "learn": _("Learning"),
        "certificates": _("Learning"),
        "mark": _("Marking"),
        "safeguarding": _("Safeguarding"),
        "coordinate": _("Coordinating"),
        "admin": _("Administration"),
        "review": _("Reviewing"),
        "preview": _("Reviewing"),
        "account": _("Account"),
    }
    return str(names.get(area, ""))
