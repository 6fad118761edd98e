"""Reading what a device sends: checked in full before anything of it is taken."""

from typing import Annotated, Final

from flask import request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from werkzeug.datastructures import MultiDict

from mhfa_lms.content.schema import Course
from mhfa_lms.models import Doing
from mhfa_lms.services.waiting import Waited
from mhfa_lms.web.learn.questions import FIELD

# A device sends 20 at a time (static/js/worker).
MOST_ITEMS: Final = 50
MOST_BYTES: Final = 128 * 1024
Value = Annotated[str, StringConstraints(max_length=20_000)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class BadItemsError(ValueError):
    """What was sent cannot be read; `status` is the answer's."""

    def __init__(self, words: str, status: int = 422) -> None:
        super().__init__(words)
        self.status = status


class Item(BaseModel):
    """One thing done: `fields` are those of the step's form, by name."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    step: Word
    does: Annotated[Doing, Field(strict=False)]
    fields: Annotated[list[Annotated[list[Value], Field(min_length=2, max_length=2)]], Field(max_length=50)]
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]


class Items(BaseModel):
    """What a device sends at once."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[Item], Field(min_length=1, max_length=MOST_ITEMS)]


def items(course: Course) -> list[Waited]:
    """Return what the request sends. Raises `BadItemsError`."""
    if (request.content_length or 0) > MOST_BYTES:
        raise BadItemsError("too much at once", 413)
    try:
        found = Items.model_validate(request.get_json(silent=True))
    except ValidationError:
        raise BadItemsError("send items as the worker does") from None
    return [_waited(course, one) for one in found.items]


def _waited(course: Course, one: Item) -> Waited:
    found = course.step(one.step)
    fields = MultiDict((name, value) for name, value in one.fields)
    answers = found is not None and found[1].question is not None and one.does is Doing.ANSWER
    chosen = tuple(text for text in fields.getlist(FIELD) if text) if answers else ()
    return Waited(one.id, one.step, one.does, chosen, one.version)
