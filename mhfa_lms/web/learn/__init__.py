"""What a learner sees: home, courses, steps, the assessment, scenarios and certificates."""

from mhfa_lms.web.learn import (
    assessment,
    badges,
    certificates,
    conversations,
    course,
    home,
    kept,
    paper,
    pause,
    reflections,
    renewal,
    scenarios,
    steps,
    support,
)
from mhfa_lms.web.learn.blueprint import blueprint

__all__ = [
    "assessment",
    "badges",
    "blueprint",
    "certificates",
    "conversations",
    "course",
    "home",
    "kept",
    "paper",
    "pause",
    "reflections",
    "renewal",
    "scenarios",
    "steps",
    "support",
]
