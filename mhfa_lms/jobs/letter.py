"""What a mail is before it is written."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Letter:
    """What is known of a mail before it is written. `zone` is the time zone in which its day is counted."""

    kind: str
    to: str
    locale: str
    facts: dict[str, Any]
    internet_id: str
    zone: str = "UTC"
