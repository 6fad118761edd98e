"""Two ways to use a page: with the keyboard alone, or with a pointer where JavaScript is off."""

from typing import Protocol

from playwright.sync_api import Locator, Page

from mhfa_lms.content.questions import Choice, FreeText, Number, Ordering, Question
from tests.journeys.conftest import follow, press_on, tab_to


class Hand(Protocol):
    """Whoever works the page."""

    page: Page

    def press(self, target: Locator) -> None:
        """Follow a link or press a button."""

    def write(self, label: str, text: str) -> None:
        """Fill a field in, by its label."""

    def choose(self, wanted: set[str]) -> None:
        """Choose the options with these texts in the page's only question."""

    def select(self, field: Locator, value: str) -> None:
        """Choose from a list."""

    def fill(self, field: Locator, text: str) -> None:
        """Write into a field."""

    def pick(self, radio: Locator) -> None:
        """Choose the first of a group of radio buttons."""

    def tick(self, label: str) -> None:
        """Tick a box."""


def answer(hand: Hand, question: Question) -> None:
    """Answer the page's question rightly, whatever its kind."""
    if isinstance(question, Choice):
        hand.choose({option.text for option in question.options if option.correct})
    elif isinstance(question, (Number, FreeText)):
        hand.fill(hand.page.locator("[name=choice]"), question.right[0])
    else:
        right = question.right
        # A list of places is sent for each thing to put in order.
        wanted = [f"{one}={place}" for place, one in enumerate(right, 1)] if isinstance(question, Ordering) else right
        for value in wanted:
            hand.select(hand.page.locator(f"select[name=choice]:has(option[value='{value}'])"), value)


def _options(page: Page) -> list[tuple[str, Locator]]:
    rows = page.locator("main label.choice:has(input[name=choice])").all()
    return [(row.locator("span").first.inner_text().strip(), row.locator("input")) for row in rows]


class Keyboard:
    """Tab, arrows, Space and Enter; nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator) -> None:
        press_on(self.page, target)

    def write(self, label: str, text: str) -> None:
        self.fill(self.page.get_by_label(label, exact=True), text)

    def fill(self, field: Locator, text: str) -> None:
        tab_to(self.page, field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def select(self, field: Locator, value: str) -> None:
        tab_to(self.page, field)
        self.page.keyboard.press("Home")
        for _press in range(field.locator("option").count()):
            if field.input_value() == value:
                return
            self.page.keyboard.press("ArrowDown")
        assert field.input_value() == value

    def choose(self, wanted: set[str]) -> None:
        options = _options(self.page)
        assert wanted <= {text for text, _field in options}
        if options[0][1].get_attribute("type") == "checkbox":
            for text, field in options:
                if text in wanted:
                    tab_to(self.page, field)
                    self.page.keyboard.press("Space")
            return
        tab_to(self.page, options[0][1])
        self.page.keyboard.press("Space")
        for _step in range([text in wanted for text, _field in options].index(True)):
            self.page.keyboard.press("ArrowDown")

    def pick(self, radio: Locator) -> None:
        tab_to(self.page, radio)
        self.page.keyboard.press("Space")

    def tick(self, label: str) -> None:
        tab_to(self.page, self.page.get_by_label(label))
        self.page.keyboard.press("Space")


class Pointer:
    """Clicks; for a browser without JavaScript."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator) -> None:
        follow(target)

    def write(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)

    def fill(self, field: Locator, text: str) -> None:
        field.fill(text)

    def select(self, field: Locator, value: str) -> None:
        field.select_option(value)

    def choose(self, wanted: set[str]) -> None:
        for text, field in _options(self.page):
            if text in wanted:
                field.check()

    def pick(self, radio: Locator) -> None:
        radio.check()

    def tick(self, label: str) -> None:
        self.page.get_by_label(label).check()
