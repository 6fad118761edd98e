"""What `serve` says when it has started."""

import pytest

from mhfa_lms.cli.welcome import welcome
from mhfa_lms.settings import read_settings


@pytest.mark.parametrize(
    ("address", "bind", "listens"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1", ""),
        ("https://learn.example.org", "127.0.0.1", "It listens on http://127.0.0.1:8000"),
        ("https://learn.example.org", "::1", "It listens on http://[::1]:8000"),
    ],
)
def test_behind_a_proxy_it_says_where_it_listens_too(address: str, bind: str, listens: str) -> None:
    settings = read_settings({"MHFA_BASE_URL": address, "MHFA_BIND": bind})
    told = welcome(settings, "", None)
    assert address in told
    assert ("It listens on" in told) is bool(listens)
    assert listens in told
