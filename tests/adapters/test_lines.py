"""A file that only grows: each line once, whole or not at all, whoever writes at the same time."""

import threading
from pathlib import Path

from mhfa_lms.adapters.lines import GrowingFile


def test_lines_are_added_once_and_read_in_their_order(tmp_path: Path) -> None:
    file = GrowingFile(tmp_path / "a.jsonl")
    assert file.read() == []
    assert file.add([{"b": 1, "a": 2}, {"a": 3}]) == 2
    assert file.add([{"a": 2, "b": 1}, {"a": 3}, {"a": 4}, {"a": 4}]) == 1
    assert file.read() == [{"a": 2, "b": 1}, {"a": 3}, {"a": 4}]
    assert (tmp_path / "a.jsonl").stat().st_mode & 0o077 == 0


def test_a_line_that_a_crash_cut_short_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2, "b')
    file = GrowingFile(path)
    assert file.read() == [{"a": 1}]
    assert file.add([{"a": 3}]) == 1
    assert file.read() == [{"a": 1}, {"a": 3}]


def test_several_writers_lose_nothing_and_write_nothing_twice(tmp_path: Path) -> None:
    begin = threading.Barrier(4)

    def work() -> None:
        begin.wait()
        for number in range(50):
            GrowingFile(tmp_path / "a.jsonl").add([{"number": number}])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(line["number"] for line in GrowingFile(tmp_path / "a.jsonl").read()) == list(range(50))
