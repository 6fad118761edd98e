"""What a learner sees: home, courses, steps, the assessment, scenarios and certificates."""

from mhfa_lms.web.learn import assessment, certificates, course, home, scenarios, steps
from mhfa_lms.web.learn.blueprint import blueprint

__all__ = ["assessment", "blueprint", "certificates", "course", "home", "scenarios", "steps"]
