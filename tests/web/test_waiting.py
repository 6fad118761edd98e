"""What a device keeps and sends: whose it is, what it may hold, and what the site says to bad parcels."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mhfa_lms import db
from mhfa_lms.content.schema import Course
from mhfa_lms.models import Membership
from mhfa_lms.services import learning, reflections
from mhfa_lms.web.devices import COOKIE, HEADER, NOBODY
from tests import make, markup, small_course, talk
from tests.make import NOON
from tests.services.learner import COURSE, Learner, learner
from tests.services.test_reflections import writer


def enter(client: FlaskClient, who: Learner) -> FlaskClient:
    return make.signed_in(client, db.session().get_one(Membership, who.membership_id))


def asked(client: FlaskClient, address: str) -> dict[str, Any]:
    """What an address answers in JSON."""
    found = client.get(address).json
    assert isinstance(found, dict)
    return found


def item(**changes: Any) -> dict[str, Any]:
    return {"id": "device-1", "step": "one-a", "does": "answer", "fields": [["choice", "a"]], "version": 0, **changes}


def test_what_a_device_keeps_names_nobody_and_holds_no_assessment(client: FlaskClient) -> None:
    who = learner()
    enter(client, who)
    found = asked(client, f"/learn/{who.enrolment_id}/module/one/kept.json")
    assert found["steps"] == [f"/learn/{who.enrolment_id}/step/{name}" for name in ("one-a", "one-b")]
    assert found["versions"] == {"one-a": 0}
    assert set(found["pages"]) == {*found["steps"], found["contents"], "/help", "/offline"}
    assert [address for address in found["assets"] if client.get(address).status_code != 200] == []
    for address in found["pages"].values():
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "csrf" not in answer.text
        assert "Sign out" not in answer.text
        assert "Question 1" not in answer.text
        assert "Right 1" not in answer.text
    page = client.get(found["pages"][found["steps"][0]]).text
    assert "A copy kept on this device" in page
    assert 'data-option="a"' in page
    contents = client.get(found["pages"][found["contents"]]).text
    assert "You can go through all of these steps now." in contents
    for copy in (page, contents):
        assert markup.problems(copy) == []
        assert '<a href="/support">' in copy
        assert "Asking for this needs a connection" in copy


def both(client: FlaskClient) -> str:
    """A course with an activity and a conversation, for somebody who is signed in; returns its address."""
    document = small_course.document("offline")
    first, second = document["modules"][0]["steps"]
    del first["question"]
    first["activity"] = {"instructions": "Ask **somebody** how they are."}
    document["conversations"] = [talk.document()]
    second["conversation"] = "talk"
    member = make.member()
    enrolment_id = make.enrolment(member, make.published(Course.model_validate(document))).id
    make.signed_in(client, member)
    return f"/learn/{enrolment_id}"


def test_copies_hold_the_whole_conversation_and_a_form_for_the_activity(client: FlaskClient) -> None:
    base = both(client)
    found = asked(client, f"{base}/module/one/kept.json")
    assert found["ways"] == {"one-b": {"version": 0, "way": []}}
    spoken = client.get(found["pages"][f"{base}/step/one-b/conversation"]).text
    for part in (
        'data-turn="table/advise" data-next="hurt"',
        'data-place="alone"',
        "Why <strong>push</strong>",
        "Noor",
    ):
        assert part in spoken
    doing = client.get(found["pages"][f"{base}/step/one-a"]).text
    assert "Ask <strong>somebody</strong>" in doing
    assert 'value="report"' in doing
    contents = client.get(found["pages"][f"{base}/module/one"]).text
    assert "You can go through all of these steps now" in contents
    for copy in (contents, doing, spoken):
        assert "csrf" not in copy
        assert markup.problems(copy) == []


def test_a_conversation_and_a_report_arrive_once_and_two_ways_are_chosen_from(client: FlaskClient) -> None:
    base = both(client)
    way = [["way", "door/sit table/hear"], ["seen", "door/push door/sit hurt/leave table/hear"]]
    parcel = {
        "items": [
            item(step="one-b", does="talk", fields=way),
            item(id="device-2", step="one-b", does="continue", fields=[]),
            item(id="device-3", does="report", fields=[["note", "Done on Sunday."]]),
        ]
    }
    for _again in range(2):
        answer = client.post(f"{base}/waiting", json=parcel).json
        assert answer is not None
        assert [one["arrival"] for one in answer["received"]] == ["taken"] * 3
    assert "Done on Sunday." in client.get(f"{base}/step/one-a").text
    assert "You came to this ending" in client.get(f"{base}/step/one-b/conversation/way").text
    other = item(id="device-4", step="one-b", does="talk", fields=[["way", "door/push hurt/leave"]])
    client.post(f"{base}/waiting", json={"items": [other]})
    page = client.get(f"{base}/two-answers").text
    assert markup.problems(page) == []
    assert page.index("Say hear") < page.index("The way that waited on a device") < page.index("Say leave")
    clash = re.search(r'name="clash" value="(\d+)"', page)
    assert clash
    client.post(f"{base}/two-answers", data={"clash": clash[1], "which": "later"})
    assert "Ending alone" in client.get(f"{base}/step/one-b/conversation").text


def test_the_page_for_what_was_not_sent_says_so_and_whom_to_call(client: FlaskClient) -> None:
    page = client.get("/offline").text
    assert markup.problems(page) == []
    for part in ("Nothing was sent", "<!--fields-->", "<!--words-->", "<section hidden", 'action="/offline"'):
        assert page.count(part) == 1
    assert "csrf" not in page


def test_the_size_is_said_first_and_no_script_is_loaded_before_somebody_looks(client: FlaskClient) -> None:
    who = learner()
    enter(client, who)
    page = client.get(f"/learn/{who.enrolment_id}/module/one").text
    assert re.search(r"It takes [\d.,]+\s[kM]B on this device", page)
    for path in ("", "/step/one-a"):
        assert not re.search(r"keep\.|kept\.|worker", client.get(f"/learn/{who.enrolment_id}{path}").text)
    assert client.get(f"/learn/{who.enrolment_id}/module/three").status_code == 404


def test_the_worker_is_never_kept_old_and_knows_its_version(client: FlaskClient) -> None:
    answer = client.get("/worker.js")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.mimetype == "text/javascript"
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "VERSION-OF-THIS-SCRIPT" not in answer.text
    assert re.search(r"""VERSION\s*=\s*['"][0-9a-f]{10}['"]""", answer.text)


