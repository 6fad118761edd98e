"""Certificates drawn by several processes at once: one file for each, whoever is killed, and nothing drawn twice."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.adapters.pdf import PdfUnavailableError
from mhfa_lms.jobs import claim, drawing, drawing_crowd, drawing_pool
from mhfa_lms.jobs.claim import Lease
from mhfa_lms.jobs.drawing_pool import Outcome, Pool
from mhfa_lms.models import Certificate, Job, StoredFile, WorkState
from mhfa_lms.services import work
from mhfa_lms.settings import Settings
from tests import make
from tests.crowd import crowd
from tests.make import NOON

PEOPLE = 16
# As `mhfa-lms` does it, on two cores whatever the machine has, however few there are, with children of this kind.
PACKING = """
import sys
from mhfa_lms.jobs import drawing, drawing_crowd, drawing_pool
drawing_pool.cores = lambda: 2
drawing_pool.WORTH = 1
drawing_pool.Pool.__init__.__kwdefaults__["command"] = tuple(sys.argv.pop(1).split("|", 2))
from mhfa_lms.cli import main
sys.exit(main())
"""
# The platform's own children, but for the engine: loading it takes them longer than all the rest of the test.
# Each begins only while fewer are on disk than the gate lets through, so that none races the test that watches it.
LIGHT = """
import os, time
from pathlib import Path
from mhfa_lms.jobs import drawing, drawing_process
files, gate = Path(os.environ["MHFA_DATA_DIR"]) / "files", Path(os.environ["GATE"])
class Drawer:
    def draw(self, document):
        while len(list(files.rglob("*.pdf"))) >= int(gate.read_text()):
            time.sleep(0.01)
        return b"%PDF-1.7 " + document.html.encode()
class Unsigned:
    def sign(self, pdf, at):
        return pdf
drawing_process.WeasyPrintDrawer = Drawer
drawing.signer_of = lambda settings: Unsigned()
drawing_process.main()
"""
CHILDREN = {"light": [sys.executable, "-c", LIGHT], "real": [sys.executable, "-m", "mhfa_lms.jobs.drawing_process"]}
# Children that speak as the real ones do, but draw nothing: they end at certificate 3, and fail at 4.
ENDS_AT_THREE = """
import json, pickle, sys
pickle.load(sys.stdin.buffer)
for line in sys.stdin.buffer:
    number = json.loads(line)["id"]
    if number == 3:
        sys.exit(1)
    print(json.dumps({"error": "ValueError" if number == 4 else "", "at": "a.py:1" if number == 4 else ""}), flush=True)
