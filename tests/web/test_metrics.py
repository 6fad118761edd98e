"""GET /metrics: the figures, and only for the addresses the settings name."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mhfa_lms import clock, db
from mhfa_lms.jobs import claim
from mhfa_lms.models import Job, WorkState
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import audit
from mhfa_lms.settings import Settings
from tests.jobs.mails import post, post_job


def figures(client: FlaskClient) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.split(" ") for line in lines)}


def test_an_idle_installation_has_nothing_waiting(client: FlaskClient) -> None:
    assert set(figures(client).values()) == {0.0}


def test_what_waits_and_what_failed_is_counted(client: FlaskClient) -> None:
    now = clock.now()
    for number in range(2):
        post(f"mail-{number}", now=now - timedelta(hours=number + 1))
    post_job("failed", now=now)
    (lease,) = claim.take(Job, now=now, lease=claim.JOB_LEASE)
    claim.close(Job, lease, WorkState.FAILED, now=now)
    with db.transaction() as session:
        audit.record(session, "tested", by=SYSTEM, now=now, subject="test", subject_id=1)
    found = figures(client)
    age = found.pop("mhfa_messages_oldest_waiting_seconds")
    assert 7200 <= age < 7260
    assert found == {
        "mhfa_messages_waiting": 2,
        "mhfa_messages_failed": 0,
        "mhfa_jobs_waiting": 0,
        "mhfa_jobs_failed": 1,
        "mhfa_jobs_oldest_waiting_seconds": 0,
        "mhfa_audit_events_unsealed": 1,
    }


def asked_from(app: Flask, address: str, **headers: str) -> int:
    return app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": address}, headers=headers).status_code


@pytest.mark.parametrize(
    ("allowed", "address", "status"),
    [
        (("127.0.0.1",), "127.0.0.1", 200),
        (("127.0.0.1",), "127.0.0.2", 404),
        (("10.1.0.0/16", "::1"), "10.1.2.3", 200),
        (("10.1.0.0/16", "::1"), "::1", 200),
        (("10.1.0.0/16",), "10.2.0.1", 404),
        (("somewhere",), "127.0.0.1", 404),
        ((), "127.0.0.1", 404),
    ],
)
def test_only_named_addresses_may_read(
    app: Flask, settings: Settings, allowed: tuple[str, ...], address: str, status: int
) -> None:
    app.extensions["mhfa_settings"] = replace(settings, metrics_allow=allowed)
    assert asked_from(app, address) == status


def test_what_a_proxy_forwards_is_not_from_this_machine(app: Flask) -> None:
    assert asked_from(app, "127.0.0.1", **{"X-Forwarded-For": "203.0.113.9"}) == 404
    assert asked_from(app, "127.0.0.1", **{"X-Forwarded-For": "127.0.0.1"}) == 404
