"""Something to do away from the screen, which an instructor confirms before the step counts as done."""

from typing import Literal

from mhfa_lms.content.parts import Part, Text


class Activity(Part):
    """What to do, and who confirms that it was done."""

    instructions: Text
    confirm: Literal["instructor"] = "instructor"
