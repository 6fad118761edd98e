"""The organisation's rules, to read: administrators set them."""

from flask import render_template
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Organisation
from mhfa_lms.policy import Can
from mhfa_lms.services import rules as service
from mhfa_lms.services.rules import Rule
from mhfa_lms.web import rule_words
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.identity import me


@blueprint.get("/coordinate/rules")
@requires(Can.COORDINATE)
def rules() -> str:
    """Every rule with its value here and where that comes from."""
    session = db.session()
    here = session.get_one(Organisation, me().organisation_id)
    found = service.resolve(session, list(Rule), organisation_id=here.id)
    above = {int(one.source.partition(":")[2]) for one in found.values() if ":" in one.source}
    named = {
        row.id: row.name
        for row in session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(above)))
    }
    rows = [
        (
            rule_words.rule(rule),
            rule_words.help_of(rule),
            rule_words.value(one.value),
            rule_words.source(one, here, None, named),
        )
        for rule, one in found.items()
    ]
    return render_template("coordinate/rules.html", rows=rows)
