"""What an installation can set, read once from the environment and then frozen.

Every wrong value is reported together, each with its variable's name and what would be right.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from mhfa_lms import setting_checks as checks
from mhfa_lms.paths import courses_dir

# The file in the data folder that holds the session key when no variable does.
KEY_FILE: Final = "secret-key"
# Beside it, the key under which what people write for themselves is kept.
PRIVATE_KEY_FILE: Final = "private-key"
BAD_CHARACTERS = frozenset("\r\n")


class SettingsError(ValueError):
    """One or more variables hold values the installation cannot start with."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Source(StrEnum):
    """Where a variable's value comes from."""

    ENVIRONMENT = "environment"
    DEFAULT = "default"
    COMMAND = "command"  # an option of the command that started this process
    KEPT = "kept"  # made at the first start and kept in the data folder


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as this process read it. Passwords inside an address are masked; a secret's `value` is empty."""

    name: str
    value: str
    source: Source
    secret: bool = False


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
    private_key: str = field(repr=False)
    private_key_fallbacks: tuple[str, ...] = field(repr=False)
    licence_statement: str = ""
    exit_url: str = "https://www.wikipedia.org/"
    demo: bool = False
    variables: tuple[Variable, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether people reach the site over https, so that cookies may be marked secure."""
        return self.base_url.startswith("https://")

    @property
    def key_file(self) -> Path | None:
        """The file that holds the session key; None when a variable does."""
        kept = any(one.name == "MHFA_SECRET_KEY" and one.source is Source.KEPT for one in self.variables)
        return self.data_dir / KEY_FILE if kept else None

    @property
    def keys_dir(self) -> Path:
        """The folder of the keys that sign certificates and badges."""
        return self.data_dir / "keys"

    @property
    def signer_name(self) -> str:
        """Who signs what this installation issues."""
        return self.issuer_name or self.site_name

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The installation's keys, the one in use first."""
        return (self.secret_key, *self.secret_key_fallbacks)

    @property
    def private_keys(self) -> tuple[str, ...]:
        """The keys of what people write for themselves, the one in use first."""
        return (self.private_key, *self.private_key_fallbacks)

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is in use."""
        return self.database_url.startswith("sqlite")


class _Reader:
    """Reads one variable at a time and collects what is wrong."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []
        self.variables: dict[str, Variable] = {}

    def text(
        self, name: str, default: str, check: Callable[[str], str | None] = lambda _value: None, *, secret: bool = False
    ) -> str:
        value = self.env.get(name, "").strip() or default
        self._note(name, "" if secret else checks.masked(value), secret=secret)
        problem = "must be one line of text" if BAD_CHARACTERS & set(value) else check(value)
        if problem:
            self.problems.append(f"{name}: {problem}" + ("" if secret else f" (it is set to {checks.masked(value)!r})"))
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.env.get(name, "").strip() or str(default)
        self._note(name, value)
        if value.isascii() and value.isdigit() and low <= int(value) <= high:
            return int(value)
        self.problems.append(f"{name}: must be a whole number from {low} to {high} (it is set to {value!r})")
        return default

    def _note(self, name: str, value: str, *, secret: bool = False) -> None:
        given = bool(self.env.get(name, "").strip())
        self.variables[name] = Variable(name, value, Source.ENVIRONMENT if given else Source.DEFAULT, secret)


def _stored_secret(path: Path) -> str:
    """Return the key kept in the data folder, made at the first start.

    Written beside its place and linked there, because two processes may start at once and one may be killed: the name
    leads to a whole key or to none, and the first one wins.
    """
    if not path.exists():
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, path)
        part.unlink()
    return path.read_text(encoding="ascii").strip()