"""
HANGS = "import time; time.sleep(60)"


def script(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_one_that_ends_its_process_is_tried_again_and_then_told_and_the_rest_is_drawn(settings: Settings) -> None:
    with Pool(settings, size=2, command=script(ENDS_AT_THREE)) as pool:
        outcomes = pool.draw(range(1, 9), lambda: NOON)
    assert sorted(outcomes, key=lambda one: one.certificate_id) == [
        *(Outcome(number) for number in (1, 2)),
        Outcome(3, "ChildDied"),
        Outcome(4, "ValueError", "a.py:1"),
        *(Outcome(number) for number in (5, 6, 7, 8)),
    ]


def test_where_no_process_can_draw_the_work_is_tried_another_time(settings: Settings) -> None:
    with Pool(settings, size=2, command=script("")) as pool, pytest.raises(PdfUnavailableError):
        pool.draw(range(1, 99), lambda: NOON)


def test_one_that_hangs_is_not_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing_pool, "PATIENCE_S", 0.1)
    with Pool(settings, size=1, command=script(HANGS)) as pool:
        assert pool.draw([1], lambda: NOON) == [Outcome(1, "ChildDied")]


def test_few_and_one_core_are_drawn_without_children(settings: Settings) -> None:
    assert Pool(settings, size=2).pays(drawing_pool.WORTH)
    assert not Pool(settings, size=2).pays(drawing_pool.WORTH - 1)
    assert not Pool(settings, size=1).pays(10_000)


def test_many_who_finish_at_once_are_drawn_together_each_with_an_ending_of_its_own(
    settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing_pool, "WORTH", 10)
    command = partial(Pool, size=2, command=script(ENDS_AT_THREE))
    monkeypatch.setattr(drawing_crowd, "Pool", command)

    def post(numbers: range) -> None:
        with db.transaction() as session:
            for one in numbers:
                payload = {"certificate_id": one}
                work.post(session, drawing.KIND, key=f"{drawing.KIND}:{one}", now=NOON, payload=payload)

    def ended(state: WorkState) -> dict[int, tuple[str, int]]:
        db.session().rollback()
        jobs = db.session().scalars(select(Job).where(Job.state == state))
        return {job.payload["certificate_id"]: (job.error, job.attempts) for job in jobs}

    post(range(1, 10))
    assert drawing_crowd.draw_crowd(settings, lambda: NOON) == 0
    post(range(10, 13))
    tried = drawing_crowd.draw_crowd(settings, lambda: NOON)
    # Where both children ended at the third, what is left is no crowd any more: the short jobs draw it.
    assert tried in {8, 12}
    left = range(tried + 1, 13)
    put_off = {3: ("ChildDied", 1), 4: ("ValueError", 1)}
    assert ended(WorkState.WAITING) == {**put_off, **dict.fromkeys(left, ("", 0))}
    post(range(13, 33))
    assert drawing_crowd.draw_crowd(settings, lambda: NOON) == 20 + len(left)
    assert ended(WorkState.WAITING) == put_off
    assert ended(WorkState.DONE) == dict.fromkeys([1, 2, *range(5, 33)], ("", 1))


def test_a_job_that_ends_while_it_is_leased_takes_no_others_with_it(
    settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing_pool, "WORTH", 1)
    monkeypatch.setattr(drawing_crowd, "Pool", partial(Pool, size=2))
    take = claim.take

    def taken_and_erased(*args: Any, **values: Any) -> list[Lease]:
        leases = take(*args, **values)
        with db.transaction() as session:
            for one in leases:
                job = session.get_one(Job, one.id)
                job.state, job.done_at, job.leased_until, job.payload = WorkState.CANCELLED, NOON, None, {}
        return leases

    monkeypatch.setattr(claim, "take", taken_and_erased)
    with db.transaction() as session:
        work.post(session, drawing.KIND, key="x", now=NOON, payload={"certificate_id": 1})
    assert drawing_crowd.draw_crowd(settings, lambda: NOON) == 1
    assert db.session().scalars(select(Job.state)).all() == [WorkState.CANCELLED]


def let_through(settings: Settings, number: int) -> None:
    """Let light children draw until so many files are on disk, or one more for a second child."""
    part = gate(settings).with_suffix(".part")
    part.write_text(str(number))
    part.replace(gate(settings))


def gate(settings: Settings) -> Path:
    return settings.data_dir.parent / "gate"


def packing(settings: Settings, database: str, out: Path, kind: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "MHFA_DATA_DIR": str(settings.data_dir), "MHFA_DATABASE_URL": database}
    environment["GATE"] = str(gate(settings))
    words = ["certificates", "render", "--organisation", "here", "--zip", str(out)]
    words = [sys.executable, "-c", PACKING, "|".join(CHILDREN[kind]), *words]
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)


def children(process: subprocess.Popen[bytes]) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def runs(number: int) -> bool:
    """Whether a process is there; one that has ended and that nobody asked about has no command any more."""
    try:
        return bool(Path(f"/proc/{number}/cmdline").read_bytes())
    except OSError:
        return False


def recorded() -> dict[str, tuple[int, str]]:
    """Return the certificates' files on record: the row and the bytes' sum of each key."""
    db.session().rollback()
    rows = db.session().execute(select(StoredFile.key, StoredFile.id, StoredFile.sha256))
    return {key: (number, sha256) for key, number, sha256 in rows}


def wait_for(number: int, process: subprocess.Popen[bytes]) -> dict[str, tuple[int, str]]:
    until = time.monotonic() + 120
    while len(found := recorded()) < number:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["light", pytest.param("real", marks=pytest.mark.long)])
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are found in /proc")
def test_children_and_parent_killed_in_the_middle_leave_one_file_each_and_nothing_drawn_twice(
    settings: Settings, database: str, tmp_path: Path, kind: str
) -> None:
    crowd(make.organisation("here", name="Here"), make.published(), PEOPLE)
    out = tmp_path / "all.zip"
    let_through(settings, 4)
    with packing(settings, database, out, kind) as first:
        wait_for(3, first)
        lost, kept = children(first)
        os.kill(lost, signal.SIGKILL)
        let_through(settings, 12)
        before = wait_for(len(recorded()) + 4, first)
        orphans = children(first)
        assert kept in orphans
        assert first.poll() is None
        first.kill()
    until = time.monotonic() + 120
    while any(runs(one) for one in orphans):
        assert time.monotonic() < until, "the children outlive their parent"
        time.sleep(0.02)
    before = {**before, **recorded()}
    assert 7 <= len(before) < PEOPLE
    inodes = {key: (settings.data_dir / "files" / key).stat().st_ino for key in before}
    let_through(settings, PEOPLE)
    with packing(settings, database, out, kind) as second:
        assert second.wait(300) == 0
    after = recorded()
    assert len(after) == PEOPLE
    assert {key: after[key] for key in before} == before
    assert {key: (settings.data_dir / "files" / key).stat().st_ino for key in before} == inodes
    files = FolderFiles(settings.data_dir / "files")
    assert all(files.read(key, sha256).startswith(b"%PDF-") for key, (_number, sha256) in after.items())
    assert len({one.file_id for one in db.session().scalars(select(Certificate))}) == PEOPLE
    assert len(list((settings.data_dir / "files").rglob("*.pdf"))) == PEOPLE
    with zipfile.ZipFile(out) as found:
        assert len(found.namelist()) == PEOPLE
