"""The benchmark's code stays alive: it seeds, every page answers as it should, and the figures become a table."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from mhfa_lms import db
from mhfa_lms.app import create_app
from mhfa_lms.settings import Settings
from tests.bench import floor, load, report, work
from tests.bench.browser import Browser, weigh
from tests.bench.load import Plan, Visit
from tests.bench.pages import Measured, pages
from tests.bench.report import Figure, Run
from tests.bench.seed import Seeded, seed

pytestmark = pytest.mark.slow


@pytest.fixture
def seeded(database: str, settings: Settings) -> Seeded:
    return seed(settings, certificates=60)


@pytest.fixture
def port(seeded: Seeded, settings: Settings) -> Iterator[int]:
    """The platform in a thread of this process, over the seeded database."""
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    db.release()


def few(one: Measured) -> tuple[Visit, ...]:
    """The first request of each connection, once."""
    return tuple(Visit(visit.requests[:1], again=False) for visit in one.visits() if visit.requests)


def test_every_page_answers_and_is_weighed(seeded: Seeded, port: int) -> None:
    names = []
    for one in pages(seeded, port):
        # The thread server closes each connection after its answer, so each visit is one request.
        seen = load.run(Plan(f"http://127.0.0.1:{port}", few(one), 5))
        assert set(seen.statuses) == {one.status}, one.name
        assert seen.percentile(95) > 0
        names.append(one.name)
        if one.path:
            weight = weigh(Browser(port, one.cookie), one.path)
            assert 500 < weight.html < weight.all
            assert weight.requests >= 3
    assert len(names) == len(set(names)) == 16


def test_work_outside_requests_is_measured(seeded: Seeded, settings: Settings) -> None:
    first, second = work.measure_ticks(settings, seeded.certificates)
    assert first.figures["posted"] > 0
    assert second.figures["posted"] == 0
    csv, xlsx = work.measure_tables(settings, seeded)
    assert csv.figures["rows"] == xlsx.figures["rows"] == 60


def test_the_floor_is_a_page_of_about_nine_kilobytes() -> None:
    client = floor.make_floor().test_client()
    assert 8_000 < len(client.get("/").data) < 10_000
    assert client.get("/hash").text == "True"


def test_a_plan_goes_to_the_load_generator_and_comes_back() -> None:
    plan = Plan("http://127.0.0.1:1", (Visit((load.get("/", "session=x"),)),), 0.5)
    assert Plan.read(plan.written()) == plan
    with pytest.raises(RuntimeError, match="refused"):
        load.run_apart(plan)


def test_figures_become_a_table_and_json(tmp_path: Path) -> None:
    run = Run("SQLite", [Figure("A page", {"cpu_ms": 1.5, "times_floor": 2.25}, "at most 2", met=False)])
    run.others.append(Figure("Start", {"seconds": 0.9}, "under 1.4 seconds", met=True))
    shown = report.show(run)
    assert "A page" in shown
    assert "at most 2 (NO)" in shown
    assert "seconds 0.9  under 1.4 seconds (yes)" in shown
    assert report.missed([run]) == ["SQLite: A page"]
    report.write([run], busy=0.5, path=tmp_path / "bench.json")
    written = json.loads((tmp_path / "bench.json").read_text())
    assert written["runs"][0]["pages"][0]["figures"]["times_floor"] == 2.25
    assert set(written["machine"]) == {"cores", "python", "busy_before"}
