"""The instructors' pages: what waits, the marking desk, and learners who are out of attempts."""

from mhfa_lms.web.grading import attempts, desk, learners, queue
from mhfa_lms.web.grading.blueprint import blueprint

__all__ = ["attempts", "blueprint", "desk", "learners", "queue"]
