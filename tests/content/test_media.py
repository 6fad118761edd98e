"""What a step's files may be: looked into, not believed by name; and every way in which one is wrong has its line."""

import shutil
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content import captions, loader
from mhfa_lms.content.file_kinds import UnfitFileError, look
from mhfa_lms.content.media import TYPES, Audio, Picture, Video
from mhfa_lms.content.problems import CourseProblemsError
from mhfa_lms.paths import courses_dir
from tests import tiny_media


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the course we ship with a medium of each kind in its first step."""
    made = Path(shutil.copytree(courses_dir() / "first-conversation", tmp_path / "first-conversation"))
    tiny_media.enrich(made)
    return made


def problems(folder: Path) -> str:
    with pytest.raises(CourseProblemsError) as caught:
        loader.load(folder)
    return "\n".join(str(problem) for problem in caught.value.problems)


def change(folder: Path, old: str, new: str) -> None:
    step = min((folder / "modules").glob("*/*.md"))
    text = step.read_text(encoding="utf-8")
    assert old in text
    step.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_step_learns_what_its_files_hold(folder: Path) -> None:
    step = loader.load(folder).modules[0].steps[0]
    picture, video, audio = step.media
    assert isinstance(picture, Picture)
    assert isinstance(video, Video)
    assert isinstance(audio, Audio)
    assert (picture.file.width, picture.file.height) == (600, 300)
    assert (picture.file.size, picture.file.media_type) == (len(tiny_media.png(600, 300)), "image/png")
    assert video.transcript == "A: Hello.\n\nB: **How** are you?"
    assert (video.seconds, video.shape) == (5, (320, 180))
    assert audio.seconds == 65
    assert {file.name for file in step.files} == {
        *("plan.png", "talk.mp4", "talk.vtt", "poster.webp", "voice.mp3", "sheet.pdf")
    }  # fmt: skip


def test_a_recording_has_captions_in_more_languages(folder: Path) -> None:
    more = "    captions: talk.vtt\n    more_captions:\n      - language: de\n        file: talk-de.vtt\n"
    change(folder, "    captions: talk.vtt\n", more)
    assert "there is no file talk-de.vtt" in problems(folder)
    (folder / "media" / "talk-de.vtt").write_text(tiny_media.VTT)
    step = loader.load(folder).modules[0].steps[0]
    video = step.media[1]
    assert isinstance(video, Video)
    assert [(one.language, one.file.name) for one in video.more_captions] == [("de", "talk-de.vtt")]
    assert "talk-de.vtt" in {file.name for file in step.files}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("file: plan.png", "file: ../course.yaml", "name a file in the folder media"),
        ("file: plan.png", "file: other.png", "there is no file other.png"),
        ("file: plan.png", "file: talk.mp4", "this can be one of .jpg, .png, .webp"),
        ("file: plan.png", "file: {name: plan.png}", "name a file in the folder media"),
        ("file: plan.png", "file: plan.svg", "this can be one of .jpg, .png, .webp"),
        ('    alt: "Six stones in a row"\n', "", "a picture needs alt"),
        ('alt: "Six stones in a row"', 'alt: "x"\n    decorative: true', "a picture needs alt"),
        ("    captions: talk.vtt\n", "", "a video in which somebody speaks needs captions"),
        ("    transcript: talk.md\n", "", "transcript"),
        ("transcript: talk.md", "transcript: none.md", "there is no text file none.md"),
        ('duration: "0:05"', 'duration: "0:01"', "begins after the end of the recording"),
        ("kind: audio", "kind: song", "kind"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(folder: Path, old: str, new: str, said: str) -> None:
    change(folder, old, new)
    assert said in problems(folder)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("plan.png", tiny_media.jpeg(), "no whole .png file"),
        ("plan.png", b"", "is empty"),
        ("plan.png", tiny_media.png() + b"\0" * 2**21, "weighs more than 1.0 MB"),
        ("talk.vtt", b"Hello.", "captions begin with the line WEBVTT"),
        ("sheet.pdf", b"MZ", "no whole .pdf file"),
    ],
)
def test_a_file_that_is_not_what_it_says_stops_the_course(folder: Path, name: str, data: bytes, said: str) -> None:
    (folder / "media" / name).write_bytes(data)
    assert said in problems(folder)


def test_a_link_does_not_lead_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(tiny_media.png())
    (folder / "media" / "plan.png").unlink()
    (folder / "media" / "plan.png").symlink_to(tmp_path / "secret.png")
    assert "there is no file plan.png" in problems(folder)


@pytest.mark.parametrize(
    ("name", "data", "shape"),
    [
        ("a.png", tiny_media.png(7, 5), (7, 5)),
        ("a.jpg", tiny_media.jpeg(7, 5), (7, 5)),
        ("a.webp", tiny_media.webp(7, 5), (7, 5)),
        ("a.webp", tiny_media.webp(7, 5, flags=0x10), (7, 5)),
        ("a.mp4", tiny_media.mp4(), None),
        ("a.mp3", b"\xff\xfb\x90\x64", None),
        ("a.docx", tiny_media.docx(), None),
        ("a.txt", "Überall".encode(), None),
    ],
)
def test_files_are_looked_into(tmp_path: Path, name: str, data: bytes, shape: tuple[int, int] | None) -> None:
    (tmp_path / name).write_bytes(data)
    assert look(tmp_path / name) == shape


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.png", tiny_media.png(4, 3, (b"acTL", b"\0" * 8)), "moves by itself"),
        ("a.png", tiny_media.png(4, 3, (b"eXIf", b"\0" * 8)), "data of the camera"),
        ("a.jpg", tiny_media.jpeg(exif=True), "data of the camera"),
        ("a.webp", tiny_media.webp(flags=0x02), "moves by itself"),
        ("a.webp", tiny_media.webp(flags=0x08), "data of the camera"),
        ("a.docx", tiny_media.docx("word/vbaProject.bin"), "macros"),
        ("a.mp4", tiny_media.mp4()[:16], "no whole"),
        ("a.txt", b"\0", "no whole"),
    ],
)
def test_what_would_harm_is_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnfitFileError, match=said):
        look(tmp_path / name)


@given(ending=st.sampled_from(sorted(TYPES)), head=st.sampled_from(range(6)), data=st.binary(max_size=200))
def test_garbage_is_refused_and_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, ending: str, head: int, data: bytes
) -> None:
    made = (tiny_media.png(), tiny_media.jpeg(), tiny_media.webp(), tiny_media.mp4(), tiny_media.docx(), b"")[head]
    cut = struct.unpack("B", data[:1])[0] if data else 0
    path = tmp_path_factory.getbasetemp() / f"garbage.{ending}"
    path.write_bytes(made[:cut] + data)
    with suppress(UnfitFileError):
        look(path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("WEBVTT\n\n00:00.000 --> 00:02.000\n", 3),
        ("WEBVTT\n\n00:03.000 --> 00:02.000\nBack\n", 3),
        ("WEBVTT\n\n0:03 --> 0:05\nNo times\n", 3),
        ("WEBVTT - head\n\nNOTE only this\n", 1),
        ("WEBVTT\n\n00:03.000 --> 00:04.000\nA\n\nname\n00:01.000 --> 00:02.000\nB\n", 7),
    ],
)
def test_captions_that_a_browser_would_leave_out_are_named(text: str, line: int) -> None:
    assert [number for number, _said in captions.problems(text)] == [line]


@given(text=st.text(max_size=200))
def test_any_text_can_be_read_as_captions(text: str) -> None:
    assert all(number >= 1 and said for number, said in captions.problems("WEBVTT\n" + text, 60))


def test_right_captions_have_no_problems() -> None:
    assert list(captions.problems(tiny_media.VTT, 5)) == []
    assert list(captions.problems("\ufeff" + tiny_media.VTT.replace("\n", "\r\n"))) == []


def test_advice_names_heavy_and_forgotten_files(folder: Path) -> None:
    heavy = tiny_media.png(4, 3, (b"tEXt", bytes(250_000)))
    (folder / "media" / "plan.png").write_bytes(heavy)
    (folder / "media" / "forgotten.png").write_bytes(tiny_media.png())
    found = {(one.code, one.path.rpartition("/")[2]) for one in loader.examine(folder)}
    step = min((folder / "modules").glob("*/*.md")).name
    assert {("heavy-file", step), ("unused-file", "forgotten.png")} <= found
    loader.load(folder)
