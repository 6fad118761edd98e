"""Second steps: set up by whoever has the password, asked for at every sign-in, each code worth one use."""

from contextlib import suppress
from datetime import datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from mhfa_lms import db
from mhfa_lms.models import (
    Audience,
    AuditEvent,
    HalfOpenLogin,
    LoginSession,
    Membership,
    Message,
    RecoveryCode,
    Role,
    SecondStep,
)
from mhfa_lms.policy import SYSTEM, Actor, Can, Forbidden, allowed
from mhfa_lms.services import (
    accounts,
    code_apps,
    half_open,
    memberships,
    passwords,
    recovery_codes,
    second_steps,
    sessions,
    signing_in,
)
from mhfa_lms.services.secret_box import SecretBox
from mhfa_lms.services.secrets import hashed
from tests import make
from tests.make import NOON
from tests.services.test_accounts import count, together
from tests.web.conftest import quick_passwords

__all__ = ["quick_passwords"]
pytestmark = pytest.mark.usefixtures("database")
OLD, NEW = "an older key of the site", "the key of today, longer"
BOX = SecretBox([NEW, OLD])
EMAIL = "amina@example.org"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def somebody(*roles: Role, is_admin: bool = False) -> Membership:
    holder = make.account(EMAIL, password_hash=passwords.hashed(make.PASSWORD), is_admin=is_admin)
    return make.member(None, *roles, holder=holder)


def resumed(secret: str, *, now: datetime = NOON) -> Actor:
    found = sessions.resume(secret, now=now)
    assert found
    return found


def signed_in(now: datetime = NOON) -> Actor:
    """Sign in with the password, as somebody without a second step."""
    return resumed(signing_in.sign_in(EMAIL, make.PASSWORD, now=now), now=now)


def with_app(by: Actor, *, now: datetime = NOON, box: SecretBox = BOX) -> tuple[Actor, str]:
    """Set an app up; returns the actor afterwards and the app's secret."""
    sealed = code_apps.offer(box, by=by, now=now)
    secret = code_apps.offered(box, sealed, by=by, now=now)
    session_secret = code_apps.add(box, sealed, pyotp.TOTP(secret).at(now), "My phone", by=by, now=now)
    return resumed(session_secret, now=now), secret


def half(now: datetime = NOON) -> str:
    """Give the right password; returns the secret of the sign-in that waits."""
    with pytest.raises(signing_in.SecondStepNeededError) as needed:
        signing_in.sign_in(EMAIL, make.PASSWORD, now=now)
    return needed.value.secret


def told() -> list[str]:
    db.session().rollback()
    rows = db.session().scalars(select(Message).where(Message.kind == "second-step").order_by(Message.id))
    return [row.facts["what"] for row in rows]


def verbs() -> list[str]:
    db.session().rollback()
    return list(db.session().scalars(select(AuditEvent.verb).order_by(AuditEvent.id)))


def test_an_app_from_setting_up_to_signing_in() -> None:
    somebody()
    by, secret = with_app(signed_in())
    assert by.second_step_proven
    waiting = half(at(5))
    # It opens nothing by itself.
    assert sessions.resume(waiting, now=at(5)) is None
    found = resumed(half_open.finish_with_code(waiting, pyotp.TOTP(secret).at(at(5)), BOX, now=at(5)), now=at(5))
    assert found.second_step_proven
    assert found.session_id != by.session_id
    assert told() == ["app-added"]
    assert verbs()[-3:] == ["second-step-added", "second-step-asked", "signed-in"]
    assert count(HalfOpenLogin) == 0


def test_what_is_stored_of_an_app_cannot_be_read() -> None:
    somebody()
    _by, secret = with_app(signed_in())
    row = db.session().scalars(select(SecondStep)).one()
    assert secret not in str(vars(row))


def test_a_code_counts_once() -> None:
    somebody()
    _by, secret = with_app(signed_in())
    app = pyotp.TOTP(secret)
    # The code that set the app up, and then one that signed somebody in.
    with pytest.raises(code_apps.WrongCodeError):
        half_open.finish_with_code(half(), app.at(NOON), BOX, now=NOON)
    half_open.finish_with_code(half(at(2)), app.at(at(2)), BOX, now=at(2))
    with pytest.raises(code_apps.WrongCodeError):
        half_open.finish_with_code(half(at(2)), app.at(at(2)), BOX, now=at(2))


