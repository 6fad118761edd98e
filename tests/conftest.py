"""Fixtures: a fresh, migrated database for each test, on SQLite and on PostgreSQL; settings; the web client."""

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as examples
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import create_engine, text
from xdist.scheduler import LoadScopeScheduling

from mhfa_lms import db, i18n, schema
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.app import create_app
from mhfa_lms.services import course_media, reflections
from mhfa_lms.settings import Settings, read_settings
from tests.make import NOON

POSTGRES = "MHFA_TEST_POSTGRES_URL"
# The same examples each time, however long a slow day takes over one: neither luck nor haste decides about a change.
# Who looks for new ones adds `--hypothesis-profile default`.
examples.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("same")
# Files whose tests share one server, or one demonstration, that takes long to start.
TOGETHER = re.compile(r"tests/(journeys/(?!test_every_page)|web/test_every_page)[^:]*")


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps the tests of such a file on one process, in their order, and gives out all others one by one.

    `--dist loadgroup` is made for this, and with pytest 9 gives out everything one by one: pytest-xdist 3.8 writes the
    group into `_nodeid`, which pytest does not read any more.
    """

    def _split_scope(self, nodeid: str) -> str:
        found = TOGETHER.match(nodeid)
        return found[0] if found else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    # In the order of the folders: what needs a browser comes together, and not first.
    config.option.loadscopereorder = False
    return Together(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a database, so that `make check` can leave it out without naming files."""
    for item in items:
        if "database_url" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    db.configure(f"sqlite:///{path}")
    schema.upgrade()
    with db.engine().connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.release()
    return path


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[tuple[str, str]]:
    """A migrated PostgreSQL database to be used as a template: the server's address and the database's name."""
    server = os.environ.get(POSTGRES)
    if not server:
        pytest.fail(f"{POSTGRES} is not set: run `make test`, or leave these out with -m 'not postgres'")
    name = f"mhfa_template_{uuid.uuid4().hex[:12]}"
    _on_server(server, f'CREATE DATABASE "{name}"')
    db.configure(f"{server}/{name}")
    schema.upgrade()
    db.release()
    yield server, name
    _on_server(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _on_server(server: str, statement: str) -> None:
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database; each test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "test.db")
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server, template_name = request.getfixturevalue("postgres_template")
    name = f"mhfa_test_{uuid.uuid4().hex[:12]}"
    # Twice as fast as copying through the write-ahead log; our own cluster, thrown away, needs no log.
    _on_server(server, f'CREATE DATABASE "{name}" TEMPLATE "{template_name}" STRATEGY FILE_COPY')
    yield f"{server}/{name}"
    _on_server(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[str]:
    """A fresh database that `db` is bound to."""
    db.configure(database_url)
    course_media.configure(FolderFiles(tmp_path / "files"))
    reflections.configure(["a-test-key-for-what-is-private"])
    yield database_url
    db.release()


@pytest.fixture(autouse=True)
def english() -> None:
    """Every test begins in English, whatever the one before it chose."""
    i18n.choose("en")


@pytest.fixture(scope="module")
def at_noon() -> Iterator[None]:
    """It is noon of the day that `tests.make` makes everything on, whatever the day and hour outside."""
    with time_machine.travel(NOON, tick=True):
        yield


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of an installation that lives in the test's own folder."""
    return read_settings(
        {
            "MHFA_DATA_DIR": str(tmp_path / "data"),
            "MHFA_DATABASE_URL": database_url,
            "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough",
        }
    )


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compiled once a run, instead of once a test."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(settings: Settings, compiled_templates: FileSystemBytecodeCache) -> Iterator[Flask]:
    """The web application over a fresh database."""
    application = create_app(settings)
    application.jinja_env.bytecode_cache = compiled_templates
    application.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=True, WTF_CSRF_ENABLED=False)
    yield application
    db.release()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript and without cookies."""
    return app.test_client()
