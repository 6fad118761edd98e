"""What is set of some rules in every organisation at once: each place resolves without a query."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.models import Organisation, RuleSetting
from mhfa_lms.services.rules import Key, Resolved, Rule, decide, upwards


@dataclass(frozen=True, slots=True)
class Tree:
    """Every organisation with what stands above it, and what is set of some rules: each resolves without a query."""

    parents: Mapping[int, int | None]
    settings: Mapping[Key, Any]

    def resolve(
        self,
        rule: Rule,
        organisation_id: int | None,
        course_id: int | None = None,
        revision_defaults: Mapping[str, Any] | None = None,
    ) -> Resolved:
        """Resolve one rule in one place."""
        places = upwards(organisation_id, self.parents)
        return decide(rule, self.settings, places, course_id, revision_defaults or {})

    def changed(self, place: Key, value: Any, *, unset: bool) -> "Tree":
        """Return the tree as it would be with another value at one place, or with none there."""
        kept = {key: one for key, one in self.settings.items() if key != place}
        return Tree(self.parents, kept if unset else {**kept, place: value})


def whole_tree(session: Session, rules: list[Rule]) -> Tree:
    """Return all organisations and all that is set of these rules. Two queries."""
    parents = {row.id: row.parent_id for row in session.execute(select(Organisation.id, Organisation.parent_id))}
    found = session.execute(
        select(RuleSetting.key, RuleSetting.organisation_id, RuleSetting.course_id, RuleSetting.value).where(
            RuleSetting.key.in_([rule.value for rule in rules])
        )
    )
    return Tree(parents, {(row.key, row.organisation_id, row.course_id): row.value["value"] for row in found})


def resolve_everywhere(session: Session, rules: list[Rule]) -> dict[int, dict[Rule, Resolved]]:
    """Resolve rules that do not depend on a course for every organisation at once, with two queries in all."""
    tree = whole_tree(session, rules)
    return {place: {rule: tree.resolve(rule, place) for rule in rules} for place in tree.parents}
