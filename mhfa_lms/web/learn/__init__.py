"""What a learner sees: home, courses, steps, the assessment, scenarios and certificates."""

from mhfa_lms.web.learn.blueprint import blueprint

__all__ = ["blueprint"]
