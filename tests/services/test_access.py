"""Tokens: who is signed in, and which images a URL may fetch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access import HOUR, Access
from services.errors import AccessDenied

ACCESS = Access(b"0" * 32)
OTHER_SERVER = Access(b"1" * 32)


def test_a_link_signs_in_the_user_it_was_made_for() -> None:
    assert ACCESS.open_link(ACCESS.link_token("reader A")) == "reader A"


def test_a_link_is_not_a_session_and_a_session_is_not_a_link() -> None:
    with pytest.raises(AccessDenied):
        ACCESS.user_of(ACCESS.link_token("reader A"))
    with pytest.raises(AccessDenied):
        ACCESS.open_link(ACCESS.session_token("reader A"))


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_a_forged_session_is_denied(token: str) -> None:
    with pytest.raises(AccessDenied, match="no valid sign-in"):
        ACCESS.user_of(token)


def test_a_session_of_another_server_is_denied() -> None:
    with pytest.raises(AccessDenied, match="no valid sign-in"):
        ACCESS.user_of(OTHER_SERVER.session_token("reader A"))


@given(st.floats(min_value=0, max_value=4e9))
def test_an_image_token_lives_one_to_two_hours(now: float) -> None:
    token = ACCESS.image_token("reader A", "P7K3QX-1", now=now)
    assert ACCESS.case_of(token, "reader A", now=now + HOUR) == "P7K3QX-1"
    with pytest.raises(AccessDenied, match="hour is over"):
        ACCESS.case_of(token, "reader A", now=now + 2 * HOUR)


def test_image_tokens_of_one_hour_are_equal_so_that_the_browser_cache_works() -> None:
    start = 1_000 * HOUR
    first, last = (ACCESS.image_token("reader A", "P7K3QX-1", now=start + s) for s in (0, HOUR - 1))
    assert first == last
    assert first != ACCESS.image_token("reader A", "P7K3QX-1", now=start + HOUR)


def test_an_image_token_is_of_no_use_to_another_user() -> None:
    token = ACCESS.image_token("reader A", "P7K3QX-1")
    with pytest.raises(AccessDenied, match="somebody else"):
        ACCESS.case_of(token, "reader B")


def test_a_denial_never_repeats_the_token() -> None:
    token = OTHER_SERVER.image_token("reader A", "P7K3QX-1")
    with pytest.raises(AccessDenied) as denied:
        ACCESS.case_of(token, "reader A")
    assert token not in str(denied.value)
