"""What arrives with a request, made fit to be kept and shown: texts without control characters, ids that can be one.

Nobody types a zero byte or an escape, but text copied out of other programs may bring one along: PostgreSQL refuses the
first, no page may hold the others. They are left out, and the rest is kept. A number too
large to be an id is no id, and its address is not found.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import flask
from flask import Flask, abort
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.exceptions import BadRequest
from werkzeug.routing import IntegerConverter

K = TypeVar("K")
V = TypeVar("V")
# The most a foreign key holds on PostgreSQL; SQLite would take more, and its driver refuses beyond 64 bits.
LARGEST_ID: Final = 2**31 - 1
NUL: Final = "\0"
# The few views that take more than others, in bytes.
LARGER: Final = {
    # Tables of tens of thousands of rows.
    "coordinate.history_preview": 6 * 1024 * 1024,
    # A logo and three signatures, of 1 MB each.
    "coordinate.certificate_look": 5 * 1024 * 1024,
}
# Control characters but for tabs and line ends, and code points that are no characters: what HTML may not hold.
UNFIT: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def whole(text: str) -> int:
    """Return the whole number that a parameter holds. Raises `ValueError` for anything that is no id and no count."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST_ID)) or int(text) > LARGEST_ID:
        raise ValueError("not a whole number that an id can be")
    return int(text)


def readable(value: Any) -> Any:
    """Return a value of a form or of JSON with its texts as pages and databases take them: no control characters.

    Half of a pair of code units becomes a question mark.

    Raises `RecursionError` for lists within lists without end.
    """
    if isinstance(value, str):
        return UNFIT.sub("", value).encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [readable(one) for one in value]
    if isinstance(value, dict):
        return {readable(name): readable(one) for name, one in value.items()}
    return value


class Fields(ImmutableMultiDict[K, V]):
    """The fields of a form or of an address, readable."""

    def __init__(self, mapping: Mapping[K, Any] | Iterable[tuple[K, V]] | None = None) -> None:
        found = MultiDict(mapping)
        super().__init__([(name, readable(value)) for name, value in found.items(multi=True)])


class Request(flask.Request):
    """A request whose texts are readable."""

    parameter_storage_class = Fields  # type: ignore[assignment]  # the class says MultiDict and uses one that is fixed

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the body as JSON; None when `silent` and it is none. Raises `BadRequest`."""
        try:
            return readable(super().get_json(force=force, silent=silent, cache=cache))
        except RecursionError as error:
            if silent:
                return None
            raise BadRequest from error


class IdConverter(IntegerConverter):
    """A whole number in an address that can be an id; any other is not found."""

    regex = "[0-9]{1,10}"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": LARGEST_ID, **options})


def init(app: Flask) -> None:
    """Use these from now on; before the routes are registered."""
    app.request_class = Request
    app.url_map.converters["int"] = IdConverter

    @app.before_request
    def no_zero_bytes() -> None:
        if NUL in flask.request.path:
            abort(404)

    @app.before_request
    def larger() -> None:
        if flask.request.endpoint in LARGER:
            flask.request.max_content_length = LARGER[flask.request.endpoint]
