"""The form for one rule's value, made from the rule itself."""

from typing import Any, Final

from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # WTForms 3.3 has it, its stubs do not

from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.services import rule_values, rules
from mhfa_lms.services.rules import Rule
from mhfa_lms.web import rule_words as words
from mhfa_lms.web.forms import Form, ValidationError, at_most, stripped

LONGEST = 200


# The values of the rules that are words.
CHOICES: Final = {Rule.RENEWAL_BASIS: ("completion", "old-expiry"), Rule.DIGEST: ("weekly", "monthly", "off")}


class _RuleForm(Form):
    """What every rule's form does with its value."""

    rule: Rule
    value: Any

    def validate_value(self, _field: Any) -> None:
        """Refuse what the rule cannot have, in the words of its kind."""
        try:
            rules.check(self.rule, self.read())
        except rules.RuleError:
            raise ValidationError(words.wanted(self.rule)) from None

    def read(self) -> Any:
        """Return the value, read; what cannot be read stays text."""
        return rule_values.read(self.rule, self.value.data or "")


def form_for(rule: Rule, **given: Any) -> Any:
    """Return the form of a rule: a text for numbers and days, choices for the rest. `given` goes to the form."""
    if rule in rules.SWITCHES or rule in CHOICES:
        choices = [
            SelectChoice(one, words.value(rule_values.read(rule, one))) for one in CHOICES.get(rule, ("true", "false"))
        ]
        value: Any = RadioField(lazy("New value"), choices=choices, validate_choice=False)
    else:
        value = StringField(lazy("New value"), [at_most(LONGEST)], filters=[stripped])
    return type("RuleForm", (_RuleForm,), {"rule": rule, "value": value})(**given)


def hint(rule: Rule) -> str:
    """Return how the value is written."""
    if rule in rules.RANGES:
        low, high = rules.RANGES[rule]
        return _("A whole number from %(low)s to %(high)s.", low=low, high=high)
    if rule is Rule.REMINDER_DAYS:
        return _("Days before expiry, with commas: 180,90,30,0. Write none to send none before expiry.")
    return ""