def test_a_sign_in_waits_ten_minutes_and_is_finished_once() -> None:
    somebody()
    _by, secret = with_app(signed_in())
    app, late, used = pyotp.TOTP(secret), half(at(1)), half(at(10))
    with pytest.raises(half_open.GoneError):
        half_open.finish_with_code(late, app.at(at(11)), BOX, now=at(11))
    half_open.finish_with_code(used, app.at(at(11)), BOX, now=at(11))
    for gone in (used, late, "", "nonsense"):
        with pytest.raises(half_open.GoneError):
            half_open.finish_with_code(gone, app.at(at(12)), BOX, now=at(12))
        assert half_open.find(gone, now=at(12)) is None
    assert count(HalfOpenLogin) == 1
    half_open.sweep(now=at(12))
    assert count(HalfOpenLogin) == 0


def test_a_new_password_and_a_closed_account_end_what_waits() -> None:
    account_id = somebody().account_id
    by, secret = with_app(signed_in())
    first = half()
    signing_in.change_password(make.PASSWORD, "another long pass phrase", by=by, now=NOON)
    assert half_open.find(first, now=NOON) is None
    with pytest.raises(signing_in.SecondStepNeededError) as needed:
        signing_in.sign_in(EMAIL, "another long pass phrase", now=NOON)
    accounts.deactivate(account_id, by=SYSTEM, now=NOON)
    with pytest.raises(half_open.GoneError):
        half_open.finish_with_code(needed.value.secret, pyotp.TOTP(secret).at(at(1)), BOX, now=at(1))


def test_a_new_password_keeps_the_second_step_and_that_it_was_proven() -> None:
    somebody(Role.SAFEGUARDING)
    by, _secret = with_app(signed_in())
    fresh = signing_in.change_password(make.PASSWORD, "another long pass phrase", by=by, now=NOON)
    assert resumed(fresh).second_step_proven
    assert count(SecondStep) == 1


def test_only_a_fresh_password_changes_second_steps() -> None:
    member = somebody()
    by = signed_in()
    sealed = code_apps.offer(BOX, by=by, now=NOON)
    code = pyotp.TOTP(code_apps.offered(BOX, sealed, by=by, now=NOON))
    stale = make.actor(member)
    with pytest.raises(second_steps.PasswordNeededError):
        with_app(stale)
    by, _secret = with_app(by)
    step_id = second_steps.of_account(by.account_id)[0].id
    with pytest.raises(second_steps.PasswordNeededError):
        second_steps.remove(step_id, by=by, now=at(10))
    with pytest.raises(second_steps.PasswordNeededError):
        recovery_codes.make(by=by, now=at(10))
    with pytest.raises(signing_in.WrongPasswordError):
        signing_in.type_again("wrong", by=by, now=at(10))
    assert not second_steps.password_is_fresh(by=by, now=at(10))
    signing_in.type_again(make.PASSWORD, by=by, now=at(10))
    assert second_steps.password_is_fresh(by=by, now=at(10))
    second_steps.remove(step_id, by=by, now=at(10))
    assert code.at(NOON)


def test_a_browser_that_never_proved_it_changes_nothing() -> None:
    """Somebody who stole the password before there was a second step cannot take it away afterwards."""
    account_id = somebody().account_id
    by, _secret = with_app(signed_in())
    with db.transaction() as session:
        stolen = sessions.begin(session, account_id, now=NOON)
    thief = resumed(stolen)
    step_id = second_steps.of_account(by.account_id)[0].id
    signing_in.type_again(make.PASSWORD, by=thief, now=NOON)
    for change in (
        lambda: second_steps.remove(step_id, by=thief, now=NOON),
        lambda: recovery_codes.make(by=thief, now=NOON),
        lambda: with_app(thief),
    ):
        with pytest.raises(second_steps.NotProvenError):
            change()
    assert count(SecondStep) == 1


def test_the_first_second_step_ends_every_other_session_and_the_next_none() -> None:
    account_id = somebody().account_id
    with db.transaction() as session:
        stolen = sessions.begin(session, account_id, now=NOON)
    by, _secret = with_app(signed_in())
    assert sessions.resume(stolen, now=NOON) is None
    with db.transaction() as session:
        other = sessions.begin(session, account_id, now=NOON)
    with_app(by, now=at(1))
    assert sessions.resume(other, now=at(1))


def test_an_offer_is_for_one_browser() -> None:
    somebody()
    by, other = signed_in(), signed_in()
    sealed = code_apps.offer(BOX, by=by, now=NOON)
    for who, now in ((other, NOON), (by, at(16))):
        with pytest.raises(code_apps.OfferGoneError):
            code_apps.offered(BOX, sealed, by=who, now=now)


