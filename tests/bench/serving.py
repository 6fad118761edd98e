"""Servers as processes, what they take of the processor and of memory, and how soon they answer. Linux only (/proc)."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PROC: Final = Path("/proc")
TICKS: Final = os.sysconf("SC_CLK_TCK")
PATIENCE: Final = 120


@dataclass(frozen=True)
class Served:
    """A running server: its first process, its address, and the seconds from its command to its first answer."""

    pid: int
    port: int
    seconds_to_answer: float

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def processes(self) -> list[int]:
        """Return the first process and all that came from it."""
        return family(self.pid)


@contextmanager
def started(words: list[str], port: int, path: str, environment: Mapping[str, str]) -> Iterator[Served]:
    """Run one of our Python modules as a server until the block ends; `path` is asked until it answers."""
    began = time.monotonic()
    with _process(words, environment) as process:
        yield Served(process.pid, port, _first_answer(process, port, path) - began)


@contextmanager
def running(words: list[str], port: int) -> Iterator[None]:
    """Run one of our Python modules that listens on a port, until the block ends."""
    with _process(words, {}) as process:
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
                break
            except ConnectionError:
                time.sleep(0.01)
        yield


@contextmanager
def _process(words: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MHFA_")}
    process = subprocess.Popen(
        [sys.executable, "-m", *words], cwd=ROOT, env={**inherited, **environment}, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _first_answer(process: subprocess.Popen[bytes], port: int, path: str) -> float:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError("the server ended by itself")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return time.monotonic()
        except ConnectionError:
            time.sleep(0.01)
        finally:
            connection.close()
    raise TimeoutError("the server did not answer")


def _stat(pid: int) -> list[str]:
    # The name in brackets may hold spaces.
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def family(first: int) -> list[int]:
    """Return a process and all its descendants."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                children[int(_stat(int(entry.name))[1])].append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found = [first]
    for pid in found:
        found += children[pid]
    return found


def cpu_ms(pids: list[int]) -> float:
    """Return the processor time these processes have taken so far, in milliseconds."""
    ticks = 0
    for pid in pids:
        try:
            fields = _stat(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 1000 / TICKS


def pss_mb(pids: list[int]) -> float:
    """Return the memory of these processes in megabytes, what they share counted once among all that share it."""
    kilobytes = 0
    for pid in pids:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024
