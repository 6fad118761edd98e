"""QR codes, read back by another program."""

import io
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from mhfa_lms.adapters import qr


def decoded(path: Path) -> str:
    """What zbarimg reads."""
    run = subprocess.run(["zbarimg", "--quiet", "--raw", str(path)], capture_output=True, check=True, timeout=120)
    return run.stdout.decode().strip()


@pytest.mark.parametrize(
    "text", ["https://learn.example.org/v/7KQ2M9XBT4HF0RWA", "http://127.0.0.1:8000/v/0", f"https://a.org/{'x' * 120}"]
)
def test_another_program_reads_what_was_written(tmp_path: Path, text: str) -> None:
    path = tmp_path / "qr.png"
    path.write_bytes(qr.png(text))
    assert decoded(path) == text


def test_it_is_quiet_around_the_code_and_the_same_every_time() -> None:
    first = qr.png("https://learn.example.org/v/7KQ2M9XBT4HF0RWA")
    assert first == qr.png("https://learn.example.org/v/7KQ2M9XBT4HF0RWA")
    image = Image.open(io.BytesIO(first)).convert("L")
    quiet = 4 * qr.PIXELS_PER_MODULE
    edge = [image.getpixel((x, y)) for x in range(image.width) for y in (0, quiet - 1)]
    assert set(edge) == {255}
    assert image.getpixel((quiet, quiet)) != 255
