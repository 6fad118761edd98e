"""Settings: every wrong value stops the start and is named, nothing secret is repeated, and the kept key is whole."""

import os
import stat
from pathlib import Path

import pytest

from mhfa_lms.settings import SettingsError, Source, read_settings


def problems(tmp_path: Path, **env: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings({"MHFA_DATA_DIR": str(tmp_path / "data"), **env})
    return caught.value.problems


WRONG = [
    *[("MHFA_BASE_URL", value) for value in ("foo", "http://[::1", "http://host:abc", "http://host:99999")],
    *[("MHFA_BASE_URL", value) for value in ("http://a b", "https://u:p@host", "https://host/below", "ftp://host")],
    *[("MHFA_MAIL_URL", value) for value in ("foo", "smtp://", "smtp://h:abc", "smtp://[x", "file://relative")],
    *[("MHFA_DATABASE_URL", value) for value in ("mysql://host/x", "sqlite://", "postgresql://u:p@h:abc/x", "x")],
    *[("MHFA_MAIL_FROM", value) for value in ("foo", "a b@host", "a@", "Us <a@b.org>", "a@b.org,c@d.org")],
    *[("MHFA_COURSES_DIR", value) for value in ("/nowhere/at/all", __file__)],
    *[("MHFA_TIMEZONE", value) for value in ("Mars/Base", ".", "../etc")],
    *[("MHFA_DEFAULT_LOCALE", value) for value in ("xx", "e n", "-")],
    *[("MHFA_BIND", value) for value in ("host", "999.1.1.1")],
    *[("MHFA_METRICS_ALLOW", value) for value in ("host", "10.0.0.0/99", "127.0.0.1;10.0.0.1")],
    *[("MHFA_TRUSTED_PROXIES", value) for value in ("x", "-1", "11", "٣")],
    *[("PORT", value) for value in ("x", "0", "70000", "1.5")],
    *[("MHFA_EXIT_URL", value) for value in ("foo", "javascript:x", "https://", 'https://a"b')],
    *[(f"MHFA_{name}", "two\nlines") for name in ("SITE_NAME", "ISSUER_NAME", "LICENCE_STATEMENT")],
    ("MHFA_SECRET_KEY", "short"),
    ("MHFA_SECRET_KEY_FALLBACKS", "a-key-that-is-long-enough,short"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    [told] = problems(tmp_path, **{name: value})
    assert told.startswith(f"{name}: must ")


def test_all_wrong_values_are_told_at_once(tmp_path: Path) -> None:
    told = problems(tmp_path, PORT="many", MHFA_TIMEZONE="Mars/Base", MHFA_BIND="host")
    assert sorted(line.split(":")[0] for line in told) == ["MHFA_BIND", "MHFA_TIMEZONE", "PORT"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MHFA_SECRET_KEY", "hunter2"),
        ("MHFA_SECRET_KEY_FALLBACKS", "hunter2"),
        ("MHFA_DATABASE_URL", "mysql://user:hunter2@host/name"),
        ("MHFA_DATABASE_URL", "postgresql://user:hunter2/@host:abc/name"),
        ("MHFA_MAIL_URL", "smtp://user:hunter2@host:abc"),
    ],
)
def test_a_secret_is_never_repeated(tmp_path: Path, name: str, value: str) -> None:
    [told] = problems(tmp_path, **{name: value})
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MHFA_DATABASE_URL", "postgresql+psycopg://user:o'dd%2F#word@host:5432/name"),
        ("MHFA_MAIL_URL", "smtps://user%40host:pass%2Fword@mail.example.org:465"),
        ("MHFA_BASE_URL", "https://learn.example.org:8443/"),
        ("MHFA_METRICS_ALLOW", "127.0.0.1, 10.0.0.0/8, ::1"),
        ("MHFA_DEFAULT_LOCALE", "en-XA"),
    ],
)
def test_a_right_value_is_taken(tmp_path: Path, name: str, value: str) -> None:
    assert read_settings({"MHFA_DATA_DIR": str(tmp_path), name: value}).data_dir == tmp_path


