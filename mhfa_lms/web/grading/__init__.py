"""The instructors' pages: what waits, the marking desk, and learners who are out of attempts."""

from mhfa_lms.web.grading import activities, attempts, desk, learners, queue
from mhfa_lms.web.grading.blueprint import blueprint

__all__ = ["activities", "attempts", "blueprint", "desk", "learners", "queue"]
