"""A learning platform for first aid for mental health: courses, marking, certificates, reminders, register."""

__version__ = "0.1.0"