@pytest.mark.parametrize("place", ["a-file", "a-file/below"])
def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "a-file").touch()
    [told] = problems(tmp_path, MHFA_DATA_DIR=str(tmp_path / place))
    assert told.startswith("MHFA_DATA_DIR: must be a folder")


def test_mails_come_from_the_sites_host_and_lie_in_the_data_folder(tmp_path: Path) -> None:
    here = {"MHFA_DATA_DIR": str(tmp_path / "a #1 folder")}
    assert read_settings(here).mail_from == "noreply@localhost"
    assert (
        read_settings({**here, "MHFA_BASE_URL": "https://learn.example.org"}).mail_from == "noreply@learn.example.org"
    )
    assert read_settings(here).mail_url == (tmp_path / "a #1 folder" / "mail").as_uri()


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = read_settings({"MHFA_DATA_DIR": str(folder)}).secret_key
    assert read_settings({"MHFA_DATA_DIR": str(folder)}).secret_key == first
    assert len(first) >= 32
    assert stat.S_IMODE((folder / "secret-key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "private-key").stat().st_mode) == 0o600
    assert (folder / "private-key").read_text() != first
    assert {path.name for path in folder.iterdir()} == {"secret-key", "private-key"}


def test_the_key_of_whoever_came_first_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def come_second(_part: Path, path: Path) -> None:
        path.write_text("the-key-of-the-first-process", encoding="ascii")
        raise FileExistsError

    monkeypatch.setattr(os, "link", come_second)
    assert read_settings({"MHFA_DATA_DIR": str(tmp_path)}).secret_key == "the-key-of-the-first-process"


@pytest.mark.parametrize("kept", [b"", b"short", b"\xff\xfe"])
def test_a_damaged_key_stops_the_start(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / "secret-key").write_bytes(kept)
    with pytest.raises(SettingsError, match=r"MHFA_SECRET_KEY: the key kept in .* is damaged"):
        read_settings({"MHFA_DATA_DIR": str(tmp_path)})
    chosen = "a-key-that-is-long-enough"
    assert read_settings({"MHFA_DATA_DIR": str(tmp_path), "MHFA_SECRET_KEY": chosen}).secret_key == chosen


def test_a_key_that_was_chosen_is_not_kept(tmp_path: Path) -> None:
    read_settings({"MHFA_DATA_DIR": str(tmp_path), "MHFA_SECRET_KEY": "a-key-that-is-long-enough"})
    assert not (tmp_path / "secret-key").exists()


def test_each_variable_says_where_its_value_comes_from_and_no_secret_is_in_it(tmp_path: Path) -> None:
    given = {
        "MHFA_DATA_DIR": str(tmp_path),
        "MHFA_DATABASE_URL": "postgresql+psycopg://user:sesame@host/name",
        "MHFA_SECRET_KEY_FALLBACKS": "an-older-key-that-is-long",
        "MHFA_SITE_NAME": " ",
    }
    read = read_settings(given, port=8123)
    found = {one.name: one for one in read.variables}
    assert found["MHFA_DATABASE_URL"].source is Source.ENVIRONMENT
    assert found["MHFA_SITE_NAME"].source is Source.DEFAULT
    assert found["MHFA_SECRET_KEY"].source is Source.KEPT
    assert (found["PORT"].value, found["PORT"].source) == ("8123", Source.COMMAND)
    assert found["MHFA_DATABASE_URL"].value.endswith("@host/name")
    told = repr(read.variables)
    assert not any(secret in told for secret in ("sesame", "an-older-key", read.secret_key))
    chosen = read_settings({"MHFA_DATA_DIR": str(tmp_path), "MHFA_SECRET_KEY": "a-key-that-is-long-enough"})
    key = next(one for one in chosen.variables if one.name == "MHFA_SECRET_KEY")
    assert (key.source, key.value, key.secret) == (Source.ENVIRONMENT, "", True)
