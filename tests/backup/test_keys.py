"""Keys in a backup: only the right passphrase opens them, and no byte of them can be changed unseen."""

import json

import pytest

from mhfa_lms.backup import keys

CHEAP = 2**4
KEYS = {"secret-key": "a-test-key-that-is-long-enough", "secret-key-fallbacks": ["older"]}


def test_the_right_passphrase_opens_them() -> None:
    sealed = keys.seal(KEYS, "four flat stones", cost=CHEAP)
    assert keys.unseal(sealed, "four flat stones") == KEYS
    assert b"a-test-key" not in sealed
    assert keys.seal(KEYS, "four flat stones", cost=CHEAP) != sealed


def test_the_cost_is_what_is_recommended_today() -> None:
    assert json.loads(keys.seal({}, "four flat stones"))["n"] == 2**17


@pytest.mark.parametrize("passphrase", ["", "four flat stone", "four flat stones "])
def test_another_passphrase_does_not(passphrase: str) -> None:
    with pytest.raises(keys.KeysError):
        keys.unseal(keys.seal(KEYS, "four flat stones", cost=CHEAP), passphrase)


@pytest.mark.parametrize("name", ["salt", "nonce", "secret"])
def test_a_changed_byte_is_refused(name: str) -> None:
    form = json.loads(keys.seal(KEYS, "four flat stones", cost=CHEAP))
    form[name] = ("A" if form[name][0] != "A" else "B") + form[name][1:]
    with pytest.raises(keys.KeysError):
        keys.unseal(json.dumps(form).encode(), "four flat stones")


@pytest.mark.parametrize(
    "wrong", [{"n": 2**30}, {"n": 0}, {"r": 10**6}, {"kdf": "none"}, {"salt": 7}, {"secret": None}]
)
def test_an_archive_from_a_stranger_cannot_make_us_take_all_memory(wrong: dict[str, object]) -> None:
    form = {**json.loads(keys.seal(KEYS, "four flat stones", cost=CHEAP)), **wrong}
    with pytest.raises(keys.KeysError):
        keys.unseal(json.dumps(form).encode(), "four flat stones")
    with pytest.raises(keys.KeysError):
        keys.unseal(b"[]", "four flat stones")
