"""The rules of the house, held by reading the code: imports point down, every table says how it is erased, templates
use what they import, and no view looks an object up by its number alone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mhfa_lms
from mhfa_lms import db, i18n, models
from mhfa_lms.paths import migrations_dir, static_dir, templates_dir
from mhfa_lms.policy import GRANTS, Can

PACKAGE = Path(mhfa_lms.__file__).parent
NOTHING: frozenset[str] = frozenset()
# What each part may import from the project; "*" is everything.
MAY_IMPORT = {
    "app": {"*"},
    "cli": {"*"},
    "server": {"*"},
    "web": {
        *("services", "policy", "models", "content", "help", "adapters", "i18n", "db", "clock", "settings", "paths"),
        *("logs", "standby", "web"),
    },
    "backup": {
        *("services", "jobs", "adapters", "models", "policy", "schema", "db", "settings", "standby", "logs", "backup"),
    },
    "jobs": {
        *("services", "adapters", "i18n", "models", "db", "clock", "settings", "paths", "logs", "jobs", "policy"),
        "standby",
    },
    "services": {"models", "content", "db", "policy", "services", "schema", "clock", "help", "i18n"},
    "policy": {"models"},
    "models": {"db", "models"},
    "schema": {"models", "db", "paths"},
    "help": {"help"},
    "settings": {"paths", "setting_checks"},
    "setting_checks": {"i18n"},
    "content": {"content"},
    "adapters": {"adapters", "paths"},
    "i18n": NOTHING,
    "clock": NOTHING,
    "db": NOTHING,
    "paths": NOTHING,
    "standby": NOTHING,
    "logs": NOTHING,
}  # fmt: skip


def modules() -> Iterator[tuple[Path, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] not in {"__init__", "__main__"}:
            yield path, parts[0]


def imported(path: Path) -> Iterator[str]:
    """Yield the parts of the project a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "mhfa_lms":
            rest = node.module.split(".")[1:]
            yield from [rest[0]] if rest else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from [alias.name.split(".")[1] for alias in node.names if alias.name.startswith("mhfa_lms.")]


@pytest.mark.parametrize(
    ("path", "part"), [pytest.param(*found, id=str(found[0].relative_to(PACKAGE))) for found in modules()]
)
def test_imports_point_down(path: Path, part: str) -> None:
    may = MAY_IMPORT[part]
    assert "*" in may or {name for name in imported(path) if name not in {"__version__"}} <= may


def test_services_never_read_the_clock() -> None:
    for path, part in modules():
        if part in {"services", "models", "policy", "content"}:
            text = path.read_text(encoding="utf-8")
            assert "clock.now(" not in text, path
            assert "datetime.now(" not in text, path
            assert "date.today(" not in text, path


def test_only_services_write() -> None:
    for path, part in modules():
        if part == "web":
            text = path.read_text(encoding="utf-8")
            assert "transaction(" not in text, path
            assert not re.search(r"session\(\)\.(add|delete|commit|execute\(\s*(insert|update|delete))", text), path


def test_views_never_fetch_by_number_alone() -> None:
    for path, part in modules():
        if part == "web":
            text = path.read_text(encoding="utf-8")
            assert "get_or_404" not in text, path
            assert not re.search(r"session\(\)\.(get|get_one)\(", text), path


def test_every_table_says_what_erasing_does_to_it() -> None:
    assert models.Account in [mapper.class_ for mapper in db.Base.registry.mappers]
    for mapper in db.Base.registry.mappers:
        assert isinstance(mapper.class_.__erasure__, db.Erasure), mapper.class_


def test_every_permission_has_a_row() -> None:
    assert set(GRANTS) == set(Can)


def test_every_constraint_has_a_name() -> None:
    for table in db.Base.metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints), table.name


def test_migrations_use_no_models() -> None:
    for path in migrations_dir().glob("versions/*.py"):
        assert "mhfa_lms" not in path.read_text(encoding="utf-8"), path


def templates() -> list[str]:
    return sorted(path.relative_to(templates_dir()).as_posix() for path in templates_dir().rglob("*.*"))


@pytest.mark.parametrize("name", templates())
def test_templates_compile_and_use_what_they_import(name: str) -> None:
    environment = i18n.make_environment(str(templates_dir()))
    environment.filters.update(dict.fromkeys(re.findall(r"\|\s*(\w+)", (templates_dir() / name).read_text()), str))
    source = (templates_dir() / name).read_text(encoding="utf-8")
    environment.compile(source)
    for imported_name in re.findall(r"{%-?\s*import\s+'[^']+'\s+as\s+(\w+)", source):
        assert len(re.findall(rf"\b{imported_name}\b", source)) > 1, f"{imported_name} is imported and not used"


@pytest.mark.parametrize("name", [name for name in templates() if not name.startswith(("email/", "certificate/"))])
def test_pages_have_no_inline_style_or_script(name: str) -> None:
    source = (templates_dir() / name).read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)


@pytest.mark.parametrize("path", sorted(static_dir().glob("css/**/*.css")), ids=lambda path: path.name)
def test_styles_have_no_sides(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = re.findall(
        r"[{;\s]((?:margin|padding|border|inset)-(?:left|right)|left|right)\s*:",
        text,
    )
    assert found == []
    assert not re.search(r"(float|clear|text-align):\s*(left|right)", text)
