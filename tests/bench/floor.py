"""The floor: a bare Flask page of about 9 KB in our own web processes, with no database, session or translation.

`python -m tests.bench.floor PORT` serves it. `/hash` only verifies a password, the floor for signing in.
"""

import sys
import tempfile
from pathlib import Path

from flask import Flask, render_template
from jinja2 import DictLoader

from mhfa_lms import server
from mhfa_lms.services import passwords
from mhfa_lms.settings import Settings, read_settings

PASSWORD = "seven flat stones"
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
{% endfor %}{% if part.done %}<p class="tag">Finished</p>{% else %}<p><a href="/step/{{ loop.index }}">Continue</a></p>{% endif %}
</section>
{% endfor %}
</main>
<footer><p>Signed in as {{ name }}</p></footer>
</body>
</html>
"""  # noqa: E501


def make_floor() -> Flask:
    """Return the bare application."""
    app = Flask("floor", static_folder=None)
    app.jinja_loader = DictLoader({"page.html": PAGE})
    stored = passwords.hashed(PASSWORD)
    parts = [{"title": f"Part {number}", "texts": [PARAGRAPH] * 5, "done": number < 6} for number in range(1, 13)]

    @app.get("/")
    def page() -> str:
        navigation = ["Home", "Courses", "Certificates"]
        return render_template("page.html", title="A page", name="Amina Yusuf", parts=parts, navigation=navigation)

    @app.get("/hash")
    def verify() -> str:
        return str(passwords.verify(stored, PASSWORD))

    return app


class _Floor(server._Web):
    """The platform's own web processes around the bare application."""

    def load(self) -> Flask:
        return make_floor()


def main(port: int) -> None:
    """Serve the floor until a signal."""
    with tempfile.TemporaryDirectory() as folder:
        settings: Settings = read_settings({"MHFA_DATA_DIR": str(Path(folder)), "PORT": str(port)})
        _Floor(settings, server.listen("127.0.0.1", port), server.WORKERS).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
