"""The benchmark's code stays alive: it seeds, every page answers as it should, and the figures become a table."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.serving import make_server

from mhfa_lms import db
from mhfa_lms.app import create_app
from mhfa_lms.models import AnswerState, Enrolment, EnrolmentState, ScenarioAnswer, StoredFile
from mhfa_lms.settings import Settings
from tests.bench import district, floor, load, measure, packing, readme, report, work
from tests.bench.browser import Browser, weigh
from tests.bench.load import Plan, Visit
from tests.bench.pages import Measured, pages
from tests.bench.report import Figure, Run
from tests.bench.seed import Seeded, seed

pytestmark = pytest.mark.slow


@pytest.fixture
def seeded(database: str, settings: Settings) -> Seeded:
    return seed(settings, learners=30, certificates=80)


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
    names, answers = [], 0
    for one in pages(seeded, port):
        # The thread server closes each connection after its answer, so each visit is one request.
        seen = load.run(Plan(f"http://127.0.0.1:{port}", few(one), 5))
        assert set(seen.statuses) == {one.status}, one.name
        assert seen.percentile(95) > 0
        answers = seen.count if one.name.startswith("50 learners") else answers
        names.append(one.name)
        if one.path:
            weight = weigh(Browser(port, one.cookie), one.path)
            assert 500 < weight.html < weight.all
            assert weight.requests >= 3
    assert len(names) == len(set(names)) == 22
    measured = [Figure("50 learners at once: an answer saved (POST)", {"answers": answers})]
    assert measure.kept(seeded, measured).figures == {"saved": answers, "lost": 0}


def test_work_outside_requests_is_measured(seeded: Seeded, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = work.measure_ticks(settings, seeded.certificates)
    assert first.figures["posted"] > 2
    assert second.figures["posted"] == 0
    monkeypatch.setattr(work, "MAILS", 1)
    bare, mail = work.measure_mails(settings)
    assert mail.figures["times_bare"] == mail.figures["cpu_ms"] / bare.figures["cpu_ms"]
    monkeypatch.setattr(work, "CERTIFICATES", 1)
    _plain, certificate, signed = work.measure_certificates(seeded.to_draw, settings)
    assert certificate.figures["certificates_a_second"] > 0
    assert signed.figures["times_bare"] > 0
    drawn = select(func.count(StoredFile.id)).where(StoredFile.key.startswith("certificates/"))
    assert db.session().scalar(drawn) == 4
    monkeypatch.setattr(packing, "EACH", 2)
    monkeypatch.setattr(packing, "WARM", 1)
    bulk = packing.measure(settings, seeded.many_id)
    assert [one.figures.get("certificates", 2) for one in bulk] == [2, 2, 6 * packing.TIMES, 6 * packing.TIMES]
    assert all(value > 0 for one in bulk[:2] for value in one.figures.values())
    csv, xlsx = work.measure_tables(settings, seeded, turns=1)
    assert csv.figures["rows"] == xlsx.figures["rows"] == 80


def test_a_nation_ticks(database_url: str) -> None:
    found = work.measure_nation(600, database_url, most_s=2)
    assert found.figures["posted"] >= 300
    assert found.met is None


def test_the_district_is_filled(seeded: Seeded) -> None:
    session = db.session()
    assert (seeded.district.learners, seeded.district.waiting, seeded.district.certificates) == (30, 3, 6)
    assert session.scalar(select(func.count()).where(ScenarioAnswer.state == AnswerState.WAITING)) == 3 + 100
    assert session.scalar(select(func.count()).where(Enrolment.state == EnrolmentState.COMPLETED)) == 6


def test_the_floors_answer(settings: Settings, database_url: str) -> None:
    floor.fill(database_url, people=district.CROWD)
    app = floor.make_floor(database_url)
    statuses = {one.name: {run_here(app, visit.requests[-1]) for visit in one.visits()} for one in measure.floors()}
    assert set().union(*statuses.values()) == {200}
    client = app.test_client()
    assert 8_000 < len(client.get("/render").data) < 10_000
    assert client.get("/queries/3").text.count("Finished") == 11
    client.post("/upsert/3/23")
    assert client.get("/queries/3").text.count("Finished") == 11
    client.post("/upsert/3/12")
    assert client.get("/queries/3").text.count("Finished") == 12
    assert client.get("/hash").text == "True"
    app.extensions["floor"].dispose()


def run_here(app: Flask, request: str) -> int:
    """Send a raw request to an application in this process."""
    method, path = request.split()[:2]
    return app.test_client().open(path, method=method).status_code


def test_a_plan_goes_to_the_load_generator_and_comes_back() -> None:
    plan = Plan("http://127.0.0.1:1", (Visit((load.get("/", "session=x"),)),), 0.5)
    assert Plan.read(plan.written()) == plan
    with pytest.raises(RuntimeError, match="refused"):
        load.run_apart(plan)


def test_figures_become_a_table_and_json(tmp_path: Path) -> None:
    run = Run("SQLite", [Figure("A page", {"cpu_ms": 1.5, "times_queries": 2.25}, "at most 2", met=False)])
    run.others.append(Figure("Start", {"seconds": 0.9}, "under 1.4 seconds", met=True))
    shown = report.show(run)
    assert "A page" in shown
    assert "at most 2 (NO)" in shown
    assert "seconds 0.9  under 1.4 seconds (yes)" in shown
    assert report.missed([run]) == ["SQLite: A page"]
    report.write([run], busy=0.5, path=tmp_path / "bench.json")
    written = json.loads((tmp_path / "bench.json").read_text())
    assert written["runs"][0]["pages"][0]["figures"]["times_queries"] == 2.25
    assert set(written["machine"]) == {"cores", "python", "busy_before"}


def test_the_readme_holds_the_figures_of_the_file() -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert readme.put(text, readme.table(json.loads(report.FILE.read_text(encoding="utf-8")))) == text


def test_the_table_says_what_was_missed() -> None:
    figures = {"cpu_ms": 2.5, "requests_a_second": 300.0, "p50_ms": 20.0, "p95_ms": 40.0}
    page = {"name": "Learner: a step", "figures": {**figures, "times_queries": 2.21, "times_render": 5.04}}
    document = {
        "made_on": "2026-11-21",
        "machine": {"cores": 2, "python": "3.11.7", "busy_before": 0.4},
        "runs": [{"name": "SQLite", "pages": [{**page, "aim": "at most 2", "met": False}], "others": []}],
    }
    made = readme.table(document)
    assert "| a step | 2.5 ms, 2.2 × (5.0); 300/s, 20/40 **missed** |  | at most 2 |" in made
    with pytest.raises(ValueError, match="no place"):
        readme.put("no marks", made)
