"""What the machine's fonts hold, as fontconfig's own program tells it."""

import subprocess

import pytest

from mhfa_lms.adapters import fonts


@pytest.mark.parametrize("letter", ["A", "ß", "Ж", "أ", "字", "ߒ", "𞤀", "🙂", "\U0001fbff", "\ue123"])
def test_a_letter_is_covered_when_some_scalable_font_has_it(letter: str) -> None:
    covered = fonts.coverage()
    assert covered is not None
    listed = subprocess.run(
        ["fc-list", f":charset={ord(letter):x}:scalable=true", "family"], capture_output=True, check=True
    ).stdout
    assert covered(letter) == bool(listed.strip())


def test_a_machine_without_fontconfig_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "LIBRARY", "libno-such-fontconfig.so.1")
    fonts._library.cache_clear()
    fonts.coverage.cache_clear()
    try:
        assert fonts.coverage() is None
    finally:
        fonts._library.cache_clear()
        fonts.coverage.cache_clear()
