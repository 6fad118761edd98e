"""The choice of a language, for anybody, from pages where nothing is being written."""

from typing import Final

from flask import abort, request
from flask.typing import ResponseReturnValue

from mhfa_lms.web import language as choice
from mhfa_lms.web.access import public
from mhfa_lms.web.account.blueprint import blueprint

# Its form carries no token, so that pages for visitors set no cookie; the browser itself says where a request began.
FROM_HERE: Final = frozenset({"same-origin", "none"})


@blueprint.post("/language")
@public
def language() -> ResponseReturnValue:
    """Remember a language and go back."""
    code = choice.asked()
    if code is None or request.headers.get("Sec-Fetch-Site", "same-origin") not in FROM_HERE:
        abort(400)
    return choice.switched(code, request.form.get("next"))
