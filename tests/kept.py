"""The builders of `make`, for tests that go through the web: their rows stay readable after a request, which closes the
session they came from."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from mhfa_lms import db
from tests import make

P = ParamSpec("P")
T = TypeVar("T")


def _kept(builder: Callable[P, T]) -> Callable[P, T]:
    def build(*args: P.args, **values: P.kwargs) -> T:
        row = builder(*args, **values)
        session = db.session()
        session.refresh(row)
        session.expunge(row)
        return row

    return build


organisation = _kept(make.organisation)
site = _kept(make.site)
account = _kept(make.account)
member = _kept(make.member)
published = _kept(make.published)
enrolment = _kept(make.enrolment)
certificate = _kept(make.certificate)
answer = _kept(make.answer)
authorisation = _kept(make.authorisation)
help_line = _kept(make.help_line)
actor, signed_in, NOON = make.actor, make.signed_in, make.NOON