def test_nobody_removes_anothers() -> None:
    somebody()
    by, _secret = with_app(signed_in())
    theirs = make.second_step(make.account().id).id
    with pytest.raises(Forbidden):
        second_steps.remove(theirs, by=by, now=NOON)
    assert second_steps.own(by, theirs) is None
    assert count(SecondStep) == 2


def test_there_is_an_end_to_how_many() -> None:
    somebody()
    by, _secret = with_app(signed_in())
    for _one in range(second_steps.MOST - 1):
        make.second_step(by.account_id)
    with pytest.raises(second_steps.TooManyStepsError):
        with_app(by)


@pytest.mark.parametrize(("roles", "is_admin", "required"), [
    ([], False, False),
    ([Role.COORDINATOR, Role.INSTRUCTOR], False, False),
    ([Role.SAFEGUARDING], False, True),
    ([], True, True),
])  # fmt: skip
def test_who_must_have_one(roles: list[Role], is_admin: bool, required: bool) -> None:
    somebody(*roles, is_admin=is_admin)
    by = signed_in()
    assert (by.second_step_required, by.is_held) == (required, required)
    assert allowed(by, Can.SEE_HOME) is not required
    assert allowed(by, Can.SECURE_ACCOUNT)
    by, _secret = with_app(by)
    assert not by.is_held
    assert allowed(by, Can.SEE_HOME)
    step_id = second_steps.of_account(by.account_id)[0].id
    if required:
        with pytest.raises(second_steps.LastStepError):
            second_steps.remove(step_id, by=by, now=NOON)
        make.second_step(by.account_id)
    second_steps.remove(step_id, by=by, now=NOON)
    assert told()[-1] == "app-removed"


def test_the_role_counts_in_any_organisation_and_only_while_there() -> None:
    holder = make.account(EMAIL, password_hash=passwords.hashed(make.PASSWORD))
    make.member(make.organisation(name="Ant"), holder=holder)
    other = make.member(make.organisation(name="Zebra"), Role.SAFEGUARDING, holder=holder).id
    by = signed_in()
    assert by.membership_id != other
    assert by.is_held
    memberships.leave(other, by=by, now=NOON)
    assert not signed_in().is_held


def test_a_role_given_a_moment_ago_counts_at_the_next_request() -> None:
    account_id, other_id = somebody().account_id, make.organisation().id
    secret = signing_in.sign_in(EMAIL, make.PASSWORD, now=NOON)
    assert not resumed(secret).is_held
    with db.transaction() as session:
        memberships.add(
            session, account_id, other_id, "Amina", roles=[Role.SAFEGUARDING], audience=Audience.OTHER,
            now=NOON, by=SYSTEM,
        )  # fmt: skip
    assert resumed(secret).is_held
    assert not sessions.resume(secret, now=NOON, second_step_waived=True).is_held  # type: ignore[union-attr]


def test_whoever_removed_the_last_is_held_when_a_role_asks_for_one() -> None:
    member = somebody()
    by, _secret = with_app(signed_in())
    recovery_codes.make(by=by, now=NOON)
    second_steps.remove(second_steps.of_account(by.account_id)[0].id, by=by, now=NOON)
    assert count(RecoveryCode) == 0
    memberships.set_roles(member.id, [Role.SAFEGUARDING], by=SYSTEM, now=NOON)
    with db.transaction() as session:
        session.execute(update(LoginSession).values(ended_at=None))
        session.execute(update(LoginSession).where(LoginSession.id == by.session_id).values(secret_hash=hashed("x")))
    assert resumed("x").is_held


def test_recovery_codes_are_ten_hashed_and_die_with_the_next_ten() -> None:
    somebody()
    with pytest.raises(recovery_codes.NoStepError):
        recovery_codes.make(by=signed_in(), now=NOON)
    by, _secret = with_app(signed_in())
    first = recovery_codes.make(by=by, now=NOON)
    assert len(set(first)) == 10
    assert recovery_codes.left(by.account_id) == 10
    stored = set(db.session().scalars(select(RecoveryCode.code_hash)))
    assert not stored & set(first)
    second = recovery_codes.make(by=by, now=at(1))
    with pytest.raises(code_apps.WrongCodeError):
        half_open.finish_with_recovery_code(half(), first[0], now=NOON)
    typed = f" {second[0][:4]}-{second[0][4:]} ".lower()
    assert resumed(half_open.finish_with_recovery_code(half(), typed, now=NOON)).second_step_proven
    assert recovery_codes.left(by.account_id) == 9
    assert told() == ["app-added", "codes-made", "codes-made", "code-used"]


