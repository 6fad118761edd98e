"""The page on which coordinators choose how certificates look."""

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from mhfa_lms import db
from mhfa_lms.models import Accent, CertificateLook, Role
from tests import kept, make
from tests.adapters.test_pictures import drawn

PAGE = "/coordinate/certificate-look"
FORM = {"accent": "plum", "paper": "letter", "wording": "Recognised by the county.", "name_1": "Ada", "title_1": "Head"}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A coordinator's browser."""
    return kept.signed_in(app.test_client(), kept.member(kept.organisation(), Role.COORDINATOR))


def saved() -> list[CertificateLook]:
    """The looks there are."""
    db.session().rollback()
    return list(db.session().scalars(select(CertificateLook).order_by(CertificateLook.id)))


def send(client: FlaskClient, logo: bytes | None = None, **changes: Any) -> Any:
    """Send the form."""
    given = {**changes, **({} if logo is None else {"logo": logo})}
    # A stream is read once: each request has its own.
    files = {name: (io.BytesIO(one), "picture.png") if isinstance(one, bytes) else one for name, one in given.items()}
    form: dict[str, Any] = {**FORM, **files}
    return client.post(PAGE, data=form, content_type="multipart/form-data")


def test_what_is_saved_is_seen_and_the_logo_stays_until_it_is_taken_away(client: FlaskClient) -> None:
    assert send(client, drawn("PNG")).status_code == 303
    text = client.get(PAGE).text
    assert all(word in text for word in ("Recognised by the county.", "Ada", "Head", PAGE + "/logo.png"))
    picture = client.get(PAGE + "/logo.png")
    assert (picture.content_type, Image.open(io.BytesIO(picture.data)).size) == ("image/png", (40, 20))
    send(client, wording="")
    send(client, without_logo="y")
    assert [(one.accent, one.logo is not None) for one in saved()] == [(Accent.PLUM, True)] * 2 + [(Accent.PLUM, False)]
    assert client.get(PAGE + "/logo.png").status_code == 404


def test_a_signature_stays_with_the_name_it_belongs_to(client: FlaskClient, app: Flask) -> None:
    def signed(**changes: Any) -> list[bool]:
        answer = send(client, **changes)
        assert answer.status_code == 303, answer.text
        return [picture is not None for picture in saved()[-1].signatures]

    picture = (io.BytesIO(drawn("PNG")), "hand.png")
    assert signed(name_2="Ben", signature_1=picture) == [True, False, False]
    assert "Signature of Ada" in client.get(PAGE).text
    assert client.get(PAGE + "/signature-1.png").content_type == "image/png"
    assert [client.get(f"{PAGE}/signature-{place}.png").status_code for place in (0, 2, 4)] == [404] * 3
    other = kept.signed_in(app.test_client(), kept.member(kept.organisation(), Role.COORDINATOR))
    assert other.get(PAGE + "/signature-1.png").status_code == 404
    assert signed(name_1="Ben", name_2="Ada") == [False, True, False]
    assert signed(name_1="Ada", name_2="", unsigned_1="y") == [False] * 3
    assert signed(name_1="Somebody else") == [False] * 3


def test_all_four_pictures_come_at_once_each_as_large_as_it_may_be(client: FlaskClient) -> None:
    # What stands behind a picture's end is no part of it.
    large = drawn("PNG").ljust(1024 * 1024, b"\0")
    pictures = {
        name: FileStorage(io.BytesIO(large), "hand.png")
        for name in ("logo", *(f"signature_{one}" for one in (1, 2, 3)))
    }
    # Encoded here: the client would leave a temporary file open.
    boundary, body = encode_multipart({**FORM, "name_2": "Ben", "name_3": "Cleo", **pictures})
    answer = client.post(PAGE, data=body, content_type=f"multipart/form-data; boundary={boundary}")
    assert answer.status_code == 303, answer.text
    assert all(saved()[-1].signatures)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"wording": "x" * 201}, "at most 200"),
        ({"name_1": "", "title_1": "Head"}, "Write the name of this person"),
        ({"accent": "#000000"}, "Choose one of the answers"),
        ({"logo": b"<svg/>"}, "This file cannot be used"),
        ({"signature_2": b"<svg/>"}, "This file cannot be used"),
        ({"signature_3": drawn("PNG")}, "Write the name of this person"),
    ],
)
def test_what_cannot_be_used_is_said_and_the_rest_is_kept(client: FlaskClient, changes: Any, said: str) -> None:
    answer = send(client, **{"name_2": "Kept Person", **changes})
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Kept Person"' in answer.text
    assert saved() == []


def test_nobody_sees_the_logo_of_others(client: FlaskClient, app: Flask) -> None:
    send(client, drawn("PNG"))
    other = kept.signed_in(app.test_client(), kept.member(kept.organisation(), Role.COORDINATOR))
    assert other.get(PAGE + "/logo.png").status_code == 404
    learner = kept.signed_in(app.test_client(), kept.member(kept.organisation()))
    assert learner.get(PAGE).status_code == 403


def test_a_specimen_is_drawn_by_the_worker_and_is_followed_by_whoever_asked(client: FlaskClient, app: Flask) -> None:
    assert "Draw a specimen" in client.get(PAGE).text
    # Without a course there is nothing to show.
    assert client.post(PAGE + "/specimen").location == PAGE
    make.published()
    answer = client.post(PAGE + "/specimen")
    assert (answer.status_code, client.get(answer.location).status_code) == (303, 200)
    assert "A specimen of your certificates" in client.get("/coordinate").text
    learner = kept.signed_in(app.test_client(), kept.member(kept.organisation()))
    assert (learner.get(answer.location).status_code, learner.post(PAGE + "/specimen").status_code) == (404, 403)
