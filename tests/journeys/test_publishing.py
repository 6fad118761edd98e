"""A course of one's own from its files to a learner: published, reviewed by somebody who had no account, withdrawn,
accepted with a reason; a passage talked about and settled; and an activity, reported by a learner and confirmed by
an instructor. With axe on the way."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from mhfa_lms.content import loader
from mhfa_lms.paths import courses_dir
from tests import small_course
from tests.journeys.conftest import (
    PHONE,
    Server,
    axe,
    follow,
    link_in,
    open_page,
    sideways,
    sign_in,
    started_server,
)

TITLE = "First aid for mental health: a walk"
PASSWORD = "quiet harbour lantern"
CLINICIAN = "ada@clinic.example"
SHIPPED = "first-conversation"


def write_course(folder: Path) -> None:
    """Write the files of a course with a step to read and an activity. JSON is YAML too."""
    head = small_course.document("a-walk", title=TITLE, scenarios=[], modules=["01-all"])
    # What the shipped course certifies in, so that the demonstration's instructors may confirm.
    head["certification"] = loader.load(courses_dir() / SHIPPED).certification.model_dump(mode="json")
    pool = [{**one, "module": "all"} for one in head["assessment"]["questions"]]
    module = folder / "modules" / "01-all"
    module.mkdir(parents=True)
    (folder / "assessment.yaml").write_text(json.dumps({**head["assessment"], "questions": pool}))
    del head["slug"], head["assessment"], head["glossary"]
    (folder / "course.yaml").write_text(json.dumps(head))
    (module / "module.yaml").write_text(json.dumps({"id": "all", "title": "All", "summary": "Two steps."}))
    for number, (name, more) in enumerate([("read", {}), ("walk", {"activity": {"instructions": "Walk *together*."}})]):
        step = {"id": name, "title": f"Step {name}", **more}
        (module / f"0{number}-{name}.md").write_text(f"---\n{json.dumps(step)}\n---\nSome words to read.\n")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The platform with course files of its own, to which a course comes later."""
    folder = tmp_path_factory.mktemp("publishing")
    shutil.copytree(courses_dir() / SHIPPED, folder / "courses" / SHIPPED)
    with started_server(folder, MHFA_COURSES_DIR=str(folder / "courses")) as running:
        write_course(folder / "courses" / "a-walk")
        yield running


def look(page: Page) -> None:
    """Look at a page on a desk and on a phone, in English and from right to left."""
    for language in ("en", "ar-XB"):
        page.context.add_cookies([{"name": "language", "value": language, "url": page.url}])
        for size in (ViewportSize(width=1280, height=900), PHONE):
            page.set_viewport_size(size)
            page.reload()
            assert axe(page) == [], f"{page.url} {language} {size}"
            assert sideways(page) <= 0, f"{page.url} {language} {size}"
    page.context.clear_cookies(name="language")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.reload()


def glance(page: Page) -> None:
    """Look at a page as it is, on a phone."""
    page.set_viewport_size(PHONE)
    assert axe(page) == [], page.url
    assert sideways(page) <= 0, page.url


def somebody(chromium: Browser, server: Server, who: str, password: str | None = None) -> Page:
    _context, watched = open_page(chromium, server)
    sign_in(watched.page, server, who, password)
    return watched.page


def said(page: Page, words: str) -> None:
    expect(page.locator("main").get_by_text(words).first).to_be_visible()


def test_from_files_to_a_reviewed_course(chromium: Browser, server: Server) -> None:
    admin = somebody(chromium, server, "admin")
    admin.goto("/preview/a-walk")
    admin.get_by_text("Each step as learners meet it").click()
    admin.get_by_role("link", name="Step walk").click()
    said(admin, "Learners meet this step so.")
    expect(admin.get_by_role("button", name="I have done this")).to_be_disabled()
    look(admin)
    admin.goto("/admin/courses/a-walk")
    look(admin)
    admin.get_by_role("button", name="Publish as revision 1").click()
    said(admin, "New learners do not get it yet")
    admin.get_by_text("Ask somebody to review it").click()
    for label, text in (
        ("E-mail address", CLINICIAN),
        ("Name", "Dr Ada Quist"),
        ("Profession or role", "Psychologist"),
    ):
        admin.get_by_label(label, exact=True).fill(text)
    admin.get_by_label("a clinician").check()
    admin.get_by_role("button", name="Let them review it").click()
    said(admin, "They get a mail")

    clinician = choose_password(chromium, server)
    clinician.goto("/review/a-walk")
    look(clinician)
    clinician.get_by_label("I have read all of this revision").check()
    clinician.get_by_role("button", name="Sign revision 1 off").click()
    said(clinician, "You have signed this revision off")
    admin.goto("/admin/courses/a-walk")
    said(admin, "Live: revision 1")
    clinician.get_by_text("Withdraw this sign-off").click()
    clinician.get_by_label("Why it is withdrawn").fill("One passage is out of date.")
    clinician.get_by_role("button", name="Withdraw the sign-off").click()
    said(clinician, "One passage is out of date.")
    look(clinician)
    admin.goto("/admin/courses/a-walk")
    said(admin, "Nobody can begin it yet")
    follow(admin.get_by_role("link", name="Accept revision 1 without a review"))
    look(admin)
    admin.get_by_role("button", name="Accept it without a review").click()
    expect(admin).to_have_title(re.compile("^Error: "))
    admin.get_by_label("Why it may open without a review").fill("The passage is not read before summer.")
    admin.get_by_role("button", name="Accept it without a review").click()
    said(admin, "The course is open to new learners.")
    admin.goto("/admin/courses/a-walk")
    said(admin, "The passage is not read before summer.")
    look(admin)
    admin.context.close()
    clinician.context.close()


