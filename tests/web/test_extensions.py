"""The coordinator's page of one extension: what it asks, what it refuses, and what the person's page says."""

from flask.testing import FlaskClient

from mhfa_lms import clock, db
from mhfa_lms.models import Role
from mhfa_lms.services.periods import add_months
from tests import make


def test_it_is_granted_with_a_reason_and_then_no_more(client: FlaskClient) -> None:
    here, today = make.organisation(), clock.now().date()
    member, revision = make.member(here, Role.INSTRUCTOR, name="Ines Moreau"), make.published()
    member_id = member.id
    held = make.authorisation(member, revision, valid_from=today, expires_on=add_months(today, 6)).id
    make.signed_in(client, make.member(db.session().merge(here), Role.COORDINATOR))
    path, person = f"/coordinate/authorisations/{held}/extend", f"/coordinate/people/{member_id}"
    assert path in client.get(person).text
    assert "three months at most" in client.get(path).text
    refused = client.post(path, data={"months": "3", "reason": " "})
    assert (refused.status_code, "Write in a sentence why it is extended" in refused.text) == (422, True)
    assert client.post(path, data={"months": "4", "reason": "Too long"}).status_code == 422
    done = client.post(path, data={"months": "2", "reason": "Was <b>ill</b> in spring"})
    assert (done.status_code, done.location) == (303, person)
    text = client.get(person).text
    assert "Extended once, by 2 months:" in text
    assert "Was &lt;b&gt;ill&lt;/b&gt; in spring" in text
    assert "Extend once" not in text
    assert "It cannot be extended" in client.get(path).text
    assert client.post(path, data={"months": "1", "reason": "Once more"}).status_code == 422
