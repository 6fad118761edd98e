"""Pictures, recordings and files of a step: what an author says of them, and what was found in the files.

In an author's files `file`, `captions` and `poster` are names below the course's folder `media`; reading the course
(`media_files`) replaces each by what the file holds. A published revision so names its files by their content.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from mhfa_lms.content.parts import Language, Line, Part, Text
from mhfa_lms.content.problems import CodedError

# No folders, so that no name leads out of `media`; the ending says what the file has to be.
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]*\.[a-z0-9]{2,5}$"
NAME_FITS: Final = re.compile(NAME)
FileName = Annotated[str, StringConstraints(pattern=NAME, max_length=80)]
# Minutes and seconds.
Duration = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}:[0-5][0-9]$")]
TYPES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "vtt": "text/vtt",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "odt": "application/vnd.oasis.opendocument.text",
    "epub": "application/epub+zip",
    "txt": "text/plain",
}
PICTURES: Final = frozenset({"png", "jpg", "webp"})
SOUNDS: Final = frozenset({"mp3", "m4a", "ogg"})
FILMS: Final = frozenset({"mp4", "webm"})
CAPTIONS: Final = frozenset({"vtt"})
PAPERS: Final = frozenset({"pdf", "docx", "odt", "epub", "txt"})
# A film without a poster takes this much room until it plays.
USUAL_SHAPE: Final = (640, 360)


class File(Part):
    """A file as it was published: size in bytes, SHA-256 in hexadecimal; width and height of pictures in pixels."""

    name: FileName
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)] | None = None
    height: Annotated[int, Field(ge=1)] | None = None

    @property
    def ending(self) -> str:
        """What stands after the dot."""
        return self.name.rpartition(".")[2]

    @property
    def media_type(self) -> str:
        """Its type for browsers, such as image/png."""
        return TYPES[self.ending]

    @property
    def address(self) -> str:
        """Where browsers find it."""
        return f"/media/{self.sha256}/{self.name}"

    @property
    def key(self) -> str:
        """Where the storage keeps it: by its content, so that the same file is kept once."""
        return storage_key(self.sha256, self.ending)


def storage_key(sha256: str, ending: str) -> str:
    """Return the key of a course's file in the storage."""
    return f"media/{sha256}.{ending}"


class _Shown(Part):
    """What pictures and recordings share. `place` is before or after the step's text."""

    file: File
    place: Literal["above", "below"] = "below"
    caption: Line | None = None
    # Who made it, and under what terms it may be passed on.
    credit: Line | None = None
    licence: Line | None = None


class Picture(_Shown):
    """A picture. `alt` says what it tells to whoever cannot see it; one that tells nothing is `decorative`."""

    kind: Literal["picture"]
    alt: Line | None = None
    decorative: bool = False

    @model_validator(mode="after")
    def _can_be_told(self) -> Self:
        if self.decorative == (self.alt is not None):
            raise CodedError(
                "missing-alt",
                "a picture needs alt (what it tells), or decorative: true if it tells nothing; not both",
            )
        return self


class Captions(Part):
    """A recording's captions in one more language; their label is the language's own name."""

    language: Language
    file: File


class _Recording(_Shown):
    """What sound and film share: nothing plays by itself, and everything in it can be read instead."""

    title: Line
    duration: Duration
    transcript: Text
    # In the course's language, shown from the start; and in others, to choose in the player.
    captions: File | None = None
    more_captions: Annotated[tuple[Captions, ...], Field(max_length=20)] = ()

    @property
    def seconds(self) -> int:
        """How long it is."""
        minutes, _colon, seconds = self.duration.partition(":")
        return int(minutes) * 60 + int(seconds)


class Audio(_Recording):
    """A sound recording."""

    kind: Literal["audio"]


class Video(_Recording):
    """A film. Where somebody speaks it needs captions; `speech: false` says that nobody does."""

    kind: Literal["video"]
    poster: File | None = None
    speech: bool = True

    @model_validator(mode="after")
    def _speech_has_captions(self) -> Self:
        if self.speech and self.captions is None:
            raise CodedError(
                "missing-captions", "a video in which somebody speaks needs captions (a .vtt file), or speech: false"
            )
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """The room it takes, in pixels: that of its poster."""
        if self.poster and self.poster.width and self.poster.height:
            return self.poster.width, self.poster.height
        return USUAL_SHAPE


Media = Annotated[Picture | Audio | Video, Field(discriminator="kind")]


class Download(Part):
    """A file to take along."""

    file: File
    title: Line
    about: Line | None = None


def files_of(media: tuple[Media, ...], downloads: tuple[Download, ...]) -> Iterator[File]:
    """Yield every file that a step's pictures, recordings and downloads are made of."""
    for one in media:
        yield one.file
        if not isinstance(one, Picture):
            yield from [one.captions] if one.captions else []
            yield from (other.file for other in one.more_captions)
        if isinstance(one, Video) and one.poster:
            yield one.poster
    for download in downloads:
        yield download.file
