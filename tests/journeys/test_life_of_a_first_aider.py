"""The whole life of a first aider in the browser: joining, learning, being assessed, being marked, the certificate, its
check, the reminder, and the register. Once by keyboard with axe on every page, once with JavaScript off."""

import re
import subprocess
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from mhfa_lms.content import loader, playing
from mhfa_lms.content.conversations import Conversation
from mhfa_lms.content.questions import Question
from mhfa_lms.content.schema import Course, Step
from mhfa_lms.paths import courses_dir
from mhfa_lms.services.periods import add_months
from tests.journeys.conftest import Server, axe, follow, link_in, open_page, sideways, sign_in
from tests.journeys.hands import Hand, Keyboard, Pointer, answer

PASSWORD = "quiet harbour lantern"
ANSWER = (
    "I would ask my supervisor to cover for ten minutes and sit down beside Sam where nobody listens. I would say"
    " that I noticed how quiet the last weeks have been and what was said today. Then I would ask plainly: Are you"
    " thinking about suicide? I would listen, say back what I hear, and thank Sam for telling me. I would say that I"
    " cannot keep this to myself, and that I will stay. If Sam means to act soon I would not leave and would call the"
    " emergency number. We would look at Help now together and agree who to ring tonight. Tomorrow before the shift I"
    " would come back and ask."
)
Look = Callable[[Page], None]


@pytest.fixture(scope="module")
def course() -> Course:
    return loader.load(courses_dir() / "first-conversation")


def join(hand: Hand, server: Server, email: str, name: str, look: Look) -> None:
    page = hand.page
    page.goto("/join/alder-valley")
    look(page)
    hand.press(page.get_by_role("button", name="Join", exact=True))
    expect(page).to_have_title(re.compile("^Error: "))
    look(page)
    hand.write("Your name", name)
    hand.write("E-mail address", email)
    hand.write("Choose a password", PASSWORD)
    hand.pick(page.locator("input[name=audience]").first)
    hand.tick("I am 18 or older")
    hand.press(page.get_by_role("button", name="Join", exact=True))
    expect(page.get_by_role("heading", name="Look in your mail")).to_be_visible()
    look(page)
    page.goto(link_in(server.wait_for_mail(email, "/confirm/")))
    look(page)
    hand.press(page.get_by_role("button", name="Confirm and go on"))
    expect(page).to_have_url(re.compile("/home$"))


def learn(hand: Hand, course: Course, look: Look) -> None:
    page = hand.page
    look(page)
    hand.press(page.get_by_role("button", name="Start this course"))
    look(page)
    hand.press(page.locator(".hero .btn"))
    for module, step in course.steps():
        expect(page.get_by_role("heading", level=1)).to_have_text(step.title)
        look(page)
        if step.id == module.steps[-1].id and step.content_note:
            hand.press(page.get_by_role("button", name="Read a summary instead"))
            look(page)
            hand.press(page.get_by_role("link", name="Continue", exact=True))
        else:
            read(hand, course, step, look)
        if step.id == module.steps[-1].id:
            look(page)
            if module.id != course.modules[-1].id:
                hand.press(page.locator(".hero .btn"))


def read(hand: Hand, course: Course, step: Step, look: Look) -> None:
    """Read a step to its end, talk with whom it has, and answer its question."""
    page = hand.page
    if step.content_note:
        # The page with the feedback shows the text too: it is looked at there.
        hand.press(page.get_by_role("link", name="Read the step"))
    if step.question:
        answer(hand, step.question)
        hand.press(page.get_by_role("button", name="Check my answer"))
        expect(page.get_by_role("heading", name="Your answer")).to_be_visible()
        look(page)
    conversation = course.conversation(step.conversation or "")
    if conversation is None:
        hand.press(page.get_by_role("button", name="Continue", exact=True))
    else:
        hand.press(page.get_by_role("link", name="Begin the conversation"))
        talk(hand, conversation, look)
        hand.press(page.get_by_role("button", name="Continue with the course"))


def talk(hand: Hand, conversation: Conversation, look: Look) -> None:
    """Say what helps, up to an ending, and look at the way."""
    for turn in playing.helpful_way(conversation).turns:
        expect(hand.page.get_by_role("heading", level=2, name=turn.scene.title)).to_be_visible()
        hand.choose({turn.choice.say})
        hand.press(hand.page.get_by_role("button", name="Go on with this"))
    look(hand.page)
    hand.press(hand.page.get_by_role("link", name="See the way you took"))
    look(hand.page)


def be_assessed(hand: Hand, course: Course, look: Look) -> None:
    page = hand.page
    pool: dict[str, Question] = {question.prompt: question for question in course.assessment.questions}
    hand.press(page.get_by_role("link", name="Go to the assessment"))
    look(page)
    hand.press(page.get_by_role("button", name="Start the assessment"))
    for number in range(1, course.assessment.draw + 1):
        answer(hand, pool[page.locator("form legend, form label.big").inner_text().strip()])
        if number in {1, course.assessment.draw}:
            look(page)
        hand.press(page.locator("form .btn.big"))
    look(page)
    hand.press(page.get_by_role("button", name="Hand in and see my result"))
    expect(page.get_by_role("heading", name="You have passed the assessment")).to_be_visible()
    look(page)


def write_answer(hand: Hand, look: Look) -> None:
    page = hand.page
    hand.press(page.get_by_role("link", name="Write your answer"))
    look(page)
    hand.write(page.locator("label[for=text]").inner_text(), ANSWER)
    hand.press(page.get_by_role("button", name="Save and finish later"))
    page.goto("/home")
    hand.press(page.get_by_role("link", name="Continue writing"))
    expect(page.locator("textarea")).to_have_value(ANSWER)
    hand.press(page.get_by_role("button", name="Hand in my answer"))
    look(page)
    page.goto("/home")
    expect(page.get_by_role("heading", name="Your answer is with your instructor")).to_be_visible()
    look(page)


