"""What holds for the project as a whole: safe versions, clean lock files, nothing of a machine, nobody's marks."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.pictures import FOLDER as PICTURES
from tests.pictures import SHOTS

ROOT: Final = Path(__file__).resolve().parent.parent
# All of them together: they travel with every clone.
LARGEST_PICTURES: Final = 1_500_000
LOCKS: Final = ("requirements.lock", "requirements-dev.lock")

# The first version without a flaw that would touch us, security first. An audit tool without a network reports
# nothing found, so the figures stand here.
FLOORS: Final = {
    "APScheduler": "3.11.2",
    "Flask": "3.1.3",
    "gunicorn": "23.0.0",
    "itsdangerous": "2.2.0",
    "Jinja2": "3.1.6",
    "markdown-it-py": "4.0.0",
    "nh3": "0.3.0",
    "pillow": "12.0.0",
    "psycopg": "3.2.2",
    "PyYAML": "6.0.2",
    "SQLAlchemy": "2.1.0",
    "weasyprint": "70.0",
    "Werkzeug": "3.1.6",
}

# One requirement, or one of its hashes, and nothing else: no address, no path, no option.
LOCK_LINE: Final = re.compile(
    r"[a-z0-9][a-z0-9-]*(\[[a-z0-9,-]+\])?==[0-9][0-9a-z.+!]*( ; [a-z0-9_.=<>!'\"() -]+)? \\"
    r"|    --hash=sha256:[0-9a-f]{64}( \\)?",
    re.IGNORECASE,
)

# Written in pieces, so that this file does not find itself.
REGISTRY_HOSTS: Final = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "deb." + "debian.org",
)
MACHINE_PATHS: Final = re.compile(
    r"(?<![\w.~-])/(?:wo" r"rk|ro" r"ot|Us" r"ers|home/[a-z]+|tmp/[a-z_]+jobs|opt/[a-z]*(?:pypi|wheels))/"
)

OWNED_MARKS: Final = re.compile(
    r"\bmental[\s-]+health[\s-]+first[\s-]+aid|\bmhfa(?![\w-]*[_-]|\.\w)\w*|\balgee\b",
    re.IGNORECASE,
)
# The one sentence that may name an owner, to say that we are not them.
DISCLAIMER: Final = "not affiliated with or licensed by MHFA International or any national provider"


def committed_files() -> list[Path]:
    """Return every file that is, or is about to be, committed."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Return a file's text, or nothing when it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def machine_traces(text: str) -> list[str]:
    """Return the registry hosts and the paths of a machine that stand in a text."""
    return [host for host in REGISTRY_HOSTS if host in text] + [hit.group() for hit in MACHINE_PATHS.finditer(text)]


def owned_marks(text: str) -> list[str]:
    """Return the registered names that stand in a text outside the disclaimer sentence."""
    return [hit.group() for hit in OWNED_MARKS.finditer(" ".join(text.split()).replace(DISCLAIMER, ""))]


def pinned(lock: str) -> dict[str, str]:
    """Return a lock file's packages with their versions."""
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def shipped_texts() -> Iterator[Path]:
    """Walk what people read or what makes what they read: courses, templates, and the program with its static files."""
    for folder in ("courses", "templates", "mhfa_lms"):
        yield from (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)


@pytest.mark.parametrize(("name", "floor"), FLOORS.items(), ids=FLOORS.keys())
def test_library_is_at_least_the_safe_version(name: str, floor: str) -> None:
    assert Version(version(name)) >= Version(floor)
    assert Version(pinned("requirements.lock")[canonicalize_name(name)]) >= Version(floor)


def test_scheduler_is_not_the_unfinished_major_version() -> None:
    assert Version(version("APScheduler")) < Version("4.dev0")


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_only_names_and_hashes(lock: str) -> None:
    odd = [line for line in (ROOT / lock).read_text().splitlines() if not LOCK_LINE.fullmatch(line)]
    assert odd == []


def test_both_locks_pin_the_same_versions() -> None:
    run, dev = (pinned(lock) for lock in LOCKS)
    assert run.items() <= dev.items()


def test_lock_has_every_dependency_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run, dev = (pinned(lock) for lock in LOCKS)
    wanted = [Requirement(text) for text in project["project"]["dependencies"]]
    assert [r.name for r in wanted if Version(run[canonicalize_name(r.name)]) not in r.specifier] == []
    wanted = [Requirement(text) for text in project["dependency-groups"]["dev"]]
    assert [r.name for r in wanted if Version(dev[canonicalize_name(r.name)]) not in r.specifier] == []


def test_npm_lock_says_nowhere_to_fetch_from() -> None:
    # Addresses of whom to thank are copied from the packages; one to fetch from would stand under "resolved".
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


def test_no_committed_file_names_a_machine_or_registry() -> None:
    files = committed_files()
    assert ROOT / "pyproject.toml" in files
    found = {str(path.relative_to(ROOT)): traces for path in files if (traces := machine_traces(text_of(path)))}
    assert found == {}


@pytest.mark.parametrize(
    "text", ["see https://" + "py" + "pi.org/simple", "cd /ro" + "ot/project", "'/ho" + "me/ann/clone'"]
)
def test_machine_traces_are_seen(text: str) -> None:
    assert machine_traces(text)


@pytest.mark.parametrize("text", ['url_for("home") -> /home', "models/work.py", "/home?lang=en", "a/root/b"])
def test_ordinary_paths_are_left_alone(text: str) -> None:
    assert machine_traces(text) == []


def test_nothing_shipped_uses_the_owned_marks() -> None:
    files = list(shipped_texts())
    assert len(files) > 50
    found = {str(path.relative_to(ROOT)): marks for path in files if (marks := owned_marks(text_of(path)))}
    assert found == {}


@pytest.mark.parametrize(
    "text",
    ["Become a Mental Health First Aider", "mental-health\nfirst aid", "an MHFAider", "MHFA England", "the ALGEE plan"],
)
def test_owned_marks_are_seen(text: str) -> None:
    assert owned_marks(text)


@pytest.mark.parametrize(
    "text",
    [
        f"Independent; {DISCLAIMER}.",
        "import mhfa_lms",
        "mhfa-lms serve",
        "MHFA_DATA_DIR",
        "First aid for mental health",
    ],
)
def test_our_own_names_are_left_alone(text: str) -> None:
    assert owned_marks(text) == []


def test_every_picture_is_shown_and_made_by_the_script() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    shown = {
        (page.parent / address).resolve()
        for page in pages
        for address in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text())
    }
    made = {PICTURES / f"{name}.png" for name in SHOTS}
    assert shown == made == set(PICTURES.glob("*.png"))
    assert sum(path.stat().st_size for path in made) < LARGEST_PICTURES


def test_links_between_documents_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for address in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / address).exists(), f"{page.name}: {address}"


def test_the_map_of_security_names_code_that_is_there() -> None:
    """A test is named with its file, or after another of the same file; a module without the package's folder."""
    text = (ROOT / "docs" / "asvs.md").read_text()
    missing = [
        place
        for place in re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|html|conf))(?:::[a-z_]+)?`", text)
        if not any((folder / place).exists() for folder in (ROOT, ROOT / "mhfa_lms", ROOT / "tests" / "services"))
    ]
    missing += [
        f"{place}::{name}"
        for place, name in re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)::([a-z_]+)`", text)
        if not any(
            f"def {name}(" in (folder / place).read_text()
            for folder in (ROOT, ROOT / "mhfa_lms")
            if (folder / place).exists()
        )
    ]
    assert missing == []
