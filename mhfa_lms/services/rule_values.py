"""Values of rules as people write them: `read(rule, written(value)) == value`, whatever the value."""

import json
from typing import Any

from mhfa_lms.services.rules import DEFAULTS, Rule

YES, NO = "yes", "no"


def written(value: Any) -> str:
    """Return a value the way `read` takes it: days as 180,90,30,0 or none; yes or no as true or false."""
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    return json.dumps(value) if isinstance(value, bool) else str(value)


def read(rule: Rule, text: str) -> Any:
    """Return what a text means for a rule; what cannot be read stays text, which the rule then refuses in words."""
    text = text.strip()
    kind = type(DEFAULTS[rule])
    if kind is bool:
        return {"true": True, YES: True, "false": False, NO: False}.get(text.lower(), text)
    if kind is list:
        parts = [] if text.lower() == "none" else text.split(",")
        return [number(part) for part in parts]
    return number(text) if kind is int else text


def number(text: str) -> int | str:
    """Return a whole number, or the text when it is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
