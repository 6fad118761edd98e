"""`mhfa-lms courses map`."""

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from mhfa_lms.content import loader
from mhfa_lms.paths import courses_dir
from tests.cli.conftest import Run

NAME = "leyla-after-closing"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped course, to be changed."""
    shutil.copytree(courses_dir() / "first-conversation", tmp_path / "courses" / "first-conversation")
    monkeypatch.setenv("MHFA_COURSES_DIR", str(tmp_path / "courses"))
    return tmp_path / "courses" / "first-conversation"


def test_a_conversation_is_drawn_as_a_file_of_its_own(run: Run, folder: Path, tmp_path: Path) -> None:
    path = folder / "conversations" / f"{NAME}.yaml"
    path.write_text(path.read_text().replace('title: "The last cloth"', 'title: "Less < more & <b>so</b>"'))
    out = tmp_path / "map.svg"
    assert run("courses", "map", "first-conversation", NAME, "--out", str(out)).exit_code == 0
    picture = ET.parse(out).getroot()  # noqa: S314  # our own file
    said = "".join(picture.itertext())
    talk = loader.load(folder).conversation(NAME)
    assert talk is not None
    assert "Less < more & <b>so</b>" in said
    assert "Helpful: asks" in said
    assert "Harmful: hears" in said
    assert "prefers-color-scheme: dark" in said
    space = "{http://www.w3.org/2000/svg}"
    edges = [one for one in picture.iter(f"{space}path") if one.get("class", "").startswith("edge")]
    assert len(edges) == sum(len(scene.choices) for scene in talk.scenes)
    assert picture.find(f"{space}title") is not None
    assert run("courses", "map", "first-conversation").stdout.startswith("<svg")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "There is no course nowhere"),
        (("../first-conversation",), "There is no course"),
        (("first-conversation", "another"), "There is no conversation another; there is"),
    ],
)
def test_what_cannot_be_drawn_is_said(run: Run, folder: Path, words: tuple[str, ...], said: str) -> None:
    result = run("courses", "map", *words)
    assert result.exit_code == 1
    assert said in result.stderr
