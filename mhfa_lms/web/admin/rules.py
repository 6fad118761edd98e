"""Setting a rule: what holds now and why, what would change, and saving it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db, i18n
from mhfa_lms.adapters import spreadsheets
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import CourseRevision, Organisation
from mhfa_lms.policy import Actor, Can
from mhfa_lms.services import catalogue, organisations, rule_changes, rule_trees, rule_values, rules
from mhfa_lms.services import reminder_forecast as forecasts
from mhfa_lms.services.paging import PAGE
from mhfa_lms.services.reminder_forecast import Effect, Event
from mhfa_lms.services.rule_changes import Change, Effects
from mhfa_lms.services.rules import Resolved, Rule
from mhfa_lms.web import lists
from mhfa_lms.web import rule_words as words
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin import rule_form, rule_learners
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import me

# Rules whose change is looked at before it is saved.
FORESEEN: Final = rule_changes.CERTIFICATE_RULES | rule_changes.REMINDER_RULES
# Of a file made while somebody waits: some seconds.
MOST_LINES: Final = 10_000
COLUMNS: Final = (
    "day",
    "effect",
    "days_before_expiry",
    "name",
    "organisation",
    "certified_as",
    "certificate_number",
    "expires_on",
)


@dataclass(frozen=True, slots=True)
class Ruled:
    """A rule at one place: an organisation or the installation, in one course or all."""

    rule: Rule
    organisation: Organisation | None
    revision: CourseRevision | None

    @property
    def organisation_id(self) -> int | None:
        """Whose rule it is; None for the installation's."""
        return self.organisation.id if self.organisation else None

    @property
    def course_id(self) -> int | None:
        """In which course; None for all."""
        return self.revision.course_id if self.revision else None

    @property
    def address(self) -> dict[str, Any]:
        """The place as values of an address."""
        found = {
            "organisation": self.organisation.slug if self.organisation else "",
            "course": catalogue.course(self.revision).slug if self.revision else "",
        }
        return {"rule": self.rule.value, **{name: value for name, value in found.items() if value}}

    def change(self, value: Any, *, unset: bool = False) -> Change:
        """Return a change at this place."""
        return Change(self.rule, value, self.organisation_id, self.course_id, unset=unset)


def load(actor: Actor, rule: str) -> Ruled | None:  # noqa: ARG001  # administrators see all organisations
    """Return the rule at the place that the address names; None when one of them is not there."""
    if rule not in set(Rule):
        return None
    session = db.session()
    slug, course = request.args.get("organisation", "").strip()[:60], request.args.get("course", "").strip()[:60]
    row = organisations.by_slug(session, slug) if slug else None
    revision = next((one for one in catalogue.newest(session) if catalogue.course(one).slug == course), None)
    if (slug and row is None) or (course and (revision is None or Rule(rule) not in rules.FOR_COURSES)):
        return None
    return Ruled(Rule(rule), row, revision)


@blueprint.route("/admin/rules/<rule>", methods=["GET", "POST"])
@requires(Can.ADMINISTER, load=load)
def rule(here: Ruled) -> ResponseReturnValue:
    """One rule at one place: its value and where it comes from, what others inherit, and a new value."""
    form = rule_form.form_for(here.rule)
    if request.method == "POST" and "unset" in request.form:
        return _unset(here)
    if form.validate_on_submit():
        return _save(here, form.read())
    if not form.is_submitted():
        # Whoever comes back from what would change finds the value that they had written.
        form.value.data = request.args.get("value", rule_values.written(_now(here).value))[: rule_form.LONGEST]
    return _page(here, form)


def _page(here: Ruled, form: Any) -> ResponseReturnValue:
    tree = rule_trees.whole_tree(db.session(), [here.rule])
    without = _resolve(tree.changed(here.change(None).place, None, unset=True), here)
    below = [one for one in tree.parents if one != here.organisation_id]
    # Asked as if a value stood here, because until one does nobody takes it from here.
    given = tree.changed(here.change(None).place, _now(here).value, unset=False)
    inheriting = sum(_resolve(given, here, one).source == _source_of(here) for one in below)
    page = render_template(
        "admin/rule.html",
        here=here,
        form=form,
        title=words.rule(here.rule),
        help=words.help_of(here.rule),
        hint=rule_form.hint(here.rule),
        now=words.value(_now(here).value),
        source=words.source(_now(here), here.organisation, here.revision, _names(_now(here), without)),
        is_set=here.change(None).place in tree.settings,
        without=words.value(without.value),
        without_source=words.source(without, here.organisation, here.revision, _names(_now(here), without)),
        inheriting=inheriting,
        foreseen=here.rule in FORESEEN,
    )
    return page, 422 if form.errors else 200


def _resolve(tree: rule_trees.Tree, here: Ruled, organisation_id: int | None = None) -> Resolved:
    defaults = catalogue.course(here.revision).defaults.model_dump() if here.revision else {}
    return tree.resolve(here.rule, organisation_id or here.organisation_id, here.course_id, defaults)


def _now(here: Ruled) -> Resolved:
    return _resolve(rule_trees.whole_tree(db.session(), [here.rule]), here)


def _source_of(here: Ruled) -> str:
    return f"organisation:{here.organisation_id}" if here.organisation_id else "installation"


def _names(*found: Resolved) -> dict[int, str]:
    wanted = {int(one.source.partition(":")[2]) for one in found if ":" in one.source}
    rows = [organisations.by_id(db.session(), one) for one in sorted(wanted)]
    return {row.id: row.name for row in rows if row}


