"""Reading what a device sends: checked in full before anything of it is taken."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from flask import request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from werkzeug.datastructures import MultiDict

from mhfa_lms.content.playing import LONGEST
from mhfa_lms.content.schema import Course
from mhfa_lms.models import Doing
from mhfa_lms.services.waiting import Waited
from mhfa_lms.web.learn.questions import FIELD
from mhfa_lms.web.requests import whole

# A device sends 20 at a time (static/js/worker).
MOST_ITEMS: Final = 50
MOST_BYTES: Final = 128 * 1024
# More than a way may have (content/playing): it is refused, and not kept whole.
TOO_MANY: Final = LONGEST + 1
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
    does: Literal["answer", "continue", "summary", "skip", "reflect", "talk", "report"]
    fields: Annotated[list[Annotated[list[Value], Field(min_length=2, max_length=2)]], Field(max_length=50)]
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]


class Items(BaseModel):
    """What a device sends at once."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[Item], Field(min_length=1, max_length=MOST_ITEMS)]


@dataclass(frozen=True, slots=True)
class Private:
    """What somebody wrote for themselves beside a step; `version` and `page` are those of the page's box.

    `item` is the id of what it was sent with.
    """

    item: str
    step: str
    text: str
    version: int
    page: str


def parcel() -> list[Item]:
    """Return what the request sends. Raises `BadItemsError`."""
    if (request.content_length or 0) > MOST_BYTES:
        raise BadItemsError("too much at once", 413)
    try:
        return Items.model_validate(request.get_json(silent=True)).items
    except ValidationError:
        raise BadItemsError("send items as the worker does") from None


def done(found: list[Item], course: Course) -> list[Waited]:
    """Return what was done on steps."""
    return [_waited(course, one, Doing(one.does)) for one in found if one.does != "reflect"]


def _waited(course: Course, one: Item, does: Doing) -> Waited:
    found, fields = course.step(one.step), _fields(one)
    if does is Doing.TALK:
        # The choices of a way stand in one field, as "scene/choice".
        way, seen = (tuple(fields.get(name, "").split()) for name in ("way", "seen"))
        return Waited(one.id, one.step, does, way[:TOO_MANY], one.version, seen=seen)
    answers = found is not None and found[1].question is not None and does is Doing.ANSWER
    chosen = tuple(text for text in fields.getlist(FIELD) if text) if answers else ()
    note = fields.get("note", "").replace("\r\n", "\n") if does is Doing.REPORT else ""
    return Waited(one.id, one.step, does, chosen, one.version, note=note)


def written(found: list[Item]) -> list[Private]:
    """Return what was written beside steps, the same page's latest words last."""
    return [
        Private(
            one.id,
            one.step,
            fields["reflection"],
            fields.get("reflection_version", 0, type=whole),
            fields.get("reflection_page", ""),
        )
        for one in found
        if (fields := _fields(one)).get("reflection", "").strip()
    ]


def _fields(one: Item) -> MultiDict[str, str]:
    return MultiDict((name, value) for name, value in one.fields)
