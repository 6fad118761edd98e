"""One question of each kind, and questions of every kind with any content."""

from typing import Any, Final

from hypothesis import strategies as st

from mhfa_lms.content import questions
from mhfa_lms.content.questions import Question

LETTERS: Final = "abcdefgh"
# One of each kind, as an author writes them; their keys hold words of their own, to be looked for in pages.
DOCUMENTS: Final[dict[str, dict[str, Any]]] = {
    "single": {
        "prompt": "What helps first?",
        "options": [
            {"id": "listen", "text": "Listening", "correct": True, "feedback": "SECRET-listening helps."},
            {"id": "advise", "text": "Advice", "feedback": "SECRET-advice can wait."},
            {"id": "joke", "text": "A joke", "feedback": "SECRET-jokes hurt."},
        ],
    },
    "multiple": {
        "prompt": "What shows that you listen?",
        "options": [
            {"id": "quiet", "text": "Being quiet", "correct": True, "feedback": "SECRET-quiet."},
            {"id": "back", "text": "Saying it back", "correct": True, "feedback": "SECRET-back."},
            {"id": "phone", "text": "Your phone", "feedback": "SECRET-phone."},
            {"id": "clock", "text": "The clock", "feedback": "SECRET-clock."},
        ],
        "feedback": {"right": "SECRET-all", "partly": "SECRET-some", "wrong": "SECRET-none"},
    },
    "true-false": {
        "prompt": "Asking about suicide plants the idea.",
        "options": [
            {"id": "true", "text": "True", "feedback": "SECRET-true."},
            {"id": "false", "text": "False", "correct": True, "feedback": "SECRET-false."},
        ],
    },
    "matching": {
        "prompt": "What does each of these do?",
        "items": [
            {"id": "open", "text": "An open question", "target": "room", "feedback": "SECRET-open."},
            {"id": "echo", "text": "Saying it back", "target": "heard", "feedback": "SECRET-echo."},
            {"id": "wait", "text": "Waiting", "target": "time", "feedback": "SECRET-wait."},
        ],
        "targets": [
            {"id": "room", "text": "makes room"},
            {"id": "heard", "text": "shows you heard"},
            {"id": "time", "text": "gives time"},
            {"id": "fix", "text": "solves it"},
        ],
    },
    "ordering": {
        "prompt": "In which order?",
        "items": [
            {"id": "zebra", "text": "Notice", "feedback": "SECRET-notice."},
            {"id": "mango", "text": "Ask", "feedback": "SECRET-ask."},
            {"id": "apple", "text": "Listen", "feedback": "SECRET-hear."},
            {"id": "delta", "text": "Come back", "feedback": "SECRET-return."},
        ],
    },
    "gap": {
        "prompt": "Fill the gaps.",
        "text": "First {verb}, and then {next} what to do.",
        "gaps": [
            {
                "id": "verb",
                "options": [
                    {"id": "one", "text": "listen", "correct": True, "feedback": "SECRET-verb."},
                    {"id": "two", "text": "talk", "feedback": "SECRET-talk."},
                ],
            },
            {
                "id": "next",
                "options": [
                    {"id": "one", "text": "order", "feedback": "SECRET-order."},
                    {"id": "two", "text": "agree", "correct": True, "feedback": "SECRET-agree."},
                    {"id": "three", "text": "guess"},
                ],
            },
        ],
    },
    "number": {"prompt": "How long at most?", "answer": "73.5", "tolerance": "2.25", "unit": "days"},
    "text": {"prompt": "One word for it?", "accepted": ["SECRET word", "another"], "model": "SECRET model."},
}


def document(kind: str, **more: Any) -> dict[str, Any]:
    """Return the document of the question of a kind; `more` replaces its settings."""
    return {
        "id": f"ask-{kind}",
        "kind": kind,
        "explanation": "SECRET-because.",
        "hint": "Think.",
        **DOCUMENTS[kind],
        **more,
    }


def question(kind: str, **more: Any) -> Question:
    """Return the question of a kind."""
    return questions.read(document(kind, **more))


@st.composite
def any_question(draw: st.DrawFn, kinds: tuple[str, ...] = tuple(DOCUMENTS)) -> Question:
    """Return a question of any kind and size."""
    kind = draw(st.sampled_from(kinds))
    ids = LETTERS[: draw(st.integers(3, 6))]
    parts = [{"id": one, "text": one} for one in ids]
    head = {"id": "q", "kind": kind, "prompt": "?"}
    if kind in {"single", "multiple", "true-false"}:
        many = draw(st.sets(st.sampled_from(ids), min_size=1)) if kind == "multiple" else {ids[0]}
        options = [{**one, "correct": one["id"] in many} for one in parts[: 2 if kind == "true-false" else None]]
        return questions.read({**head, "options": options})
    if kind == "matching":
        items = [{**one, "target": draw(st.sampled_from(ids))} for one in parts]
        return questions.read({**head, "items": items, "targets": parts})
    if kind == "ordering":
        return questions.read({**head, "items": draw(st.permutations(parts))})
    if kind == "gap":
        gaps = [{"id": one, "options": [{**o, "correct": o["id"] == ids[-1]} for o in parts]} for one in ids]
        return questions.read({**head, "text": " ".join(f"{{{one}}}" for one in ids), "gaps": gaps})
    if kind == "number":
        number = st.decimals(-1000, 1000, places=2)
        return questions.read({**head, "answer": draw(number), "tolerance": abs(draw(number))})
    return questions.read({**head, "accepted": draw(st.lists(st.sampled_from(["yes", "no", "Ask them"]), max_size=3))})
