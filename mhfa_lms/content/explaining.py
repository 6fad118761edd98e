"""What pydantic says of data that are not right, as findings in the words of authors."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from mhfa_lms.content.problems import CodedError, Problem
from mhfa_lms.content.yamlfile import Located, Place


def explained(error: ValidationError, located: Located) -> Iterator[Problem]:
    """Yield each thing that is wrong, with its line in what was read."""
    for detail in error.errors(include_url=False):
        place = detail["loc"]
        said = detail.get("ctx", {}).get("error")
        code, mend = (said.code, said.mend) if isinstance(said, CodedError) else ("setting", _mend(detail, place))
        yield Problem(located.path, located.line(place), _words(detail, place), code, mend)


def _words(detail: Any, place: Place) -> str:
    name = ".".join(str(part) for part in place) or "the file"
    match detail["type"]:
        case "missing":
            return f"“{place[-1]}” is missing" if place else "something is missing"
        case "extra_forbidden":
            return f"“{name}” is not a known setting"
        case "value_error":
            return str(detail["ctx"]["error"])
        case _:
            return f"“{name}”: {detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _mend(detail: Any, place: Place) -> str:
    """Return how to mend what is wrong with one setting; empty where it is about several."""
    match detail["type"]:
        case "missing" if place:
            return f"write it here, as “{place[-1]}: …”; courses/README.md says what it takes"
        case "extra_forbidden":
            return "check its spelling, or take it out"
        case "value_error":
            return ""
        case _:
            return "write a value that it takes; courses/README.md says which"
