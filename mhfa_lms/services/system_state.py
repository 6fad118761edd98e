"""Judging what was measured: each fact is good, worth a look, or asks for action now, with what to do.

Pure: the same for the page and for `mhfa-lms status`. Nothing here reads a clock, a disk or a database.
"""

from mhfa_lms.services import system_machine as machine
from mhfa_lms.services import system_work as work
from mhfa_lms.services.measuring import Measured
from mhfa_lms.services.system_facts import Fact, Reader, State


def facts(found: Measured, reader: Reader) -> list[Fact]:
    """Return every fact, in the order in which to read them."""
    return [
        work.tick(found, reader),
        work.workers(found),
        work.mails(found),
        work.jobs(found),
        work.lag(found),
        work.renewals(found),
        work.mail_server(found),
        machine.room(found),
        machine.backup(found, reader),
        machine.trail(found, reader),
        machine.key(found, reader),
        machine.document_key(found, reader),
        machine.badge_key(found, reader),
        machine.schema(found),
        machine.programs(found),
        machine.courses(found),
        machine.help_lines(found),
    ]


def worst(all_facts: list[Fact]) -> State:
    """Return the most urgent state among the facts."""
    return max((fact.state for fact in all_facts), key=list(State).index, default=State.GOOD)