def test_a_passage_is_talked_about_and_settled(chromium: Browser, server: Server) -> None:
    """Somebody who only reviews says something about a passage; whoever looks after the course answers and settles."""
    review, comment, reply = f"/review/{SHIPPED}", "Say who can be rung.", "It names the line now."
    admin = somebody(chromium, server, "admin")
    admin.goto(f"/admin/courses/{SHIPPED}")
    admin.get_by_text("Ask somebody to review it").click()
    admin.get_by_label("E-mail address", exact=True).fill("instructor@demo.example")
    admin.get_by_label("Name", exact=True).fill("Ines Reader")
    admin.get_by_label("Profession or role", exact=True).fill("Nurse")
    admin.get_by_label("somebody from the community").check()
    follow(admin.get_by_role("button", name="Let them review it"))

    reader = somebody(chromium, server, "instructor")
    reader.goto(review)
    follow(reader.locator("section.step").first.get_by_role("link", name="Comment on this"))
    follow(reader.get_by_role("button", name="Keep this comment"))
    expect(reader).to_have_title(re.compile("^Error: "))
    look(reader)
    reader.locator("input[name=at][value$='.body']").check()
    reader.get_by_label("What would you like to say?").fill(comment)
    follow(reader.get_by_role("button", name="Keep this comment"))
    said(reader, comment)

    admin.goto(review)
    to_thread = admin.locator("div.note", has_text=comment).get_by_role("link", name="Answer or settle")
    follow(to_thread)
    admin.get_by_label("Your answer").fill(reply)
    follow(admin.get_by_role("button", name="Keep this answer"))
    follow(to_thread)
    said(admin, reply)
    glance(admin)
    follow(admin.get_by_role("button", name="Settle it"))

    reader.reload()
    thread = reader.locator("div.note", has_text=comment)
    expect(thread).to_contain_text(reply)
    expect(thread).to_contain_text("Settled")
    # The whole course is long, so not in every look.
    glance(reader)
    admin.context.close()
    reader.context.close()


def choose_password(chromium: Browser, server: Server) -> Page:
    """Follow the mails of somebody who was asked to review and had no account."""
    asked = link_in(server.wait_for_mail(CLINICIAN, "You are asked to read the course"))
    assert asked == "/forgot"
    _context, watched = open_page(chromium, server)
    page = watched.page
    page.goto(asked)
    page.get_by_label("E-mail address").fill(CLINICIAN)
    follow(page.locator("main").get_by_role("button").first)
    page.goto(link_in(server.wait_for_mail(CLINICIAN, "/reset/")))
    page.locator("input[type=password]").first.fill(PASSWORD)
    follow(page.locator("main").get_by_role("button").first)
    sign_in(page, server, CLINICIAN, PASSWORD)
    expect(page.get_by_role("link", name="Reviews")).to_be_visible()
    return page


def test_an_activity_is_reported_and_confirmed(chromium: Browser, server: Server) -> None:
    server.command("courses", "publish")
    server.command("courses", "accept", "a-walk", "--reason", "For this journey.")
    server.command(
        *("users", "create", "--email", "walker@example.org", "--name", "Wyn Walker"),
        *("--organisation", "alder-valley", "--role", "learner", "--password-stdin"),
        typed=f"{PASSWORD}\n",
    )
    learner = somebody(chromium, server, "walker@example.org", PASSWORD)
    learner.goto("/home")
    learner.locator("section.card", has_text=TITLE).get_by_role("button", name="Start this course").click()
    learner.wait_for_url(re.compile(r"/learn/\d+$"))
    step = f"{learner.url}/step/walk"
    learner.goto(step)
    learner.get_by_label("A note for your instructor, if you like").fill("On Sunday, along the river.")
    learner.get_by_role("button", name="I have done this").click()
    said(learner, "Your instructor has it now.")
    look(learner)
    instructor = somebody(chromium, server, "instructor")
    instructor.goto("/mark/activities")
    said(instructor, "On Sunday, along the river.")
    look(instructor)
    row = instructor.locator("label.choice, tr, li", has_text="Wyn Walker").last
    row.locator("input[type=checkbox]").check()
    follow(instructor.get_by_role("button", name=re.compile("^Confirm")).first)
    said(instructor, "confirmed")
    learner.goto(step)
    said(learner, "Confirmed by your instructor")
    look(learner)
    learner.context.close()
    instructor.context.close()
