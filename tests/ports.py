"""Ports for the servers that tests start, each handed out once."""

import itertools
import os
import socket
from typing import Final

# Below the ports that systems give to connections by themselves (from 32768 on, or from 49152 on).
FIRST: Final = 20_000
COUNT: Final = 10_000
# Processes begun one after the other, as the suite's are, begin far from each other.
_numbers = itertools.count(os.getpid() * 509)


def free_port() -> int:
    """Return a port that nobody listens on and that nobody gets by chance.

    One that the system chooses is free only for as long as it is held: before our server has started, any connection,
    or the test beside this one, may be given the same.
    """
    while True:
        port = FIRST + next(_numbers) % COUNT
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
