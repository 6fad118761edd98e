"""`mhfa-lms retention`."""

import json
from datetime import date

from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Certificate
from tests import make
from tests.cli.conftest import Run


def test_what_would_go_is_said_and_then_goes(run: Run) -> None:
    code = make.certificate(
        starts_on=date(2017, 1, 1), expires_on=date(2020, 1, 1), window_opens_on=date(2019, 7, 1),
        window_closes_on=date(2020, 4, 1),
    ).code  # fmt: skip
    told = json.loads(run("retention", "--dry-run", "--json").stdout)
    assert told["due"]["certificates"]["rows"] == [{"id": 1, "label": code, "kept_until": "2023-01-01"}]
    assert f"{code}, kept until 2023-01-01" in run("retention", "--dry-run").stdout
    before = json.loads(run("retention", "--dry-run", "--as-of", "2022-06-01", "--json").stdout)
    assert before["due"]["certificates"]["count"] == 0
    assert db.session().scalars(select(Certificate.name)).one() == "Amina Yusuf"
    assert run("retention", "--as-of", "2022-06-01").exit_code == 2
    assert json.loads(run("retention", "--json").stdout)["removed"]["certificates"] == 1
    assert db.session().scalars(select(Certificate.name)).one() == ""
    assert set(json.loads(run("retention", "--json").stdout)["removed"].values()) == {0}
