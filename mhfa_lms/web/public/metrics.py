"""GET /metrics: what waits and what failed, in the Prometheus text format, for the addresses the settings name."""

from ipaddress import ip_address, ip_network
from typing import Final

from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.services import backlog
from mhfa_lms.settings import Settings
from mhfa_lms.web.access import public
from mhfa_lms.web.identity import settings
from mhfa_lms.web.public.blueprint import blueprint

TEXT_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """The figures; whoever asks from another address is told that there is no such page."""
    if not _may_read(settings()):
        abort(404)
    found = backlog.measure(db.session(), now=clock.now())
    queues = {"messages": found.messages, "jobs": found.jobs}
    lines: list[str] = []
    for name, queue in queues.items():
        lines += _gauge(f"mhfa_{name}_waiting", f"How many {name} wait.", queue.waiting)
        lines += _gauge(f"mhfa_{name}_failed", f"How many {name} have failed for good.", queue.failed)
        lines += _gauge(
            f"mhfa_{name}_oldest_waiting_seconds",
            f"How long the oldest of the {name} is overdue.",
            queue.oldest_seconds,
        )
    lines += _gauge("mhfa_audit_events_unsealed", "How many audit events have no seal yet.", found.unsealed_events)
    return Response("\n".join(lines) + "\n", content_type=TEXT_FORMAT)


def _gauge(name: str, text: str, value: int | float) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} gauge", f"{name} {value}"]


def _may_read(chosen: Settings) -> bool:
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    if forwarded and chosen.trusted_proxies == 0:
        # A proxy that the settings do not know makes everybody look like this very machine.
        return False
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    for allowed in chosen.metrics_allow:
        try:
            if address in ip_network(allowed, strict=False):
                return True
        except ValueError:
            continue
    return False
