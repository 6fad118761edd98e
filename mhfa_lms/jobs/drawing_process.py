"""A child of `drawing_pool`: `python -m mhfa_lms.jobs.drawing_process`, spoken to through its standard input.

First come the settings, then one certificate a line; each is answered with a line when it is on record or has failed.
"""

import contextlib
import ctypes
import gc
import json
import logging
import os
import pickle
import signal
import sys
from datetime import datetime
from typing import Final

from mhfa_lms import db, logs
from mhfa_lms.adapters import fonts
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.adapters.pdf import WeasyPrintDrawer
from mhfa_lms.jobs import drawing
from mhfa_lms.services import certification, course_media, names, reflections
from mhfa_lms.settings import Settings

# Whoever reads a page meanwhile comes first.
NICENESS: Final = 5
# How many objects are made before the collector looks; by itself it does after 700.
GARBAGE: Final = 50_000
# Of prctl(2): the signal to get when the parent ends.
PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Draw until the standard input ends. Signals to the whole group are the parent's to answer."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _end_with_the_parent()
    os.nice(NICENESS)
    # Answers only go where they are waited for: what a library prints is sent to the log.
    answers = os.dup(1)
    os.dup2(2, 1)
    logs.configure(logging.WARNING)
    # A parent that was killed has nobody left to tell.
    with contextlib.suppress(EOFError, BrokenPipeError):
        settings: Settings = pickle.load(sys.stdin.buffer)  # noqa: S301  # from our own parent
        _bind(settings)
        _look_for_rubbish_seldom()
        for line in sys.stdin.buffer:
            os.write(answers, json.dumps(_drawn(json.loads(line), settings)).encode() + b"\n")
    db.release()


def _end_with_the_parent() -> None:
    """Draw nothing to its end for a parent that is gone. Elsewhere than on Linux the pipe's end is noticed after it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _bind(settings: Settings) -> None:
    """Set up what drawing asks, as every command does."""
    files = FolderFiles(settings.data_dir / "files")
    os.umask(0o077)
    db.configure(settings.database_url)
    certification.configure(settings.issuer_name)
    names.configure(fonts.coverage)
    reflections.configure(settings.private_keys)
    course_media.configure(files)


def _look_for_rubbish_seldom() -> None:
    """Save a tenth of the time: a page is tens of thousands of objects that go together, and rings among them wait."""
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 100)


def _drawn(task: dict[str, str | int], settings: Settings) -> dict[str, str]:
    """Draw one, and return the kind of error and its place; both empty when it is drawn."""
    try:
        drawing.draw(
            int(task["id"]),
            settings=settings,
            now=datetime.fromisoformat(str(task["now"])),
            files=FolderFiles(settings.data_dir / "files"),
            drawer=WeasyPrintDrawer(),
        )
    except Exception as error:
        db.sessions.remove()
        # The error's words may repeat what is printed, so its kind alone is told.
        return {"error": type(error).__name__, "at": logs.place(error)}
    return {"error": "", "at": ""}


if __name__ == "__main__":
    main()
