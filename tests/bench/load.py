"""The load generator: some connections at once, each sending its requests one after the other over keep-alive.

A process of its own, so that its work does not count as the server's: `python -m tests.bench.load` reads a plan as
JSON and prints what it saw as JSON. One thread and raw sockets, because it shares its cores with the server.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final
from urllib.parse import urlsplit

CONCURRENCY: Final = 8
PATIENCE: Final = 30
PIECE: Final = 65_536


@dataclass(frozen=True, slots=True)
class Visit:
    """What one connection sends, as raw requests; it begins anew after the last one when `again`."""

    requests: tuple[str, ...]
    again: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to send which visits, for how many seconds or until every visit is over."""

    address: str
    visits: tuple[Visit, ...]
    seconds: float

    def written(self) -> str:
        """Return the plan as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "Plan":
        """Return a plan from its JSON."""
        found = json.loads(text)
        visits = tuple(Visit(tuple(one["requests"]), one["again"]) for one in found["visits"])
        return cls(found["address"], visits, found["seconds"])


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a plan: the answers' status codes, each one's time in milliseconds, the time of it all."""

    statuses: dict[int, int]
    times: list[float]
    seconds: float

    @property
    def count(self) -> int:
        """How many answers there were."""
        return len(self.times)

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return self.count / self.seconds

    def percentile(self, percent: float) -> float:
        """Return the time in milliseconds within which this share of the answers came."""
        ordered = sorted(self.times)
        return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


@dataclass(slots=True)
class _Connection:
    """One open connection and the request under way on it."""

    visit: Visit
    wire: socket.socket
    sent: int = 0
    began: float = 0.0
    got: bytearray = field(default_factory=bytearray)

    def send(self) -> bool:
        """Send the next request; False when the visit is over."""
        if self.sent == len(self.visit.requests) and self.visit.again:
            self.sent = 0
        if self.sent == len(self.visit.requests):
            return False
        request = self.visit.requests[self.sent].encode()
        self.sent += 1
        self.got.clear()
        self.began = time.perf_counter()
        self.wire.sendall(request)
        return True

    def receive(self) -> int | None:
        """Read what has arrived; return the status once the answer is whole."""
        piece = self.wire.recv(PIECE)
        if not piece:
            raise ConnectionError("the server closed a connection in the middle of an answer")
        self.got += piece
        end = self.got.find(b"\r\n\r\n")
        if end < 0 or len(self.got) < end + 4 + _length(bytes(self.got[:end])):
            return None
        return int(self.got[9:12])


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without Content-Length cannot be measured here")


def run(plan: Plan) -> Seen:
    """Carry out a plan in this process."""
    parts = urlsplit(plan.address)
    statuses: Counter[int] = Counter()
    times: list[float] = []
    began = time.perf_counter()
    with selectors.DefaultSelector() as waiting:
        for visit in plan.visits:
            wire = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=PATIENCE)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(visit, wire)
            if connection.send():
                waiting.register(wire, selectors.EVENT_READ, connection)
        while waiting.get_map():
            ready = waiting.select(PATIENCE)
            if not ready:
                raise TimeoutError("the server did not answer")
            for key, _events in ready:
                connection = key.data
                status = connection.receive()
                if status is None:
                    continue
                now = time.perf_counter()
                times.append((now - connection.began) * 1000)
                statuses[status] += 1
                if now - began >= plan.seconds or not connection.send():
                    waiting.unregister(connection.wire)
                    connection.wire.close()
    return Seen(dict(statuses), times, time.perf_counter() - began)


def run_apart(plan: Plan) -> Seen:
    """Carry out a plan in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"], input=plan.written(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr.strip()[-600:]}")
    found = json.loads(done.stdout)
    return Seen({int(code): count for code, count in found["statuses"].items()}, found["times"], found["seconds"])


def get(path: str, cookie: str = "", *, headers: Sequence[str] = ()) -> str:
    """Return a raw GET as a browser sends it."""
    return _raw("GET", path, cookie, headers, "")


def post(path: str, body: str, cookie: str) -> str:
    """Return a raw POST of a form's body."""
    return _raw("POST", path, cookie, ("Content-Type: application/x-www-form-urlencoded",), body)


def _raw(method: str, path: str, cookie: str, headers: Sequence[str], body: str) -> str:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Accept: text/html,application/xhtml+xml,*/*;q=0.8",
        "Accept-Encoding: gzip, deflate, br",
        "Accept-Language: en-GB,en;q=0.9",
        *([f"Cookie: {cookie}"] if cookie else []),
        *headers,
        *([f"Content-Length: {len(body.encode())}"] if method == "POST" else []),
    ]
    return "\r\n".join([*lines, "", body])


if __name__ == "__main__":
    print(json.dumps(asdict(run(Plan.read(sys.stdin.read())))))