def test_only_a_browser_that_keeps_something_hears_whose_it_is(app: Flask) -> None:
    names = []
    for who in (learner(), learner()):
        client = enter(app.test_client(), who)
        assert HEADER not in client.get("/home").headers
        owner = asked(client, f"/learn/{who.enrolment_id}/module/one/kept.json")["owner"]
        assert client.get("/home").headers[HEADER] == owner
        assert asked(client, "/learn/waiting")["owners"] == [owner]
        names.append(owner)
        answer = client.post("/sign-out")
        assert answer.headers["Clear-Site-Data"] == '"storage"'
        assert client.get_cookie(COOKIE) is None
    assert names[0] != names[1]


def test_a_session_that_is_over_says_that_nobody_is_here(client: FlaskClient) -> None:
    client.set_cookie(COOKIE, "yes")
    assert client.get("/sign-in").headers[HEADER] == NOBODY
    assert client.get("/learn/waiting").status_code == 303
    assert "Clear-Site-Data" in client.post("/sign-out").headers


def test_a_parcel_sent_twice_counts_once_and_a_clash_is_settled_on_a_page(client: FlaskClient) -> None:
    who = learner()
    learning.answer(who.enrolment_id, "one-a", ["b"], by=who.actor, now=NOON)
    enter(client, who)
    base = f"/learn/{who.enrolment_id}"
    parcel = {"items": [item(), item(id="device-2", does="continue", fields=[])]}
    for _again in range(2):
        assert client.post(f"{base}/waiting", json=parcel).json == {
            "received": [
                {"id": "device-1", "step": "one-a", "arrival": "clash", "version": 1},
                {"id": "device-2", "step": "one-a", "arrival": "taken", "version": 1},
            ]
        }
    assert "You did the same on two devices" in client.get(base).text
    page = client.get(f"{base}/two-answers").text
    assert page.index("Advice") < page.index("The answer that waited on a device") < page.rindex("Listening")
    clash = re.search(r'name="clash" value="(\d+)"', page)
    assert clash
    assert client.post(f"{base}/two-answers", data={"clash": clash[1], "which": "both"}).status_code == 400
    assert client.post(f"{base}/two-answers", data={"which": "now"}).status_code == 400
    assert client.post(f"{base}/two-answers", data={"clash": "9" * 30, "which": "now"}).status_code == 400
    assert client.post(f"{base}/two-answers", data={"clash": clash[1], "which": "later"}).status_code == 303
    assert "There is nothing to choose" in client.get(f"{base}/two-answers").text
    assert "You did the same on two devices" not in client.get(base).text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("not json", 422),
        ("[]", 422),
        ('{"items": []}', 422),
        ('{"items": [{}]}', 422),
        ({"items": [item()], "more": 1}, 422),
        ({"items": [item(id="x")]}, 422),
        ({"items": [item(id="with space")]}, 422),
        ({"items": [item(does="submit")]}, 422),
        ({"items": [item(fields=[["choice"]])]}, 422),
        ({"items": [item(fields=[["choice", 1]])]}, 422),
        ({"items": [item(version=-1)]}, 422),
        ({"items": [item(version="1")]}, 422),
        ({"items": [item(id=f"device-{number}") for number in range(51)]}, 422),
        ({"items": [item(fields=[["choice", "x" * 19_000]] * 7)]}, 413),
    ],
)
def test_bad_parcels_are_refused_whole(client: FlaskClient, body: Any, status: int) -> None:
    who = learner()
    enter(client, who)
    sent = {"json": body} if isinstance(body, dict) else {"data": body, "content_type": "application/json"}
    assert client.post(f"/learn/{who.enrolment_id}/waiting", **sent).status_code == status
    assert not learning.progress(db.session(), who.enrolment_id, COURSE).ways


