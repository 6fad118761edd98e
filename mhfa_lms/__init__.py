"""A learning platform for first aid for mental health: courses, marking, certificates, reminders, register."""

from typing import Final

__version__: Final = "0.1.0"
