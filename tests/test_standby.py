"""Standing aside while a backup is restored: nobody begins meanwhile, and a restore waits for whoever has begun."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mhfa_lms.standby import BusyError, Gate, RestoringError, Standby


def test_it_is_open_where_nothing_was_ever_restored(tmp_path: Path) -> None:
    standby = Standby(tmp_path)
    assert standby.look() is Gate.OPEN
    with standby.working():
        assert not standby.is_closed
    assert [path.name for path in tmp_path.iterdir()] == ["working.lock"]


def test_nobody_begins_while_it_is_closed_and_everybody_is_told_once_after(tmp_path: Path) -> None:
    mine, other, restorer = Standby(tmp_path), Standby(tmp_path), Standby(tmp_path)
    assert mine.look() is other.look() is Gate.OPEN
    for _twice in range(2):
        with restorer.closed():
            assert mine.look() is mine.look() is other.look() is Gate.CLOSED
            with pytest.raises(RestoringError), mine.working():
                pytest.fail("nobody may begin")
            with pytest.raises(RestoringError), other.closed():
                pytest.fail("one restore at a time")
        assert [mine.look(), mine.look()] == [Gate.REOPENED, Gate.OPEN]
        assert [other.look(), other.look()] == [Gate.REOPENED, Gate.OPEN]


def test_whoever_starts_after_a_restore_has_nothing_to_open_anew(tmp_path: Path) -> None:
    with Standby(tmp_path).closed():
        late = Standby(tmp_path)
        assert late.look() is Gate.CLOSED
    assert late.look() is Gate.OPEN
    assert Standby(tmp_path).look() is Gate.OPEN


def test_a_restore_that_failed_lets_everybody_in_again(tmp_path: Path) -> None:
    standby = Standby(tmp_path)
    with pytest.raises(ZeroDivisionError), Standby(tmp_path).closed():
        raise ZeroDivisionError
    with standby.working():
        assert not standby.is_closed


def test_a_restore_waits_for_whoever_works(tmp_path: Path) -> None:
    standby, begun, order = Standby(tmp_path), threading.Event(), list[str]()

    def work() -> None:
        with standby.working():
            begun.set()
            # From here on a restore waits: nobody else gets in, and this goes on.
            while not standby.is_closed:
                pass
            order.append("worked")

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(30)
    with Standby(tmp_path).closed():
        order.append("restored")
    thread.join(30)
    assert order == ["worked", "restored"]


def test_a_restore_does_not_wait_for_ever(tmp_path: Path) -> None:
    with Standby(tmp_path).working(), pytest.raises(BusyError), Standby(tmp_path).closed(patience_s=0):
        pytest.fail("somebody works")
    assert not Standby(tmp_path).is_closed


def test_a_restore_that_is_killed_keeps_nobody_out(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from mhfa_lms.standby import Standby\n"
        "with Standby(Path(sys.argv[1])).closed():\n    print('closed', flush=True); os.read(0, 1)\n"
    )
    standby = Standby(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"closed\n"
        assert standby.look() is Gate.CLOSED
        other.kill()
        other.wait(30)
    assert standby.look() is Gate.OPEN
    with standby.working():
        pass
