"""Credentials: unreadable where they are kept, and in nothing that is kept of an answer."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from workflows.connections.secrets import (
    KEPT_ANSWER_BYTES,
    MASK,
    SecretUnreadable,
    decrypt,
    encrypt,
    mask_secrets,
    replace_secrets,
)

SECRET = 'pa"ss/wörd+1 &x'
OLD, NEW = "o" * 60, "n" * 60


def test_what_is_kept_is_not_what_was_entered() -> None:
    kept = encrypt(SECRET)
    assert SECRET not in kept
    assert base64.b64encode(SECRET.encode()).decode() not in kept
    assert decrypt(kept) == SECRET


def test_the_same_secret_is_kept_differently_each_time() -> None:
    assert encrypt(SECRET) != encrypt(SECRET)


def test_another_key_opens_nothing_and_says_what_to_do(settings: Settings) -> None:
    settings.SECRET_KEY = OLD
    kept = encrypt(SECRET)
    settings.SECRET_KEY = NEW
    with pytest.raises(SecretUnreadable, match="Enter it again") as caught:
        decrypt(kept)
    assert SECRET not in str(caught.value)
    assert kept not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_old_key_among_the_fallbacks_still_opens(settings: Settings) -> None:
    settings.SECRET_KEY = OLD
    kept = encrypt(SECRET)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert decrypt(kept) == SECRET
    fresh = encrypt(SECRET)
    settings.SECRET_KEY_FALLBACKS = []
    assert decrypt(fresh) == SECRET


def test_what_was_tampered_with_is_not_read() -> None:
    for kept in ("", "x", "gAAAAA", "ü", encrypt("x")[:-3]):
        with pytest.raises(SecretUnreadable):
            decrypt(kept)


# -- masks ------------------------------------------------------------------------------------

FORMS = {
    "as it is": SECRET,
    "in an address": quote(SECRET, safe=""),
    "in a path": quote(SECRET),
    "in an address, small letters": quote(SECRET, safe="").replace("%C3%B6", "%c3%b6"),
    "in a form": quote(SECRET, safe="").replace("%20", "+"),
    "in base64": base64.b64encode(SECRET.encode()).decode(),
    "in JSON": json.dumps(SECRET)[1:-1],
    "in JSON, unescaped": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "in HTML": "pa&quot;ss/wörd+1 &amp;x",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_no_form_of_a_secret_is_kept(form: str) -> None:
    if "%c3" in form:
        form = form.replace("%2F", "%2f").replace("%2B", "%2b")
    assert (
        mask_secrets(f"You sent <{form}>, twice: {form}", [SECRET])
        == f"You sent <{MASK}>, twice: {MASK}"
    )


def test_the_pair_of_a_user_and_a_password_is_masked() -> None:
    pair = base64.b64encode(f"erp:{SECRET}".encode()).decode()
    assert (
        mask_secrets(f"Authorization: Basic {pair}.", [SECRET, pair])
        == f"Authorization: Basic {MASK}."
    )


def test_a_secret_within_a_longer_one_leaves_nothing_of_it() -> None:
    assert mask_secrets("abcdef-long", ["abcdef", "abcdef-long"]) == MASK


def test_a_secret_is_masked_before_the_text_is_cut() -> None:
    kept = mask_secrets("x" * (KEPT_ANSWER_BYTES - 3) + SECRET, [SECRET])
    assert SECRET[:3] not in kept
    assert len(kept.encode()) <= KEPT_ANSWER_BYTES


def test_a_secret_that_was_cut_before_is_masked_all_the_same() -> None:
    assert mask_secrets("Token: " + SECRET[:9], [SECRET]) == f"Token: {MASK}"
    long = "k" + "0123456789" * 200
    assert "0123456789" not in mask_secrets(f"{long} {long[:1500]}", [long])


def test_nothing_is_cut_in_the_middle_of_a_letter() -> None:
    assert mask_secrets("x" + "ü" * KEPT_ANSWER_BYTES, []) == "x" + "ü" * (
        (KEPT_ANSWER_BYTES - 1) // 2
    )


@given(st.text(max_size=200), st.lists(st.text(min_size=8, max_size=20), max_size=3), st.text())
def test_a_mask_always_fits_and_never_holds_a_secret(
    before: str, secrets: list[str], after: str
) -> None:
    secrets = [one for one in secrets if MASK[0] not in one]
    text = before + "".join(secrets) + after
    kept = mask_secrets(text.encode(errors="replace").decode(), [s for s in secrets if s.isascii()])
    assert len(kept.encode()) <= KEPT_ANSWER_BYTES
    assert not any(secret in kept for secret in secrets if secret.isascii())


def test_what_is_hidden_is_not_cut() -> None:
    assert replace_secrets("x" * 5000 + SECRET + "y", [SECRET]) == "x" * 5000 + MASK + "y"
