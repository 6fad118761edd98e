"""Writing questions as course files have them, in a form that people can go on with."""

from typing import Any, Final

import yaml

WIDTH: Final = 112


class _Dumper(yaml.SafeDumper):
    """YAML as an author would write it: lists set in, long texts over several lines."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  # its signature
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def assessment(title: str, documents: list[dict[str, Any]]) -> str:
    """Return an assessment file of its own, from which half of the questions are drawn at a time."""
    head = {"id": "imported", "title": title, "draw": max(1, len(documents) // 2)}
    return _dump(head) + "questions:\n" + block(documents)


def block(documents: list[dict[str, Any]]) -> str:
    """Return questions as they stand under `questions:`, two spaces in, an empty line between them."""
    parts = (_dump([one]) for one in documents)
    return "\n".join("".join(f"  {line}" if line.strip() else line for line in part.splitlines(True)) for part in parts)


def _dump(data: Any) -> str:
    return yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH)


def appended(source: str, documents: list[dict[str, Any]]) -> str | None:
    """Return an assessment file with questions added at its end; None where its form does not allow to add them there.

    Nothing but the addition changes: the result is read again and compared.
    """
    longer = source.rstrip("\n") + "\n\n" + block(documents)
    try:
        before, after = yaml.safe_load(source), yaml.safe_load(longer)
    except yaml.YAMLError:
        return None
    if not isinstance(before, dict) or not isinstance(before.get("questions"), list):
        return None
    wanted = {**before, "questions": [*before["questions"], *documents]}
    return longer if after == wanted else None