def mark_until(page: Page, server: Server, look: Look, *, keys: bool) -> None:
    """Mark answers until the learner's is among them: the oldest come first."""
    sign_in(page, server, "instructor")
    page.goto("/mark")
    look(page)
    follow(page.locator("form[action='/mark/next'] button"))
    for _answer in range(12):
        ours = page.get_by_text("ask my supervisor to cover for ten minutes").is_visible()
        look(page)
        if keys:
            # Five presses: the required action follows from the level of the first line (see `shown_by`).
            for key in "3333":
                page.keyboard.press(key)
            with page.expect_navigation():
                page.keyboard.press("Control+Enter")
        else:
            for group in page.locator("fieldset.crit").all():
                group.locator("input").nth(2 if group.locator("input").count() == 4 else 0).check()
            follow(page.locator("#mark .btn.big"))
        if ours:
            return
    raise AssertionError("the answer never came")


def hold_certificate(page: Page, server: Server, email: str, name: str, look: Look) -> str:
    """Find the certificate, read its PDF, scan its QR code, check it signed out; returns the code."""
    text = server.wait_for_mail(email, "/certificates/")
    page.goto(link_in(text[text.index("http") :]))
    expect(page.get_by_role("heading", name="Your certificate")).to_be_visible()
    for _wait in range(240):
        if page.get_by_role("link", name="Download as PDF").is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    look(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as PDF").click()
    pdf = Path(download.value.path())
    printed = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    assert name in printed
    assert "First conversation first aider" in printed
    page.wait_for_load_state()
    return page.url.rsplit("/", 1)[1]


def address_in_qr(pdf_folder: Path, pdf: bytes) -> str:
    (pdf_folder / "certificate.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", "150", "-png", "certificate.pdf", "page"], cwd=pdf_folder, check=True)
    scanned = subprocess.run(
        ["zbarimg", "-q", "--raw", "page-1.png"], cwd=pdf_folder, capture_output=True, text=True, check=True
    )
    return scanned.stdout.strip()


def check_certificate(page: Page, path: str, name: str, look: Look) -> None:
    page.goto(path)
    expect(page.locator("#main").get_by_text(name)).to_be_visible()
    expect(page.locator("#main").get_by_text("valid", exact=False).first).to_be_visible()
    look(page)


def be_reminded(server: Server, email: str) -> None:
    """Half a year before the expiry the first reminder goes out; asking twice changes nothing."""
    expires_on = add_months(date.today(), 36)  # noqa: DTZ011  # the journey happens today
    due = (expires_on - timedelta(days=179)).isoformat()
    server.command("tick", "--as-of", f"{due}T12:00:00+00:00")
    server.command("tick", "--as-of", f"{due}T18:00:00+00:00")
    server.command("send-mail", "--once")
    reminders = [mail for mail in server.mails_to(email) if "valid until" in str(mail["Subject"])]
    assert len(reminders) == 1


def read_register(page: Page, server: Server, name: str, code: str, look: Look) -> None:
    sign_in(page, server, "coordinator")
    page.goto("/coordinate/register")
    look(page)
    page.get_by_label("Name or certificate number").fill(name)
    follow(page.get_by_role("button", name="Show results"))
    look(page)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Export this 1 as CSV")).click()
    rows = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert rows[0].startswith("certificate_number,name,organisation,site,course,issued_on,expires_on,standing")
    assert len(rows) == 2
    assert name in rows[1]
    assert code in rows[1].replace("-", "")


def new_page(chromium: Browser, server: Server) -> Page:
    return open_page(chromium, server)[1].page


def test_by_keyboard_with_axe(page: Page, chromium: Browser, server: Server, course: Course, tmp_path: Path) -> None:
    email, name = "amara.diallo@demo.example", "Amara Diallo"
    found: list[str] = []

    def look(here: Page) -> None:
        found.extend(f"{here.url}: {violation}" for violation in axe(here))
        assert sideways(here) <= 0, here.url

    hand = Keyboard(page)
    join(hand, server, email, name, look)
    learn(hand, course, look)
    be_assessed(hand, course, look)
    write_answer(hand, look)
    mark_until(new_page(chromium, server), server, look, keys=True)
    code = hold_certificate(page, server, email, name, look)
    pdf = page.context.request.get(f"/certificates/{code}.pdf").body()
    path = address_in_qr(tmp_path, pdf).removeprefix(server.address)
    assert path == f"/v/{code}"
    check_certificate(new_page(chromium, server), path, name, look)
    read_register(new_page(chromium, server), server, name, code, look)
    be_reminded(server, email)
    assert found == []


def test_with_javascript_off(plain_page: Page, chromium: Browser, server: Server, course: Course) -> None:
    email, name = "mirela.ionescu@demo.example", "Mirela Ionescu"

    def look(here: Page) -> None:
        expect(here.get_by_role("link", name="Help now").first).to_be_visible()

    hand = Pointer(plain_page)
    join(hand, server, email, name, look)
    learn(hand, course, look)
    be_assessed(hand, course, look)
    write_answer(hand, look)
    marker = open_page(chromium, server, java_script_enabled=False)[1].page
    mark_until(marker, server, look, keys=False)
    code = hold_certificate(plain_page, server, email, name, look)
    check_certificate(plain_page, f"/v/{code}", name, look)
    read_register(open_page(chromium, server, java_script_enabled=False)[1].page, server, name, code, look)
