"""The list of people."""

from flask import render_template, request

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Role
from mhfa_lms.policy import Can
from mhfa_lms.services import people as service
from mhfa_lms.services import sites
from mhfa_lms.services.people import NO_SITE, Filters, Training
from mhfa_lms.web import lists
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import filters, load, words
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.coordinate.filters import Option
from mhfa_lms.web.identity import me

LEFT = "left"


def _wanted() -> Filters:
    training, role = request.args.get("training", ""), request.args.get("role", "")
    return Filters(
        text=lists.text("q"),
        site_id=NO_SITE if request.args.get("site") == "none" else lists.number("site") or None,
        role=Role(role) if role in set(Role) else None,
        training=Training(training) if training in set(Training) else None,
        left=training == LEFT,
    )


def _values(wanted: Filters) -> dict[str, str]:
    found = {
        "q": wanted.text,
        "site": filters.site_value(wanted.site_id),
        "role": wanted.role.value if wanted.role else "",
        "training": LEFT if wanted.left else wanted.training.value if wanted.training else "",
    }
    return {name: value for name, value in found.items() if value}


def _training_options() -> list[Option]:
    return [
        Option("", _("Everybody here")),
        Option(Training.CERTIFIED.value, _("Certified now")),
        Option(Training.IN_TRAINING.value, _("In training")),
        Option(Training.NEITHER.value, _("Neither")),
        Option(LEFT, _("People who have left")),
    ]


@blueprint.get("/coordinate/people")
@requires(Can.SEE_PEOPLE)
def people() -> str:
    """The organisation's people, 25 a page, with filters in the address."""
    who, session, wanted = me(), db.session(), _wanted()
    today = load.today(session, who, clock.now())
    return render_template(
        "coordinate/people.html",
        values=_values(wanted),
        page=service.page(session, wanted, lists.place(), by=who, today=today),
        total=service.total(session, wanted, by=who, today=today),
        invited=service.invitations_total(session, by=who, now=clock.now()),
        sites=filters.site_options(sites.listed(session, by=who)),
        roles=[Option("", _("Any role")), *(Option(one.value, word) for one, word in words.roles().items())],
        training=_training_options(),
        role_words=words.roles(),
    )