def test_anothers_recovery_code_opens_nothing() -> None:
    somebody()
    by, _secret = with_app(signed_in())
    mine = recovery_codes.make(by=by, now=NOON)
    other = make.account("other@example.org", password_hash=passwords.hashed(make.PASSWORD))
    make.second_step(other.id)
    with pytest.raises(signing_in.SecondStepNeededError) as needed:
        signing_in.sign_in("other@example.org", make.PASSWORD, now=NOON)
    for typed in (mine[0], "", "x", "0" * 16, "\x00" * 16, "9" * 5000):
        with pytest.raises(code_apps.WrongCodeError):
            half_open.finish_with_recovery_code(needed.value.secret, typed, now=NOON)
    assert recovery_codes.left(by.account_id) == 10


def test_one_recovery_code_used_in_many_browsers_at_once_signs_one_in() -> None:
    somebody()
    by, _secret = with_app(signed_in())
    code = recovery_codes.make(by=by, now=NOON)[0]
    waiting = [half() for _browser in range(6)]
    won: list[str] = []

    def tries(secret: str) -> None:
        with suppress(code_apps.WrongCodeError):
            won.append(half_open.finish_with_recovery_code(secret, code, now=NOON))

    together(*[lambda secret=secret: tries(secret) for secret in waiting])
    assert len(won) == 1
    assert recovery_codes.left(by.account_id) == 9


def test_one_sign_in_finished_twice_at_once_gives_one_session() -> None:
    somebody()
    by, _secret = with_app(signed_in())
    codes = recovery_codes.make(by=by, now=NOON)
    waiting, won = half(), []

    def tries(code: str) -> None:
        with suppress(half_open.GoneError):
            won.append(half_open.finish_with_recovery_code(waiting, code, now=NOON))

    together(*[lambda code=code: tries(code) for code in codes[:5]])
    assert len(won) == 1
    assert recovery_codes.left(by.account_id) == 9


def test_a_reset_removes_everything_and_signs_out() -> None:
    somebody(is_admin=True)
    by, _secret = with_app(signed_in())
    recovery_codes.make(by=by, now=NOON)
    waiting = half()
    with pytest.raises(Forbidden):
        second_steps.reset(by.account_id, by=make.actor(make.member()), now=NOON)
    assert second_steps.reset(by.account_id, by=SYSTEM, now=NOON) == 1
    assert (count(SecondStep), count(RecoveryCode), half_open.find(waiting, now=NOON)) == (0, 0, None)
    open_ones = select(LoginSession).where(LoginSession.account_id == by.account_id, LoginSession.ended_at.is_(None))
    assert db.session().scalars(open_ones).all() == []
    assert told()[-1] == "reset"
    assert verbs()[-1] == "second-steps-reset"
    assert signed_in().is_held


def test_a_change_of_keys_keeps_the_apps() -> None:
    somebody()
    _by, secret = with_app(signed_in(), box=SecretBox([OLD]))
    app = pyotp.TOTP(secret)
    # On use: sealed anew under the newest.
    half_open.finish_with_code(half(at(1)), app.at(at(1)), SecretBox([NEW, OLD]), now=at(1))
    half_open.finish_with_code(half(at(2)), app.at(at(2)), SecretBox([NEW]), now=at(2))
    # And by the worker, where nobody signs in.
    third = "yet another key of the site"
    assert second_steps.reseal([third], now=at(3)) == 0
    assert second_steps.reseal([third, NEW], now=at(3)) == 1
    assert second_steps.reseal([third, NEW], now=at(3)) == 0
    half_open.finish_with_code(half(at(4)), app.at(at(4)), SecretBox([third]), now=at(4))
    # With the key lost, codes are refused and nothing breaks.
    with pytest.raises(code_apps.WrongCodeError):
        half_open.finish_with_code(half(at(5)), app.at(at(5)), SecretBox(["something else entirely"]), now=at(5))


def test_a_sealed_secret_copied_to_another_account_opens_nothing() -> None:
    somebody()
    _by, secret = with_app(signed_in())
    victim = make.account("victim@example.org", password_hash=passwords.hashed(make.PASSWORD))
    victim_id = victim.id
    with db.transaction() as session:
        session.execute(update(SecondStep).values(account_id=victim_id, last_code_step=None))
    with pytest.raises(signing_in.SecondStepNeededError) as needed:
        signing_in.sign_in("victim@example.org", make.PASSWORD, now=NOON)
    with pytest.raises(code_apps.WrongCodeError):
        half_open.finish_with_code(needed.value.secret, pyotp.TOTP(secret).at(NOON), BOX, now=NOON)
