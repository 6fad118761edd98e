"""What an installation can set, read once from the environment and then frozen.

Every wrong value is reported together, each with its variable's name and what would be right.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from mhfa_lms.paths import courses_dir

BAD_CHARACTERS = frozenset("\r\n")


class SettingsError(ValueError):
    """One or more variables hold values the installation cannot start with."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """The installation's settings. Paths are absolute; `base_url` has no slash at its end."""

    data_dir: Path
    database_url: str
    base_url: str
    site_name: str
    issuer_name: str
    mail_url: str
    mail_from: str
    courses_dir: Path
    timezone: str
    default_locale: str
    bind: str
    port: int
    metrics_allow: tuple[str, ...]
    trusted_proxies: int
    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    licence_statement: str = ""
    exit_url: str = "https://www.wikipedia.org/"
    demo: bool = False

    @property
    def secure(self) -> bool:
        """Whether people reach the site over https, so that cookies may be marked secure."""
        return self.base_url.startswith("https://")

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is in use."""
        return self.database_url.startswith("sqlite")


class _Reader:
    """Reads one variable at a time and collects what is wrong."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def text(self, name: str, default: str, check: Callable[[str], str | None] = lambda _value: None) -> str:
        value = self.env.get(name, "").strip() or default
        problem = "must be one line of text" if BAD_CHARACTERS & set(value) else check(value)
        if problem:
            self.problems.append(f"{name}: {problem} (it is set to {value!r})")
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.env.get(name, "").strip() or str(default)
        if value.isascii() and value.isdigit() and low <= int(value) <= high:
            return int(value)
        self.problems.append(f"{name}: must be a whole number from {low} to {high} (it is set to {value!r})")
        return default


def _check_database(value: str) -> str | None:
    if value.startswith(("sqlite:///", "postgresql+psycopg://", "postgresql://")):
        return None
    return "must be an address like sqlite:////folder/file.db or postgresql+psycopg://user:password@host/name"


def _check_base_url(value: str) -> str | None:
    parts = urlsplit(value)
    if parts.scheme in {"http", "https"} and parts.hostname and not parts.query and not parts.fragment:
        return None
    return "must be a web address that starts with http:// or https://, such as https://learn.example.org"


def _check_mail(value: str) -> str | None:
    parts = urlsplit(value)
    if parts.scheme in {"smtp", "smtps"} and parts.hostname:
        return None
    if parts.scheme == "file" and parts.path.startswith("/"):
        return None
    return "must be smtp://host:port, smtps://user:password@host:port or file:///folder"


def _check_sender(value: str) -> str | None:
    local, _, host = value.rpartition("@")
    return None if local and host and " " not in value else "must be an e-mail address such as noreply@example.org"


def _check_zone(value: str) -> str | None:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        return "must be the name of a time zone such as Europe/London or UTC"
    return None


def _check_locale(value: str) -> str | None:
    return None if value.replace("-", "").isalnum() else "must be the code of a language such as en"


def _check_address(value: str) -> str | None:
    if value == "localhost":
        return None
    try:
        ip_address(value)
    except ValueError:
        return "must be an IP address to listen on, such as 127.0.0.1 or 0.0.0.0"
    return None


def _check_folder(value: str) -> str | None:
    return None if Path(value).is_dir() else "must be a folder that exists"


def _check_key(value: str) -> str | None:
    return None if len(value) >= 16 else "must have at least 16 characters"


def _check_web_address(value: str) -> str | None:
    return None if value.startswith(("https://", "http://")) else "must be a web address"


def _stored_secret(data_dir: Path) -> str:
    """Return the key kept in the data folder, made at the first start.

    Created with O_EXCL, because two processes may start at once: the second then reads the first one's key.
    """
    path = data_dir / "secret-key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key := secrets.token_urlsafe(32))
    return key


def read_settings(env: Mapping[str, str] | None = None, *, demo: bool = False, port: int | None = None) -> Settings:
    """Read the settings from the environment.

    Raises `SettingsError` that names every variable with a wrong value.
    """
    reader = _Reader(os.environ if env is None else env)
    data_dir = Path(reader.text("MHFA_DATA_DIR", "instance")).absolute()
    read_port = port if port is not None else reader.number("PORT", 8000, 1, 65535)
    bind = reader.text("MHFA_BIND", "127.0.0.1", _check_address)
    base_url = reader.text("MHFA_BASE_URL", f"http://127.0.0.1:{read_port}", _check_base_url).rstrip("/")
    host = urlsplit(base_url).hostname or "localhost"
    values = {
        "data_dir": data_dir,
        "database_url": reader.text("MHFA_DATABASE_URL", f"sqlite:///{data_dir / 'mhfa.db'}", _check_database),
        "base_url": base_url,
        "site_name": reader.text("MHFA_SITE_NAME", "First Aid for Minds"),
        "issuer_name": reader.text("MHFA_ISSUER_NAME", ""),
        "mail_url": reader.text("MHFA_MAIL_URL", f"file://{data_dir / 'mail'}", _check_mail),
        "mail_from": reader.text("MHFA_MAIL_FROM", f"noreply@{host}", _check_sender),
        "courses_dir": Path(reader.text("MHFA_COURSES_DIR", str(courses_dir()), _check_folder)).absolute(),
        "timezone": reader.text("MHFA_TIMEZONE", "UTC", _check_zone),
        "default_locale": reader.text("MHFA_DEFAULT_LOCALE", "en", _check_locale),
        "bind": bind,
        "port": read_port,
        "metrics_allow": tuple(
            address.strip() for address in reader.text("MHFA_METRICS_ALLOW", "127.0.0.1").split(",") if address.strip()
        ),
        "trusted_proxies": reader.number("MHFA_TRUSTED_PROXIES", 0, 0, 10),
        "licence_statement": reader.text("MHFA_LICENCE_STATEMENT", ""),
        "exit_url": reader.text("MHFA_EXIT_URL", "https://www.wikipedia.org/", _check_web_address),
        "demo": demo,
    }
    secret = reader.text("MHFA_SECRET_KEY", "", lambda value: _check_key(value) if value else None)
    fallbacks = reader.text("MHFA_SECRET_KEY_FALLBACKS", "")
    if reader.problems:
        raise SettingsError(reader.problems)
    return Settings(
        **values,  # type: ignore[arg-type]  # a dict of mixed values; Settings' own annotations are the check
        secret_key=secret or _stored_secret(data_dir),
        secret_key_fallbacks=tuple(key.strip() for key in fallbacks.split(",") if key.strip()),
    )
