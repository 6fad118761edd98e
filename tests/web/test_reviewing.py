"""The reviewer's page: a whole revision, comments that hold their place, the sign-off; and the preview of the files."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.content import loader, passages, starter
from mhfa_lms.content.corrections import too_large
from mhfa_lms.content.schema import Course, Translated
from mhfa_lms.models import Account, CourseRevision, CourseSignOff, Membership, ReviewComment, ReviewerKind
from mhfa_lms.paths import courses_dir
from mhfa_lms.web.reviewing import preview
from tests import kinds, make, markup
from tests.counting import queries
from tests.small_course import course, document

PAGE = "/review/small"


@pytest.fixture
def revision(client: FlaskClient) -> CourseRevision:
    return make.published(open=False)


@pytest.fixture
def reviewer(client: FlaskClient, revision: CourseRevision) -> FlaskClient:
    """A browser in which a clinician who reviews the small course is signed in."""
    member = make.member()
    make.reviewer(db.session().get_one(Account, member.account_id), revision)
    return make.signed_in(client, member)


def test_a_whole_revision_stands_on_one_page_with_its_keys(reviewer: FlaskClient) -> None:
    assert 'href="/review/small"' in reviewer.get("/review").text
    page = reviewer.get(PAGE).text
    assert "Body of <strong>one-a</strong>." in page
    assert "Because 6." in page
    assert page.count("Right answer") == 7
    assert "Exemplar 4" in page
    assert "Nobody has signed this revision off." in page
    assert "This course has not yet been clinically reviewed." in page
    assert reviewer.get(f"{PAGE}?revision=9").status_code == 404
    assert reviewer.get(f"{PAGE}?revision=x").status_code == 404


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def shown(client: FlaskClient, content: Course) -> str:
    """The review page of a course, as an administrator meets it."""
    make.published(content, open=False)
    make.signed_in(client, administrator())
    return client.get(f"/review/{content.slug}").text


def test_a_conversation_reads_as_one(client: FlaskClient) -> None:
    page = shown(client, loader.load(courses_dir() / "first-conversation"))
    words = words_of(page)
    assert "Scene The last cloth" in words
    assert "Leads to: Two cups of tea" in words
    assert "Leads to the ending: Until Friday" in words
    assert "Shows: Hears, and stays with what is said: harmful" in words
    assert "Needed, and missing: Asked directly about suicide" in words
    assert "scenes closing" not in words
    assert "::: say" not in words
    for anchor in re.findall(r'href="#(leyla-after-closing\.[^"]+)"', page):
        assert page.count(f'id="{anchor}"') == 1
    assert re.search(r'<img src="/media/[0-9a-f]{64}/six-stones.webp"[^>]* alt="[^"]+"', page)
    # As learners meet them: the note, the summary, then the text.
    step = page[page.index('class="review-part step"') :]
    noted = next(one for one in step.split('class="review-part step"') if "Topic of the note" in one)
    assert noted.index("Content note") < noted.index(">Summary") < noted.index(">Text")


def test_right_answers_of_every_kind_are_said(client: FlaskClient) -> None:
    pool = document()["assessment"]
    extra = [kinds.document(kind, module=document()["modules"][0]["id"]) for kind in kinds.DOCUMENTS]
    words = words_of(shown(client, course(assessment={**pool, "questions": [*pool["questions"], *extra]})))
    for answer in ("shows you heard", "place 4", "73.5", "SECRET word, another"):
        assert f"Right answer: {answer}" in words
    assert "To choose for the gap next Right answer agree" in words
    assert "An answer to compare with SECRET model." in words


def test_recordings_can_be_played_and_files_be_taken_along(client: FlaskClient) -> None:
    modules = document()["modules"]
    file = {"sha256": "a" * 64, "size": 5}
    talk = {"kind": "video", "file": {**file, "name": "talk.webm"}, "captions": {**file, "name": "talk.vtt"}}
    step = modules[0]["steps"][0]
    step["media"] = [{**talk, "title": "A talk", "duration": "0:05", "transcript": "She **listens** long."}]
    step["download"] = [{"file": {**file, "name": "card.pdf"}, "title": "A card"}]
    page = shown(client, course(modules=modules))
    assert '<video controls preload="none"' in page
    assert f'<track kind="captions" src="/media/{"a" * 64}/talk.vtt"' in page
    assert f'href="/media/{"a" * 64}/card.pdf?save=1"' in page


def test_the_signer_is_told_what_is_still_open(reviewer: FlaskClient) -> None:
    assert "still open" not in reviewer.get(PAGE).text
    for text in ("One thing.", "Another."):
        reviewer.post(f"{PAGE}/comment", data={"at": "one-a.body", "text": text})
    page = reviewer.get(PAGE).text
    assert page.index("2 comments are still open.") < page.index("/sign-off")


def test_a_comment_stays_with_its_passage_and_says_when_that_changed(
    reviewer: FlaskClient, revision: CourseRevision
) -> None:
    form = reviewer.get(f"{PAGE}/comment?at=one-a&revision=1").text
    assert 'value="one-a.body"' in form
    empty = reviewer.post(f"{PAGE}/comment", data={"at": "one-a.body", "text": " "})
    assert empty.status_code == 422
    assert "Error:" in empty.text
    kept = reviewer.post(f"{PAGE}/comment", data={"at": "one-a.body", "text": "Say <b>what</b> it does."})
    assert (kept.status_code, kept.headers["Location"]) == (303, f"{PAGE}?revision=1#one-a")
    assert "Say &lt;b&gt;what&lt;/b&gt; it does." in reviewer.get(PAGE).text
    changed = document()
    changed["modules"][0]["steps"][0]["body"] = "Body, made **shorter**."
    make.published(course(modules=changed["modules"]), open=False)
    assert "The passage has changed since" in reviewer.get(PAGE).text
    assert "The passage has changed since" not in reviewer.get(f"{PAGE}?revision=1").text
    thread = db.session().scalars(select(ReviewComment.id)).one()
    address = f"{PAGE}/threads/{thread}"
    assert "<del>" in reviewer.get(address).text
    assert reviewer.post(address, data={"do": "answer", "text": ""}).status_code == 422
    assert reviewer.post(address, data={"do": "answer", "text": "It is shorter now."}).status_code == 303
    assert reviewer.post(address, data={"do": "resolve", "text": ""}).status_code == 303
    assert "Settled" in reviewer.get(PAGE).text
    gone = document()
    gone["modules"][0]["steps"].pop(0)
    make.published(course(modules=gone["modules"]), open=False)
    assert "About parts that are gone" in reviewer.get(PAGE).text
    assert "It said:" in reviewer.get(address).text


def test_signing_off_needs_the_tick_opens_the_course_and_shows_to_learners(reviewer: FlaskClient) -> None:
    number = db.session().scalars(select(CourseRevision.id)).one()
    address = f"{PAGE}/{number}/sign-off"
    reviewer.post(address)
    assert db.session().scalars(select(CourseSignOff)).all() == []
    db.session().rollback()
    assert reviewer.post(address, data={"read": "yes"}).status_code == 303
    assert "Dr Ada Quist" in reviewer.get(PAGE).text
    assert reviewer.post(f"{PAGE}/999999/sign-off", data={"read": "yes"}).status_code == 404
    shown = re.sub(r"<[^>]+>", "", reviewer.get("/courses/small").text)
    assert "Clinically reviewed by Dr Ada Quist, Psychologist on" in shown


def test_a_sign_off_is_withdrawn_with_a_reason(reviewer: FlaskClient) -> None:
    number = db.session().scalars(select(CourseRevision.id)).one()
    reviewer.post(f"{PAGE}/{number}/sign-off", data={"read": "yes"})
    sign = db.session().scalars(select(CourseSignOff.id)).one()
    address = f"{PAGE}/sign-offs/{sign}/withdraw"
    refused = reviewer.post(address, data={f"because-{sign}": ""})
    assert refused.status_code == 422
    assert markup.problems(refused.text) == []
    assert reviewer.post(address, data={f"because-{sign}": "Out <b>of date</b>."}).status_code == 303
    assert "Out &lt;b&gt;of date&lt;/b&gt;." in reviewer.get(PAGE).text
    assert "Clinically reviewed by" not in reviewer.get("/courses/small").text
    assert reviewer.post(f"{PAGE}/sign-offs/999999/withdraw", data={"because-999999": "x"}).status_code == 404


def test_nobody_else_sees_a_review(client: FlaskClient, revision: CourseRevision) -> None:
    member = make.member()
    make.reviewer(db.session().get_one(Account, member.account_id), revision)
    other = make.published(course("other"))
    thread = make.review_comment(other, make.member()).id
    make.signed_in(client, member)
    for address in ("/review/other", "/review/other/comment", f"/review/small/threads/{thread}", "/review/none"):
        assert client.get(address).status_code == 404
    assert client.post(f"/review/other/threads/{thread}", data={"do": "resolve"}).status_code == 404
    assert client.get("/admin").status_code == 403
    make.signed_in(client, make.member())
    assert client.get("/review").status_code == 403
    assert client.get(PAGE).status_code == 404
    assert "Reviews" not in client.get("/home").text


def test_a_community_reader_does_not_open_the_course(client: FlaskClient, revision: CourseRevision) -> None:
    number, member = revision.id, make.member()
    make.reviewer(db.session().get_one(Account, member.account_id), revision, kind=ReviewerKind.COMMUNITY)
    make.signed_in(client, member)
    client.post(f"{PAGE}/{number}/sign-off", data={"read": "yes"})
    assert "Not open to new learners" in client.get(PAGE).text
    assert "(for the community)" in client.get(PAGE).text


def test_the_page_asks_the_database_no_more_when_much_was_said(reviewer: FlaskClient) -> None:
    def say() -> None:
        writer = make.member()
        make.review_comment(db.session().scalars(select(CourseRevision)).one(), writer)

    say()
    reviewer.get(PAGE)
    with queries() as few:
        reviewer.get(PAGE)
    for _number in range(10):
        say()
    with queries() as many:
        reviewer.get(PAGE)
    assert len(few) == len(many) <= 12


@pytest.fixture
def files(app: Flask, tmp_path: Path) -> Path:
    starter.write(tmp_path / "courses" / "listening", title="Listening")
    app.extensions["mhfa_settings"] = replace(app.extensions["mhfa_settings"], courses_dir=tmp_path / "courses")
    return tmp_path / "courses" / "listening"


def administrator() -> Membership:
    return make.member(holder=make.account("admin@example.org", is_admin=True))


def test_a_preview_shows_the_files_as_they_are_and_stores_nothing(client: FlaskClient, files: Path) -> None:
    make.signed_in(client, administrator())
    page = client.get("/preview/listening").text
    assert "This is a preview" in page
    assert "Right answer" in page
    (files / "course.yaml").write_text((files / "course.yaml").read_text().replace("Listening", "Hearing", 1))
    assert "Hearing" in client.get("/preview/listening").text
    assert db.session().scalars(select(CourseRevision.id)).all() == []
    (files / "course.yaml").write_text("title: broken\n")
    assert "There is nothing to preview yet" in client.get("/preview/listening").text
    for nothing in ("..", "%2e%2e%2fcourses", "none"):
        assert client.get(f"/preview/{nothing}").status_code == 404


def test_a_translation_stands_beside_its_source_and_a_stale_one_says_so(client: FlaskClient, files: Path) -> None:
    content = loader.load(files)
    step = content.modules[0].steps[0]
    of = passages.digest(step.body)
    found = {f"{step.id}.body": (of, "Frisch."), "course.summary": ("0" * 16, "Veraltet.")}
    translated = content.model_copy(
        update={"translations": {"de": {key: Translated(of=of, text=text) for key, (of, text) in found.items()}}}
    )
    beside = preview.beside(translated, "de")
    assert beside == {f"{step.id}.body": ("Frisch.", False), "course.summary": ("Veraltet.", True)}
    assert preview.beside(translated, "fr") == {}
    assert too_large(content.model_dump(mode="json"), translated.model_dump(mode="json")) == []
    make.signed_in(client, administrator())
    assert client.get("/preview/listening?language=de").status_code == 200


def test_a_preview_is_for_administrators_and_the_courses_reviewers(client: FlaskClient, files: Path) -> None:
    assert client.get("/preview/listening").status_code == 303
    member = make.member()
    make.signed_in(client, member)
    assert client.get("/preview/listening").status_code == 404
    make.reviewer(db.session().get_one(Account, member.account_id), make.published())
    assert client.get("/preview/listening").status_code == 404
    make.reviewer(db.session().get_one(Account, member.account_id), make.published(course("listening")))
    assert client.get("/preview/listening").status_code == 200


def test_each_step_is_previewed_as_learners_meet_it(client: FlaskClient, files: Path) -> None:
    make.signed_in(client, administrator())
    page = client.get("/preview/listening").text
    steps = re.findall(r'href="(/preview/listening/step/[^"?]+)"', page)
    assert len(steps) == len(set(steps)) > 0
    for address in steps:
        shown = client.get(address)
        assert shown.status_code == 200, address
        assert markup.problems(shown.text) == [], address
        assert "/learn/" not in shown.text.replace("/learn/waiting", "")
        inside = shown.text.split("<fieldset")[1]
        assert "disabled" in inside.split(">")[0]
    assert client.get("/preview/listening/step/none").status_code == 404
    assert client.get("/preview/listening/media/x/..%2Fcourse.yaml").status_code == 404
    assert db.session().scalars(select(CourseRevision)).all() == []


def test_an_administrator_names_reviewers_and_takes_them_off(client: FlaskClient, files: Path) -> None:
    make.published(course("listening"))
    make.account("gone@example.org", deactivated_at=make.NOON)
    make.signed_in(client, administrator())
    form = {"email": "gone@example.org", "name": "Ada Quist", "profession": "Nurse", "kind": "clinical"}
    address = "/admin/courses/listening/reviewers"
    answer = client.post(address, data=form)
    assert answer.status_code == 422
    assert "The account with this address is closed" in answer.text
    assert client.post(address, data={}).status_code == 422
    assert client.post(address, data={**form, "email": "Ada@example.org"}).status_code == 303
    page = client.get("/admin/courses/listening").text
    assert "Nurse" in page
    end = re.search(r"/admin/reviewers/\d+/end", page)
    assert end
    assert client.post(end[0]).status_code == 303
    assert "Nobody has been asked yet." in client.get("/admin/courses/listening").text
