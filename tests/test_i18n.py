"""Words in templates: translated, filled in, and escaped exactly where the page is HTML."""

import jinja2
import pytest

from mhfa_lms import i18n


def rendered(source: str, file: str = "page.html", **values: object) -> str:
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({file: source}), autoescape=jinja2.select_autoescape(("html",))
    )
    i18n.install(environment)
    return environment.get_template(file).render(**values)


def test_values_are_escaped_in_html_and_left_alone_in_text() -> None:
    source = '{{ _("Hello %(name)s", name=name) }}{% trans name=name %}, and {{ name }}{% endtrans %}'
    assert rendered(source, name="<b>") == "Hello &lt;b&gt;, and &lt;b&gt;"
    assert rendered(source, "mail.txt", name="<b>") == "Hello <b>, and <b>"


def test_markup_of_the_message_itself_is_kept() -> None:
    assert rendered('{{ _("A <b>word</b>") }}') == "A <b>word</b>"


def test_a_percent_sign_is_written_twice_with_values_and_without() -> None:
    source = '{{ _("All, 100 %%") }}; {{ _("%(count)s %%", count=5) }}'
    assert rendered(source) == rendered(source, "mail.txt") == "All, 100 %; 5 %"


@pytest.mark.parametrize(("count", "words"), [(1, "1 step of <3>"), (2, "2 steps of <3>")])
def test_plurals_know_their_number(count: int, words: str) -> None:
    source = '{{ ngettext("%(num)s step of %(all)s", "%(num)s steps of %(all)s", count, all="<3>") }}'
    assert rendered(source, "mail.txt", count=count) == words
    assert rendered(source, count=count) == words.replace("<3>", "&lt;3&gt;")
    tag = "{% trans count=count %}one{% pluralize count %}{{ count }} of them{% endtrans %}"
    assert rendered(tag, count=count) == ("one" if count == 1 else "2 of them")


def test_the_same_message_is_translated_anew_in_another_language() -> None:
    assert rendered('{{ _("Step") }}') == "Step"
    with i18n.use("en-XA"):
        assert rendered('{{ _("Step") }}') == "[Stép]"
    assert rendered('{{ _("Step") }}') == "Step"