def _secret(reader: _Reader, data_dir: Path, name: str, file: str, without: str) -> str:
    """Return the key of a variable, or the one kept in a file; `without` says what to do when that is damaged."""
    chosen = reader.text(name, "", lambda value: checks.key(value) if value else None, secret=True)
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = chosen or _stored_secret(data_dir / file)
        if not chosen:
            reader.variables[name] = Variable(name, "", Source.KEPT, secret=True)
    except OSError as error:
        problem = f"MHFA_DATA_DIR: must be a folder that can be written to (it is {str(data_dir)!r}: {error.strerror})"
        if problem not in reader.problems:
            reader.problems.append(problem)
        return ""
    except ValueError:
        found = ""
    if not chosen and checks.key(found):
        reader.problems.append(f"{name}: the key kept in {data_dir / file} is damaged; set the variable, {without}")
    return found


def read_settings(env: Mapping[str, str] | None = None, *, demo: bool = False, port: int | None = None) -> Settings:
    """Read the settings from the environment, and make the data folder with the key in it where they are missing.

    Raises `SettingsError` that names every variable with a wrong value.
    """
    reader = _Reader(os.environ if env is None else env)
    data_dir = Path(reader.text("MHFA_DATA_DIR", "instance")).absolute()
    read_port = port if port is not None else reader.number("PORT", 8000, 1, checks.LARGEST_PORT)
    if port is not None:
        reader.variables["PORT"] = Variable("PORT", str(port), Source.COMMAND)
    base_url = reader.text("MHFA_BASE_URL", f"http://127.0.0.1:{read_port}", checks.base_url).rstrip("/")
    values = {
        "data_dir": data_dir,
        "database_url": reader.text("MHFA_DATABASE_URL", f"sqlite:///{data_dir / 'mhfa.db'}", checks.database),
        "base_url": base_url,
        "site_name": reader.text("MHFA_SITE_NAME", "First Aid for Minds"),
        "issuer_name": reader.text("MHFA_ISSUER_NAME", ""),
        "mail_url": reader.text("MHFA_MAIL_URL", (data_dir / "mail").as_uri(), checks.mail),
        "mail_from": reader.text("MHFA_MAIL_FROM", f"noreply@{_mail_host(base_url)}", checks.sender),
        "courses_dir": Path(reader.text("MHFA_COURSES_DIR", str(courses_dir()), checks.folder)).absolute(),
        "timezone": reader.text("MHFA_TIMEZONE", "UTC", checks.zone),
        "default_locale": reader.text("MHFA_DEFAULT_LOCALE", "en", checks.locale),
        "bind": reader.text("MHFA_BIND", "127.0.0.1", checks.address),
        "port": read_port,
        "metrics_allow": checks.listed(reader.text("MHFA_METRICS_ALLOW", "127.0.0.1", checks.networks)),
        "trusted_proxies": reader.number("MHFA_TRUSTED_PROXIES", 0, 0, 10),
        "licence_statement": reader.text("MHFA_LICENCE_STATEMENT", ""),
        "exit_url": reader.text("MHFA_EXIT_URL", "https://www.wikipedia.org/", checks.web_address),
        "demo": demo,
        "secret_key_fallbacks": checks.listed(
            reader.text("MHFA_SECRET_KEY_FALLBACKS", "", checks.older_keys, secret=True)
        ),
        "secret_key": _secret(
            reader, data_dir, "MHFA_SECRET_KEY", KEY_FILE, "or remove the file and a new key is made"
        ),
        "private_key_fallbacks": checks.listed(
            reader.text("MHFA_PRIVATE_KEY_FALLBACKS", "", checks.older_keys, secret=True)
        ),
        "private_key": _secret(
            reader,
            data_dir,
            "MHFA_PRIVATE_KEY",
            PRIVATE_KEY_FILE,
            "or bring the file back from where you keep it: under a new key nobody can read what they wrote before",
        ),
    }
    if reader.problems:
        raise SettingsError(reader.problems)
    values["variables"] = tuple(reader.variables.values())
    return Settings(**values)  # type: ignore[arg-type]  # a dict of mixed values; Settings' own annotations are the check


def _mail_host(base_url: str) -> str:
    """Return the host that mails come from when none is named; wrong addresses are named by their own variable."""
    parts = checks.split(base_url)
    host = (parts and parts.hostname) or "localhost"
    try:
        ip_address(host)
    except ValueError:
        return host
    # A mail address cannot end in a bare IP address.
    return "localhost"
