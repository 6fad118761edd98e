"""PDFs: tagged, with title and language, and drawn from nothing but what was handed in."""

import http.server
import re
import subprocess
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mhfa_lms.adapters.pdf import Document, ForbiddenAddressError, PdfUnavailableError, WeasyPrintDrawer

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="#17584D"/></svg>'


def page(body: str, *, head: str = "") -> str:
    """A small document around a body."""
    return f'<!doctype html><html lang="cy"><head><title>A title</title>{head}</head><body>{body}</body></html>'


def draw(body: str, *, head: str = "", stylesheet: str = "", images: dict[str, bytes] | None = None) -> bytes:
    """Draw a body."""
    return WeasyPrintDrawer().draw(Document(page(body, head=head), stylesheet, images or {}, b"an-identifier"))


def tool(*command: str, data: bytes, folder: Path) -> str:
    """What a poppler program says of a PDF."""
    path = folder / "it.pdf"
    path.write_bytes(data)
    run = subprocess.run(
        [*command, str(path), *(["-"] if command[0] == "pdftotext" else [])], capture_output=True, check=True
    )
    return run.stdout.decode()


def unpacked(data: bytes) -> bytes:
    """Every compressed part of a PDF, in the open."""
    streams = re.findall(rb"/FlateDecode.*?stream\n(.*?)\nendstream", data, flags=re.DOTALL)
    return b"\n".join(zlib.decompress(stream) for stream in streams)


def test_it_is_tagged_and_has_title_and_language(tmp_path: Path) -> None:
    data = draw("<h1>Heading</h1><p>Words</p>")
    info = tool("pdfinfo", data=data, folder=tmp_path)
    assert "A title" in info
    assert any(line.split() == ["Tagged:", "yes"] for line in info.splitlines())
    structure = tool("pdfinfo", "-struct-text", data=data, folder=tmp_path)
    assert "H1" in structure
    assert structure.index("Heading") < structure.index("Words")
    assert 'pdfuaid:part="1"' in tool("pdfinfo", "-meta", data=data, folder=tmp_path)
    assert b"/Lang (cy)" in unpacked(data)
    assert tool("pdftotext", data=data, folder=tmp_path).split() == ["Heading", "Words"]


def test_letters_that_fonts_put_together_can_be_read_again(tmp_path: Path) -> None:
    names = ["अमृता शर्मा", "আমিনা খাতুন", "தமிழ்ச்செல்வி", "ศิริพร ใจดี", "Nguyễn"]
    data = draw("".join(f"<p>{name}</p>" for name in [*names, "שָׂרָה"]))
    assert tool("pdftotext", data=data, folder=tmp_path).splitlines()[:5] == names
    assert unpacked(data).count(b"/ActualText") == len(names)


def test_images_handed_in_are_drawn_and_the_result_is_the_same_every_time() -> None:
    body = '<img src="asset:a.svg" alt="A square">'
    with_image = draw(body, images={"a.svg": SVG})
    assert with_image == draw(body, images={"a.svg": SVG})
    assert len(with_image) != len(draw("<p></p>"))


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A web server on this machine, and what was asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(SVG)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}", asked
    httpd.shutdown()
    httpd.server_close()
    thread.join()


WAYS = {
    "image": ('<img src="{url}" alt="">', "", ""),
    "background": ("<p>x</p>", "", "p {{ background: url({url}) }}"),
    "inline style": ("<p style=\"background: url('{url}')\">x</p>", "", ""),
    "style sheet": ("", '<link rel="stylesheet" href="{url}">', ""),
    "import": ("", "<style>@import url('{url}');</style>", ""),
    "font": (
        "<p>x</p>",
        "<style>@font-face {{ font-family: f; src: url('{url}') }} p {{ font-family: f }}</style>",
        "",
    ),
    "svg image": ('<svg viewBox="0 0 9 9"><image href="{url}" width="9" height="9"/></svg>', "", ""),
    "object": ('<object data="{url}">x</object>', "", ""),
    "embed": ('<embed src="{url}">', "", ""),
    "attachment link": ('<a rel="attachment" href="{url}">x</a>', "", ""),
    "attachment": ("", '<link rel="attachment" href="{url}">', ""),
    "list marker": ("<ul><li>x</li></ul>", "", "li {{ list-style-image: url({url}) }}"),
    "content": ("<p>x</p>", "", "p::before {{ content: url({url}) }}"),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_leads_to_the_network_or_to_a_file(way: str, server: tuple[str, list[str]], tmp_path: Path) -> None:
    address, asked = server
    secret = tmp_path / "secret.svg"
    secret.write_bytes(SVG.replace(b"<rect", b"<!-- TOP-SECRET --><rect"))
    body, head, stylesheet = WAYS[way]
    for url in (f"{address}/x.svg", secret.as_uri(), f"{secret}", "asset:other.svg", "ftp://127.0.0.1/x"):
        with pytest.raises(ForbiddenAddressError):
            draw(body.format(url=url), head=head.format(url=url), stylesheet=stylesheet.format(url=url))
    assert asked == []


def test_a_plain_link_is_only_a_link(server: tuple[str, list[str]]) -> None:
    address, asked = server
    assert draw(f'<p><a href="{address}/page">x</a></p>').startswith(b"%PDF")
    assert asked == []


def test_a_machine_without_pango_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> None:
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr("mhfa_lms.adapters.pdf.importlib.import_module", missing)
    with pytest.raises(PdfUnavailableError, match="make system"):
        draw("<p>x</p>")
