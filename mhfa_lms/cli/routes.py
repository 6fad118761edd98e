"""`mhfa-lms routes`."""

import click

from mhfa_lms.cli.base import bound, emit, json_option
from mhfa_lms.settings import read_settings


@click.command()
@json_option
def routes(as_json: bool) -> None:
    """List every route with its methods and the permission it asks for."""
    from mhfa_lms.app import create_app
    from mhfa_lms.web.access import listed

    settings = read_settings()
    with bound(settings):
        found = listed(create_app(settings))
    width = max(len(rule) for rule, _methods, _permission in found)
    emit(
        as_json,
        [{"route": rule, "methods": methods.split(","), "permission": asks} for rule, methods, asks in found],
        "\n".join(f"{rule:{width}}  {methods:9}  {asks}" for rule, methods, asks in found),
    )
