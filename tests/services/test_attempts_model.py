"""Attempts and gating in any order of events: see `attempts_model`."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.services.attempts_model import Attempts

pytestmark = pytest.mark.usefixtures("database")


def run(examples: int, steps: int) -> None:
    """Let the machine be used so many times, for so many events each."""
    run_state_machine_as_test(
        Attempts,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


@pytest.mark.slow
def test_attempts_in_any_order() -> None:
    run(examples=15, steps=25)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_attempts_in_any_order_at_length() -> None:
    run(examples=400, steps=60)
