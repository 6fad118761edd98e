"""What is measured over HTTP: each page with the visits that load it and the aim it has."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from tests.bench import seed
from tests.bench.browser import Browser
from tests.bench.load import CONCURRENCY, Visit, get, post
from tests.bench.seed import Learner, Seeded

OK, SEE_OTHER = 200, 303


class By(StrEnum):
    """What an aim is about."""

    QUERIES = "times the bare page with 3 queries"
    CPU = "ms CPU"
    P95 = "ms p95"
    HASH = "times the bare hash"
    SAME = "times the same page of 100"


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure that must not be passed."""

    most: float
    by: By

    def __str__(self) -> str:
        return f"at most {self.most:g} {self.by}"


@dataclass(frozen=True, slots=True)
class Measured:
    """One page to measure. `visits` make what each connection sends; `path` is weighed when it is a page to read."""

    name: str
    visits: Callable[[], list[Visit]]
    aim: Aim | None = None
    status: int = OK
    path: str = ""
    cookie: str = ""
    # Writes are not repeated: they are sent once each, without warming up.
    once: bool = False
    # Of which page this is the same at another size.
    same_as: str = ""


def reading(path: str, cookies: list[str]) -> Callable[[], list[Visit]]:
    """Return visits that load one page over and over, each connection with a cookie of its own if there are enough."""
    return lambda: [Visit((get(path, cookies[number % len(cookies)]),)) for number in range(CONCURRENCY)]


def pages(seeded: Seeded, port: int) -> Iterator[Measured]:
    """Yield everything to measure, in this order. Some are made by acting on the server first."""
    yield from _learning(seeded, port)
    yield from _marking(seeded, port)
    yield from _coordinating(seeded)
    yield Measured("Certificate checked by anybody", lambda: _checks(seeded.code), path=f"/v/{seeded.code}")
    yield Measured("Signing in (POST)", lambda: _sign_ins(seeded, port), Aim(1.2, By.HASH), status=SEE_OTHER, once=True)
    yield Measured("Start page, not signed in", reading("/", [""]), path="/")


