"""The privacy notice that people accept, by its version."""

from typing import Final

# The day on which templates/public/privacy.html last changed in meaning.
PRIVACY_VERSION: Final = "2026-11-22"
