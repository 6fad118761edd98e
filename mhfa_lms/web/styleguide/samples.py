"""What the style guide shows, read from `templates/styleguide/samples.txt`."""

from dataclasses import dataclass
from typing import Final

from mhfa_lms.paths import templates_dir

LONG: Final = "Donaudampfschifffahrtsgesellschaftskapitänswitwe-Papadopoulou von und zu Llanfairpwllgwyngyll"
IMPORTS: Final = """{%- import 'components/ui.html' as ui -%}
{%- import 'components/marking.html' as desk -%}
{%- import 'components/media.html' as media -%}
{%- import 'components/menu.html' as menu -%}
{%- import 'components/pictures.html' as pictures -%}
{%- import 'components/questions.html' as questions -%}
{%- import 'components/reminders.html' as reminders -%}
{%- import 'components/stones.html' as stones -%}
{%- from 'components/icons.html' import icon -%}
"""
TURNED: Final = " <<"


@dataclass(frozen=True, slots=True)
class Sample:
    """One state of one macro: what it shows, and the call. `turned` shows it right-to-left."""

    about: str
    call: str
    turned: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Samples that belong together."""

    title: str
    samples: tuple[Sample, ...]

    @property
    def anchor(self) -> str:
        """The group's id on the page."""
        return "-".join("".join(letter for letter in self.title.lower() if letter.isalpha() or letter == " ").split())


def read() -> list[Group]:
    """Return every group in the order of the file."""
    text = (templates_dir() / "styleguide" / "samples.txt").read_text(encoding="utf-8")
    return [_group(part) for part in text.split("\n== ")[1:]]


def _group(text: str) -> Group:
    title, *samples = text.strip().split("\n-- ")
    return Group(title, tuple(_sample(one) for one in samples))


def _sample(text: str) -> Sample:
    about, call = text.strip().split("\n", 1)
    return Sample(about.removesuffix(TURNED), call, about.endswith(TURNED))
