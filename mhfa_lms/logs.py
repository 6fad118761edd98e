"""Structured logs, one JSON object a line, without personal data: ids, verbs, durations and routes, never names,
addresses, texts or one-time links."""

import logging
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import structlog

# What may carry a person's data is dropped, whoever logs it.
PERSONAL: Final = frozenset(
    {"email", "name", "address", "to", "text", "password", "token", "ip", "body", "subject", "path"}
)


def drop_personal(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Empty every field that could hold personal data."""
    return {key: ("[left out]" if key in PERSONAL else value) for key, value in event.items()}


def drop_words(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Leave an error's own words out: PostgreSQL's repeat the row that was refused, and with it names and addresses."""
    for one in _with_causes(event.get("exception")):
        one["exc_value"], one["exc_notes"] = "[left out]", []
    return event


def _with_causes(errors: Any) -> Iterator[dict[str, Any]]:
    for one in errors if isinstance(errors, list) else ():
        yield one
        yield from _with_causes(one.get("exceptions"))


def configure(level: int = logging.INFO) -> None:
    """Send logs to standard error, as JSON."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            drop_personal,  # type: ignore[list-item]  # structlog's own alias wants a mutable mapping
            # Without locals: they hold the very data that must stay out.
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            drop_words,  # type: ignore[list-item]
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger() -> Any:
    """Return the logger."""
    return structlog.get_logger()


def place(error: BaseException) -> str:
    """Return where an error was raised, as file:line. Its words stay out of the logs: they may repeat personal data."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
