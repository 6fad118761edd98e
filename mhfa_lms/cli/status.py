"""`mhfa-lms status`: the same facts as the administrator's page of the system."""

from dataclasses import replace
from functools import partial
from typing import Any, Final

import click

from mhfa_lms import clock, db, i18n
from mhfa_lms.adapters.keys import open_keys
from mhfa_lms.cli.base import emit, installation, json_option
from mhfa_lms.services import demo, measuring, system_state
from mhfa_lms.services.system_facts import Fact, Reader, State

SIGNS: Final = {State.GOOD: "good", State.LOOK: "look at this", State.ACT: "ACT NOW"}


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Say whether the installation is well: workers, queues, room, backups. Exits with 1 when you must act now."""
    with installation() as found:
        # Only the server is told that it shows the demonstration; here the data say it.
        settings, now = replace(found, demo=demo.is_made()), clock.now()
        reader = Reader(now, partial(i18n.format_moment, zone=settings.timezone))
        keys = open_keys(settings.keys_dir)
        measured = measuring.measure(db.session(), settings, key_file=settings.key_file, keys=keys, now=now)
        facts = system_state.facts(measured, reader)
    worst = system_state.worst(facts)
    emit(
        as_json,
        {"state": worst.value, "as_of": now, "facts": [_plain(fact) for fact in facts]},
        _text(facts, settings.timezone),
    )
    if worst is State.ACT:
        raise click.exceptions.Exit(1)


def _plain(fact: Fact) -> dict[str, Any]:
    return {
        "key": fact.key,
        "state": fact.state.value,
        "title": fact.title,
        "value": fact.value,
        "advice": fact.advice,
        **fact.figures,
    }


def _text(facts: list[Fact], zone: str) -> str:
    lines = []
    for fact in facts:
        lines.append(f"{SIGNS[fact.state]:14}{fact.title:24}{fact.value}")
        if fact.advice:
            lines.append(f"{'':14}{fact.advice}")
    return "\n".join([*lines, f"Times are in {zone}."])
