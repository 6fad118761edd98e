"""What people call roles, audiences and states."""

from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import AnswerState, Audience, EnrolmentState, Role
from mhfa_lms.services.training_record import Tried

Tag = tuple[str, str]


def roles() -> dict[Role, str]:
    """Return the roles' names, in the order in which they are listed."""
    return {
        Role.LEARNER: _("Learner"),
        Role.INSTRUCTOR: _("Instructor"),
        Role.COORDINATOR: _("Coordinator"),
        Role.SAFEGUARDING: _("Safeguarding lead"),
    }


def audiences() -> dict[Audience, str]:
    """Return in which part of life somebody is a first aider."""
    return {
        Audience.VOLUNTEER: _("As a volunteer"),
        Audience.EDUCATOR: _("In a school or another place of learning"),
        Audience.WORKPLACE: _("At work"),
        Audience.OTHER: _("Somewhere else"),
    }


def enrolments() -> dict[EnrolmentState, Tag]:
    """Return the states of an enrolment, each with the kind of its tag."""
    return {
        EnrolmentState.ACTIVE: (_("In training"), "work"),
        EnrolmentState.COMPLETED: (_("Completed"), "ok"),
        EnrolmentState.ENDED: (_("Began again"), "plain"),
        EnrolmentState.WITHDRAWN: (_("Withdrawn"), "plain"),
    }


def tries() -> dict[Tried, Tag]:
    """Return where somebody stands with the assessment, each with the kind of its tag."""
    return {
        Tried.NOT_STARTED: (_("Not started"), "plain"),
        Tried.UNDER_WAY: (_("Started"), "work"),
        Tried.NOT_YET_PASSED: (_("Not passed yet"), "warn"),
        Tried.PASSED: (_("Passed"), "ok"),
    }


def answers() -> dict[AnswerState | None, Tag]:
    """Return the states of a scenario answer, each with the kind of its tag."""
    return {
        None: (_("Not started"), "plain"),
        AnswerState.DRAFT: (_("Being written"), "work"),
        AnswerState.WAITING: (_("Waiting for a mark"), "info"),
        AnswerState.PASSED: (_("Passed"), "ok"),
        AnswerState.TRY_AGAIN: (_("To be tried again"), "warn"),
    }
