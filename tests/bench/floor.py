"""The floors of the pages: hardly any work, in our own web processes with the same settings.

`python -m tests.bench.floor PORT DATABASE_URL` serves, over a database that `fill` has made:

- `/hello`: one word. What the server and Flask cost.
- `/render`: a page of about 9 KB from a template. Nothing is asked of a database.
- `/queries/<person>`: the same page after three indexed queries through the ORM. A learner's page asks as much.
- `/upsert/<person>/<step>`: one row inserted or changed, and committed. The floor for saving.
- `/hash`: a password verified. The floor for signing in.
"""

import sys
import tempfile
from typing import Any

from flask import Flask, render_template
from jinja2 import DictLoader
from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from mhfa_lms import db, server
from mhfa_lms.services import passwords
from mhfa_lms.settings import Settings, read_settings

PASSWORD = "seven flat stones"
PEOPLE, STEPS = 1_000, 24
PARAGRAPH = "Listening is most of the work. You do not need the right words: being there, and staying, is what helps."
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ title }}</title><link rel="stylesheet" href="/site.css"></head>
<body>
<header><nav><ul>{% for name in navigation %}<li><a href="/{{ name|lower }}">{{ name }}</a></li>{% endfor %}</ul></nav></header>
<main>
<h1>{{ title }}</h1>
{% for part in parts %}
<section id="part-{{ loop.index }}"><h2>{{ part.title }}</h2>
{% for text in part.texts %}<p>{{ text }}</p>
{% endfor %}{% if loop.index in done %}<p class="tag">Finished</p>{% else %}<p><a href="/step/{{ loop.index }}">Continue</a></p>{% endif %}
</section>
{% endfor %}
</main>
<footer><p>Signed in as {{ name }}</p></footer>
</body>
</html>
"""  # noqa: E501


class Base(DeclarativeBase):
    """The floor's own tables: the smallest that a learner's page could do with."""


class Person(Base):
    """Somebody signed in."""

    __tablename__ = "floor_person"
    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]


class Place(Base):
    """A person on a course."""

    __tablename__ = "floor_place"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("floor_person.id"), index=True)
    title: Mapped[str]


class Done(Base):
    """A step done."""

    __tablename__ = "floor_done"
    __table_args__ = (UniqueConstraint("place_id", "step"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("floor_place.id"))
    step: Mapped[int]
    times: Mapped[int] = mapped_column(default=1)


def fill(url: str, people: int = PEOPLE) -> None:
    """Make the floor's tables: everybody is on one course and has done half of it."""
    engine = db.make_engine(url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        numbers = range(1, people + 1)
        session.add_all([Person(id=number, token=f"token-{number}", name="Amina Yusuf") for number in numbers])
        session.flush()
        session.add_all([Place(id=number, person_id=number, title="A page") for number in numbers])
        session.flush()
        session.add_all([Done(place_id=number, step=step) for number in numbers for step in range(STEPS // 2)])
        session.commit()
    engine.dispose()


def make_floor(url: str) -> Flask:
    """Return the bare application."""
    app = Flask("floor", static_folder=None)
    app.jinja_loader = DictLoader({"page.html": PAGE})
    engine = app.extensions["floor"] = db.make_engine(url)
    stored = passwords.hashed(PASSWORD)
    parts = [{"title": f"Part {number}", "texts": [PARAGRAPH] * 5} for number in range(1, 13)]

    def page(title: str, name: str, done: set[int]) -> str:
        navigation = ["Home", "Courses", "Certificates"]
        return render_template("page.html", title=title, name=name, done=done, parts=parts, navigation=navigation)

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.get("/render")
    def render() -> str:
        return page("A page", "Amina Yusuf", set(range(6)))

    @app.get("/queries/<int:number>")
    def queries(number: int) -> str:
        with Session(engine) as session:
            person = session.scalars(select(Person).where(Person.token == f"token-{number}")).one()
            place = session.scalars(select(Place).where(Place.person_id == person.id)).one()
            done = session.scalars(select(Done).where(Done.place_id == place.id)).all()
            return page(place.title, person.name, {one.step for one in done})

    @app.post("/upsert/<int:number>/<int:step>")
    def upsert(number: int, step: int) -> str:
        with Session(engine) as session:
            statement: Any = db.insert(session, Done).values(place_id=number, step=step)  # type: ignore[arg-type]
            statement = statement.on_conflict_do_update(
                index_elements=["place_id", "step"], set_={"times": Done.times + 1}
            )
            session.execute(statement)
            session.commit()
        return "kept"

    @app.get("/hash")
    def verify() -> str:
        return str(passwords.verify(stored, PASSWORD))

    return app


class _Floor(server._Web):
    """The platform's own web processes around the bare application."""

    url = ""

    def load(self) -> Flask:
        return make_floor(self.url)


def main(port: int, url: str) -> None:
    """Serve the floor until a signal."""
    with tempfile.TemporaryDirectory() as folder:
        settings: Settings = read_settings({"MHFA_DATA_DIR": folder, "PORT": str(port)})
        _Floor.url = url
        _Floor(settings, server.listen("127.0.0.1", port), server.WORKERS).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