def _learning(seeded: Seeded, port: int) -> Iterator[Measured]:
    readers, takers = seeded.learners[seed.READERS], seeded.learners[seed.TAKERS]
    steps = [step.id for _module, step in seeded.content.steps()]
    step, twice = steps[len(steps) // 2], Aim(2, By.QUERIES)

    def step_visits() -> list[Visit]:
        return [Visit((get(_step(one, step), one.cookie),)) for one in readers]

    def question_visits() -> list[Visit]:
        return [Visit((get(_question(one, 3), one.cookie),)) for one in takers[:CONCURRENCY]]

    yield Measured("Learner: a step", step_visits, twice, path=_step(readers[0], step), cookie=readers[0].cookie)
    yield Measured(
        "Learner: home",
        reading("/home", [one.cookie for one in readers]),
        twice,
        path="/home",
        cookie=readers[0].cookie,
    )
    crowd = seeded.district
    yield _same(f"Learner: home among {crowd.learners:,}", "/home", crowd.learner, "Learner: home")
    yield Measured(
        "Learner: a question of the assessment",
        question_visits,
        Aim(5, By.CPU),
        path=_question(takers[0], 3),
        cookie=takers[0].cookie,
    )
    saved = Aim(60, By.P95)
    writers = seeded.learners[seed.WRITERS]
    yield Measured(
        "Learner: a step done (POST)", lambda: _finishing(port, writers, steps), saved, status=SEE_OTHER, once=True
    )
    yield Measured(
        "Learner: an answer saved (POST)", lambda: _answering(seeded, port, takers), saved, status=SEE_OTHER, once=True
    )
    # An aim is named for eight at once only: fifty stand beside their floor.
    yield Measured(
        "50 learners at once: an answer saved (POST)",
        lambda: _answering(seeded, port, seeded.crowd, len(seeded.crowd)),
        status=SEE_OTHER,
        once=True,
    )


def _marking(seeded: Seeded, port: int) -> Iterator[Measured]:
    cookie, nine, district = seeded.instructor, Aim(9, By.CPU), seeded.district
    short = "Instructor: 100 answers waiting"
    yield Measured(short, reading("/mark", [cookie]), nine, path="/mark", cookie=cookie)
    yield _same(f"Instructor: {district.waiting:,} answers waiting", "/mark", district.instructor, short)
    browser = Browser(port, cookie)
    taken = browser.post("/mark/next", csrf_token=browser.token("/mark")).location
    yield Measured("Instructor: an answer with its rubric", reading(taken, [cookie]), nine, path=taken, cookie=cookie)


def _coordinating(seeded: Seeded) -> Iterator[Measured]:
    few, some, many, nine = seeded.coordinator, seeded.district, seeded.coordinator_of_many, Aim(9, By.CPU)
    for path, short, district, long in (
        ("/coordinate/register", "register of 100", some.certificates, f"register of {seeded.certificates:,}"),
        ("/coordinate", "overview of 100 learners", some.learners, f"overview of {seeded.certificates:,} certificates"),
        ("/coordinate/people", "100 people", some.learners, f"{seeded.certificates // 2:,} people"),
    ):
        name = f"Coordinator: {short}"
        yield Measured(name, reading(path, [few]), nine, path=path, cookie=few)
        yield _same(name.replace("100", f"{district:,}"), path, some.coordinator, name)
        yield _same(f"Coordinator: {long}", path, many, name)


def _same(name: str, path: str, cookie: str, short: str) -> Measured:
    """Return a page that was measured at a size of 100 before."""
    return Measured(name, reading(path, [cookie]), Aim(1.5, By.SAME), path=path, cookie=cookie, same_as=short)


def _step(learner: Learner, step: str) -> str:
    return f"/learn/{learner.enrolment_id}/step/{step}"


def _question(learner: Learner, place: int) -> str:
    return f"/learn/{learner.enrolment_id}/assessment/1/question/{place}"


def _spread(requests: list[list[str]], connections: int = CONCURRENCY) -> list[Visit]:
    """Share people's requests out over the connections, each person's in their order on one connection."""
    return [
        Visit(tuple(one for mine in requests[number::connections] for one in mine), again=False)
        for number in range(connections)
    ]


def _finishing(port: int, writers: list[Learner], steps: list[str]) -> list[Visit]:
    """Every writer finishes every step: each request inserts a row."""
    return _spread([_finish_all(Browser(port, one.cookie), one, steps) for one in writers])


def _finish_all(browser: Browser, learner: Learner, steps: list[str]) -> list[str]:
    token = browser.token(_step(learner, steps[0]))
    body = urlencode({"csrf_token": token, "do": "continue"})
    return [post(_step(learner, step), body, browser.cookie) for step in steps]


ROUNDS: Final = 6


def _answering(seeded: Seeded, port: int, takers: list[Learner], connections: int = CONCURRENCY) -> list[Visit]:
    """Every taker answers every question, and changes the answer some times: each request writes a row."""
    return _spread([_answer_all(seeded, Browser(port, one.cookie), one) for one in takers], connections)


def _answer_all(seeded: Seeded, browser: Browser, learner: Learner) -> list[str]:
    token = browser.token(_question(learner, 1))
    places = range(1, seeded.content.assessment.draw + 1)
    chosen = {place: _first_choice(browser, learner, place) for place in places}
    return [
        post(
            _question(learner, place),
            urlencode({"csrf_token": token, "version": version, "page": "bench", "choice": chosen[place]}),
            browser.cookie,
        )
        for version in range(1, ROUNDS + 1)
        for place in places
        # A question of a kind with fields of its own has none of this name.
        if chosen[place]
    ]


def _first_choice(browser: Browser, learner: Learner, place: int) -> str:
    page = browser.get(_question(learner, place)).text
    return page.partition('name="choice" value="')[2].partition('"')[0]


def _checks(code: str) -> list[Visit]:
    """Checks of one certificate, each from another address: a limit counts them by address."""
    return [
        Visit(tuple(get(f"/v/{code}", headers=[f"X-Forwarded-For: 10.0.{number}.{one}"]) for one in range(1, 250)))
        for number in range(CONCURRENCY)
    ]


SIGN_INS: Final = 12


def _sign_ins(seeded: Seeded, port: int) -> list[Visit]:
    """Every connection signs people in, each with an own form."""
    return _spread([_sign_in(Browser(port), email) for email in seeded.emails[: CONCURRENCY * SIGN_INS]])


def _sign_in(browser: Browser, email: str) -> list[str]:
    token = browser.token("/sign-in")
    body = urlencode({"csrf_token": token, "email": email, "password": seed.PASSWORD})
    return [post("/sign-in", body, browser.cookie)]
