"""A course small enough to read in one look: two modules of two steps, six questions of which three are drawn."""

from typing import Any

from mhfa_lms.content.schema import Course

LEVELS = {1: "could do harm", 2: "some basics missing", 3: "all basics", 4: "basics and advanced"}


def _question(number: int, module: str) -> dict[str, Any]:
    return {
        "id": f"q-{number}",
        "module": module,
        "prompt": f"Question {number}?",
        "options": [
            {"id": "a", "text": f"Right {number}", "correct": True},
            {"id": "b", "text": f"Wrong {number}"},
            {"id": "c", "text": f"Also wrong {number}"},
        ],
        "explanation": f"Because {number}.",
    }


def _step(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "title": f"Step {name}", "minutes": 3, "body": f"Body of **{name}**.", **more}


def document(slug: str = "small", **changes: Any) -> dict[str, Any]:
    """Return the course's document; `changes` replace its top-level parts."""
    practice = {
        "id": "practice-one",
        "prompt": "What helps?",
        "options": [
            {"id": "a", "text": "Listening", "correct": True, "feedback": "Yes."},
            {"id": "b", "text": "Advice", "feedback": "Not first."},
        ],
    }
    return {
        "slug": slug,
        "title": f"First aid for mental health: {slug}",
        "language": "en",
        "summary": "A small course.",
        "about": "About it.",
        "certification": {"slug": f"{slug}-type", "name": "Small first aider", "description": "Can do small things."},
        "hours": 1,
        "review": {"status": "draft"},
        "modules": [
            {
                "id": "one",
                "title": "Module one",
                "summary": "First.",
                "steps": [_step("one-a", question=practice), _step("one-b")],
            },
            {
                "id": "two",
                "title": "Module two",
                "summary": "Second.",
                "steps": [
                    _step("two-a"),
                    _step(
                        "two-b",
                        content_note={"topic": "thoughts of suicide", "text": "It mentions thoughts of suicide."},
                        summary="The gentler summary.",
                    ),
                ],
            },
        ],
        "assessment": {
            "id": "final",
            "title": "Final assessment",
            "draw": 3,
            "questions": [_question(number, "one" if number % 2 else "two") for number in range(1, 7)],
        },
        "glossary": [{"id": "stigma", "term": "Stigma", "definition": "A mark of *shame* put on a person."}],
        "scenarios": [
            {
                "id": "sam",
                "title": "Sam",
                "content_note": {"topic": "thoughts of suicide", "text": "It mentions thoughts of suicide."},
                "summary": "Sam needs somebody.",
                "situation": "Sam is quiet.",
                "prompt": "What would you say?",
                "words": {"min": 3, "max": 100},
                "pass_points": 6,
                "competencies": [
                    {"id": "asks", "title": "Asks", "description": "Asks.", "levels": LEVELS},
                    {"id": "hears", "title": "Hears", "description": "Hears.", "levels": LEVELS},
                ],
                "required_actions": [{"id": "asked", "title": "Asked about suicide", "description": "Plainly."}],
                "exemplars": [
                    {
                        "id": f"ex-{number}",
                        "text": f"Exemplar {number}",
                        "levels": {"asks": number, "hears": number},
                        "required": {"asked": number > 2},
                        "comment": "Because.",
                    }
                    for number in (1, 2, 4)
                ],
            }
        ],
        **changes,
    }


def course(slug: str = "small", **changes: Any) -> Course:
    """Return the small course."""
    return Course.model_validate(document(slug, **changes))
