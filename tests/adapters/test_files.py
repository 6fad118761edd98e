"""The storage: a file is there whole, or not at all, and the first one stays."""

import errno
import hashlib
import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mhfa_lms.adapters.files import BadKeyError, FileDamagedError, FolderFiles

KEY = "certificates/7K/7KQ2M9XBT4HF0RWA.pdf"


@pytest.fixture
def files(tmp_path: Path) -> FolderFiles:
    """An empty storage in a folder that is not there yet."""
    return FolderFiles(tmp_path / "data" / "files")


def test_what_was_put_is_read(files: FolderFiles) -> None:
    stored = files.put(KEY, b"content")
    assert (stored.key, stored.size, stored.sha256) == (KEY, 7, hashlib.sha256(b"content").hexdigest())
    assert files.read(KEY, stored.sha256) == b"content"
    assert files.find(KEY) == stored


def test_the_first_one_stays_and_the_second_is_told_what_is_there(files: FolderFiles) -> None:
    first = files.put(KEY, b"first")
    assert files.put(KEY, b"second, longer") == first
    assert files.read(KEY, first.sha256) == b"first"


def test_nothing_but_the_file_is_left_behind(files: FolderFiles) -> None:
    files.put(KEY, b"one")
    files.put(KEY, b"two")
    assert [path.name for path in files.folder.rglob("*") if path.is_file()] == ["7KQ2M9XBT4HF0RWA.pdf"]


def test_many_writers_agree_on_one_content(files: FolderFiles) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda number: files.put(KEY, f"writer {number}".encode()), range(16)))
    assert len(found) == 1


@pytest.mark.parametrize(
    "key",
    [
        *("../secret.txt", "a/../../b.txt", "/etc/passwd.txt", "a//b.txt", ".hidden.txt", "a/.b.txt", "", "name"),
        *("a\0.txt", "a\n.txt", "a b.txt", "a.txt/", "a\\b.txt", "x.txt\n", "ä.txt"),
    ],
)
def test_a_key_never_leads_out_of_the_folder(files: FolderFiles, key: str) -> None:
    for call in (lambda: files.put(key, b"x"), lambda: files.find(key), lambda: files.read(key, "")):
        with pytest.raises(BadKeyError):
            call()
    assert not files.folder.exists()


def test_a_file_that_changed_or_went_is_reported(files: FolderFiles) -> None:
    stored = files.put(KEY, b"content")
    (files.folder / KEY).write_bytes(b"changed")
    with pytest.raises(FileDamagedError):
        files.read(KEY, stored.sha256)
    (files.folder / KEY).unlink()
    with pytest.raises(FileDamagedError):
        files.read(KEY, stored.sha256)
    assert files.find(KEY) is None


def test_a_failed_write_leaves_nothing(files: FolderFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "the disk is full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        files.put(KEY, b"content")
    assert [path for path in files.folder.rglob("*") if path.is_file()] == []


def test_a_file_system_without_links_is_served_too(files: FolderFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_paths: Any) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    first = files.put(KEY, b"first")
    assert files.put(KEY, b"second") == first


def _die_while_writing(folder: Path) -> None:
    """Write half a file, then be killed before it is finished."""
    real = os.fsync

    def killed(handle: int) -> None:
        real(handle)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(os, "fsync", killed)  # noqa: B010  # a plain assignment does not type-check
    FolderFiles(folder).put(KEY, b"half")


def test_a_writer_killed_half_way_leaves_no_file_under_the_name(files: FolderFiles) -> None:
    process = multiprocessing.get_context("fork").Process(target=_die_while_writing, args=(files.folder,))
    process.start()
    process.join(20)
    assert process.exitcode == -signal.SIGKILL
    assert files.find(KEY) is None
    assert files.put(KEY, b"whole").size == 5