def test_other_people_send_and_see_nothing(client: FlaskClient, app: Flask) -> None:
    who, other = learner(), learner()
    enter(client, other)
    base = f"/learn/{who.enrolment_id}"
    for path in ("/module/one", "/module/one/kept.json", "/step/one-a?kept=1", "/two-answers"):
        assert client.get(base + path).status_code == 404
    assert client.post(f"{base}/waiting", json={"items": [item()]}).status_code == 404
    nobody = app.test_client().post(f"{base}/waiting", json={"items": [item()]})
    assert (nobody.status_code, nobody.location) == (303, "/sign-in")


def test_without_form_protection_nothing_is_taken(app: Flask) -> None:
    who = learner()
    client = enter(app.test_client(), who)
    app.config["WTF_CSRF_ENABLED"] = True
    address = f"/learn/{who.enrolment_id}/waiting"
    assert client.post(address, json={"items": [item()]}).status_code == 400
    token = asked(client, "/learn/waiting")["token"]
    answer = client.post(address, json={"items": [item()]}, headers={"X-CSRFToken": token})
    assert answer.status_code == 200


def test_words_written_without_a_connection_join_those_from_elsewhere(client: FlaskClient) -> None:
    who = writer()
    enter(client, who)
    base = f"/learn/{who.enrolment_id}"
    reflections.save(who.enrolment_id, "one-b", "from home", version=0, page="home", by=who.actor, now=NOON)
    words = item(step="one-b", does="reflect", fields=[["reflection", "from the train"], ["reflection_version", "0"]])
    for _again in range(2):
        answer = client.post(f"{base}/waiting", json={"items": [words]})
        assert answer.json == {"received": [{"id": "device-1", "step": "one-b", "arrival": "taken"}]}
    db.session().rollback()
    found = reflections.written(db.session(), who.enrolment_id, "one-b")
    assert found.text == "from home\n\nfrom the train"
    assert 'name="reflection"' in client.get(f"{base}/step/one-b?kept=1").text
    assert 'name="reflection"' not in client.get(f"{base}/step/one-a?kept=1").text


def test_words_that_cannot_be_kept_are_said_to_be_refused(client: FlaskClient) -> None:
    who = writer()
    enter(client, who)
    long = "from home " * 1999
    reflections.save(who.enrolment_id, "one-b", long, version=0, page="home", by=who.actor, now=NOON)
    words = item(step="one-b", does="reflect", fields=[["reflection", "from the train"]])
    more = item(id="device-2", step="one-b", does="reflect", fields=[["reflection", "from home"]])
    found = client.post(f"/learn/{who.enrolment_id}/waiting", json={"items": [words, more]}).json
    assert found is not None
    assert [one["arrival"] for one in found["received"]] == ["refused", "taken"]
    db.session().rollback()
    assert reflections.written(db.session(), who.enrolment_id, "one-b").text == long
