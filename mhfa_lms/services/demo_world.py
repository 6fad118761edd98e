"""What the demonstration's stories share: the course, the present, and chance from a seeded source.

The same day gives the same demonstration.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sqlalchemy.orm import Session

from mhfa_lms.content.schema import Course as Content
from mhfa_lms.models import CourseRevision, Enrolment
from mhfa_lms.services.demo_answers import Written
from mhfa_lms.services.secrets import CODE_LENGTH, CROCKFORD


@dataclass(frozen=True, slots=True)
class World:
    """What every story needs: the course, the present, chance, and who marks in an organisation."""

    session: Session
    revision: CourseRevision
    content: Content
    now: datetime
    chance: Random
    # Membership ids of the instructors, by organisation.
    markers: dict[int, list[int]]
    # What nobody has written yet: each answer is used once.
    waiting: list[Written]
    try_again: list[Written]

    @property
    def today(self) -> date:
        """The present day."""
        return self.now.date()

    def at(self, day: date) -> datetime:
        """Return a moment in the working hours of a day, the same for both of our time zones."""
        return datetime.combine(day, time(14, 0), UTC) + timedelta(minutes=self.chance.randrange(240))

    def code(self, length: int = CODE_LENGTH) -> str:
        """Return a code of Crockford characters."""
        return "".join(self.chance.choice(CROCKFORD) for _ in range(length))

    def marker(self, enrolment: Enrolment) -> int:
        """Return the membership of one of the organisation's instructors, other than the learner."""
        return self.chance.choice(
            [one for one in self.markers[enrolment.organisation_id] if one != enrolment.membership_id]
        )
