"""The archive's own format: what was written is read again, and anything else is refused with the reason."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mhfa_lms.backup.archive import FILES, DamagedError, Manifest, Part, Writer, unpack, verify

MADE = "2026-11-21T12:00:00+00:00"


def written(file: Path, parts: dict[str, bytes], **changes: object) -> Manifest:
    with file.open("wb") as raw:
        writer = Writer(raw, lambda _count: None)
        for name, data in parts.items():
            writer.add(name, data)
        manifest = Manifest("1", MADE, "sqlite", "0001", 0, "0" * 64, parts=writer.parts, **changes)  # type: ignore[arg-type]
        writer.finish(manifest)
    return manifest


PARTS = {"erasures.jsonl": b"", f"{FILES}/certificates/AB/AB.pdf": b"%PDF-", "database/account.000000": b"1\t2\n"}


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    # In this order: a table is filled after those it points to.
    manifest = written(file, PARTS, tables={"organisation": ["id"], "account": ["id", "email"]})
    heard: list[int] = []
    read = verify(file, heard.append)
    assert read == manifest
    assert list(read.tables) == ["organisation", "account"]
    assert (sum(heard), read.size, read.files, read.has_keys) == (9, 9, 1, False)
    assert unpack(file, tmp_path / "out") == manifest
    assert (tmp_path / "out" / FILES / "certificates" / "AB" / "AB.pdf").read_bytes() == b"%PDF-"


def test_a_file_that_goes_while_it_is_backed_up_is_left_out(tmp_path: Path) -> None:
    with (tmp_path / "a.tar").open("wb") as raw:
        writer = Writer(raw, lambda _count: None)
        writer.add_file(f"{FILES}/a.pdf", tmp_path / "gone.pdf")
    assert writer.parts == {}


def test_no_two_parts_share_a_name_and_none_leads_out(tmp_path: Path) -> None:
    with (tmp_path / "a.tar").open("wb") as raw:
        writer = Writer(raw, lambda _count: None)
        writer.add(f"{FILES}/a.pdf", b"1")
        for name in (f"{FILES}/a.pdf", f"{FILES}/../a.pdf", "/etc/passwd", f"{FILES}/.hidden", "other"):
            with pytest.raises(ValueError, match=r"."):
                writer.add(name, b"2")


def appended(name: str, data: bytes = b"x", **values: object) -> Callable[[Path], None]:
    """Put one more member into an archive, wherever its end was."""

    def change(file: Path) -> None:
        with tarfile.open(file, "a") as archive:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for field, value in values.items():
                setattr(member, field, value)
            archive.addfile(member, io.BytesIO(data))

    return change


def replaced(old: bytes, new: bytes) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        data = file.read_bytes()
        assert old in data
        file.write_bytes(data.replace(old, new))

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (appended(f"{FILES}/extra.pdf"), "which no backup has"),
        (appended("../../escaped"), "which no backup has"),
        (appended(f"{FILES}/link.pdf", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "which no backup has"),
        (appended("manifest.json", b"{}"), "which no backup has"),
        (replaced(b"%PDF-", b"%PDF+"), "was changed"),
        (replaced(b'"format": 2', b'"format": 3'), "format 3"),
        (replaced(b'"schema"', b'"skemma"'), "cannot be read"),
        (lambda file: file.write_bytes(file.read_bytes()[:1200]), "cut off"),
        (lambda file: file.write_bytes(b""), "cut off"),
    ],
)
def test_anything_else_is_refused_with_the_reason(tmp_path: Path, change: Callable[[Path], None], reason: str) -> None:
    file = tmp_path / "a.tar"
    written(file, PARTS)
    change(file)
    with pytest.raises(DamagedError, match=reason):
        verify(file)
    with pytest.raises(DamagedError, match=reason):
        unpack(file, tmp_path / "out")
    assert not (tmp_path.parent / "escaped").exists()


def test_a_part_that_the_manifest_names_must_be_there(tmp_path: Path) -> None:
    with (tmp_path / "a.tar").open("wb") as raw:
        writer = Writer(raw, lambda _count: None)
        named = {"erasures.jsonl": Part(0, "x")}
        writer.finish(Manifest("1", MADE, "sqlite", "0001", 0, "0" * 64, parts=named))
    with pytest.raises(DamagedError, match=r"erasures\.jsonl is missing"):
        verify(tmp_path / "a.tar")


HOLE = {"GNU.sparse.major": "0", "GNU.sparse.map": "3000000,0", "GNU.sparse.size": "3000000"}


@pytest.mark.parametrize("values", [{"pax_headers": HOLE}, {"type": tarfile.CONTTYPE}], ids=["hole", "contiguous"])
@pytest.mark.parametrize("name", [f"{FILES}/a.pdf", "manifest.json"])
def test_a_file_of_holes_is_not_written_out(tmp_path: Path, name: str, values: dict[str, object]) -> None:
    file = tmp_path / "a.tar"
    with tarfile.open(file, "w"):
        pass
    appended(name, b"", **values)(file)
    assert file.stat().st_size < 20_000
    with pytest.raises(DamagedError, match="which no backup has"):
        unpack(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()