def _save(here: Ruled, value: Any) -> ResponseReturnValue:
    place, title = here.address, words.rule(here.rule)
    rules.put(
        here.rule,
        value,
        by=me(),
        now=clock.now(),
        organisation_id=here.organisation_id,
        course_id=here.course_id,
    )
    flash(_("Saved. %(rule)s: %(value)s.", rule=title, value=words.value(value)), "success")
    return redirect(_list(place), 303)


def _unset(here: Ruled) -> ResponseReturnValue:
    place = here.address
    rules.unset(here.rule, by=me(), now=clock.now(), organisation_id=here.organisation_id, course_id=here.course_id)
    flash(_("Taken back. The next place that has a value decides again."), "success")
    return redirect(_list(place), 303)


def _list(place: dict[str, Any]) -> str:
    rest = {name: value for name, value in place.items() if name != "rule"}
    return url_for("admin.settings", **rest, _anchor="rules")


@blueprint.get("/admin/rules/<rule>/effects")
@requires(Can.ADMINISTER, load=load)
def rule_effects(here: Ruled) -> ResponseReturnValue:
    """What a new value would change, before it is saved."""
    if here.rule not in FORESEEN:
        abort(404)
    asked = _asked(here)
    if not isinstance(asked, Change):
        return _page(here, asked)
    text, where = lists.text("q"), lists.text("where")
    effects = rule_changes.simulate(db.session(), asked, by=me(), now=clock.now())
    narrowed = _simulated(asked, text, where) if text or where else effects
    events, shown = _chosen(narrowed), max(lists.number("from") or 0, 0)
    concerned, learners = rule_learners.some(asked, text, where, shown, PAGE)
    return render_template(
        "admin/rule_effects.html",
        here=here,
        effects=effects,
        found=effects.reminders,
        events=events,
        total=concerned + sum(one.people for one in events),
        lines=_lines(narrowed, events, shown, PAGE, text),
        learners=learners,
        shown=shown,
        size=PAGE,
        asked=_written(asked),
        back=url_for("admin.rule", **here.address, **({} if asked.unset else _written(asked))),
        values={name: value for name, value in _filters(text, where).items() if value},
        title=words.rule(here.rule),
        now=words.value(_now(here).value),
        then=_("what the next place says") if asked.unset else words.value(asked.value),
        months=_months(effects),
        most=MOST_LINES,
    )


def _simulated(asked: Change, text: str, where: str) -> Effects:
    return rule_changes.simulate(db.session(), asked, by=me(), now=clock.now(), text=text, where=where)


def _filters(text: str, where: str) -> dict[str, str]:
    return {"q": text, "where": where, "effect": request.args.get("effect", "")}


def _asked(here: Ruled) -> Any:
    """Return the change that the address asks about, or the form with what is wrong."""
    if "unset" in request.args:
        return here.change(None, unset=True)
    form = rule_form.form_for(here.rule, formdata=request.args, meta={"csrf": False})
    return here.change(form.read()) if form.validate() else form


def _written(change: Change) -> dict[str, Any]:
    return {"unset": "yes"} if change.unset else {"value": rule_values.written(change.value)}


def _chosen(effects: Effects) -> tuple[Event, ...]:
    if effects.reminders is None:
        return ()
    wanted = request.values.get("effect", "")
    return tuple(one for one in effects.reminders.events if wanted not in set(Effect) or one.effect == wanted)


def _lines(effects: Effects, events: tuple[Event, ...], start: int, size: int, text: str) -> list[forecasts.Line]:
    if effects.reminders is None:
        return []
    return forecasts.lines(db.session(), effects.reminders, events, start, size, days=rule_changes.DAYS, text=text)


def _months(effects: Effects) -> list[tuple[str, int, int]]:
    if effects.reminders is None:
        return []
    before, after = effects.reminders.before, effects.reminders.after
    months = sorted({*before, *after})
    return [(i18n.format_date(month, "LLLL y"), before[month], after[month]) for month in months]


@blueprint.post("/admin/rules/<rule>/effects.csv")
@requires(Can.ADMINISTER, load=load)
def rule_effects_file(here: Ruled) -> ResponseReturnValue:
    """The list of reminders, or of people, that a change concerns, as a file. The audit trail notes it."""
    asked = _asked(here) if here.rule in FORESEEN else None
    if not isinstance(asked, Change):
        abort(404)
    text, where = lists.text("q"), lists.text("where")
    effects = _simulated(asked, text, where)
    events = _chosen(effects)
    total = rule_learners.some(asked, text, where, 0, 1)[0] + sum(one.people for one in events)
    if total > MOST_LINES:
        flash(
            _("There are more than %(most)s lines. Narrow the list first.", most=i18n.format_number(MOST_LINES)), "info"
        )
        return redirect(url_for("admin.rule_effects", **here.address, **_written(asked)), 303)
    if asked.rule in rule_changes.CERTIFICATE_RULES:
        columns, rows = rule_learners.COLUMNS, rule_learners.rows(asked, text, where, total)
    else:
        columns, rows = COLUMNS, _rows(effects, events, total, text)
    chunks = b"".join(spreadsheets.csv_chunks(columns, rows))
    rule_changes.note_export(asked, rows=total, by=me(), now=clock.now())
    answer = Response(chunks, content_type=spreadsheets.CSV_TYPE)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{asked.rule.value}.csv")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _rows(effects: Effects, events: tuple[Event, ...], total: int, text: str) -> Iterator[list[str]]:
    for start in range(0, total, forecasts.ROWS_AT_ONCE):
        for one in _lines(effects, events, start, forecasts.ROWS_AT_ONCE, text):
            yield [
                one.day.isoformat(),
                one.effect.value,
                "grace" if one.offset < 0 else str(one.offset),
                one.name,
                one.organisation,
                one.type_name,
                i18n.format_code(one.code),
                one.expires_on.isoformat(),
            ]
