"""A learning platform that trains, certifies and reminds mental health first aiders."""

from typing import Final

__version__: Final = "0.1.0"
