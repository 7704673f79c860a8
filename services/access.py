"""Signed tokens: who is signed in, and which case's images a URL may fetch."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, SignatureExpired, URLSafeSerializer, URLSafeTimedSerializer

from db.vocabulary import Role
from services.errors import AccessDenied

if TYPE_CHECKING:
    from services.settings import Settings

SESSION_SECONDS = 12 * 3600
"""A sign-in link and the session that it opens are good for twelve hours."""
HOUR = 3600
SEE_NAMES = frozenset({Role.RESEARCHER, Role.ADMIN})
"""Who sees how readers are called where figures compare them; everybody else sees letters."""


class Access:
    """Makes and checks the three kinds of token with one secret key. Tokens are never logged."""

    def __init__(self, key: bytes) -> None:
        """`key`: the installation's secret, see Settings.secret."""
        self._link = URLSafeTimedSerializer(key, salt="sign-in link", signer_kwargs=_SIGNER)
        self._session = URLSafeTimedSerializer(key, salt="session", signer_kwargs=_SIGNER)
        self._image = URLSafeSerializer(key, salt="image", signer_kwargs=_SIGNER)

    def link_token(self, user: str) -> str:
        """The token of a sign-in link for `user`."""
        return _text(self._link.dumps(user))

    def open_link(self, token: str) -> str:
        """The user of a sign-in link. Raises AccessDenied when it is forged or older than twelve hours."""
        return _load(self._link, token)

    def session_token(self, user: str) -> str:
        """The content of the session cookie of `user`."""
        return _text(self._session.dumps(user))

    def user_of(self, session_token: str) -> str:
        """The user of a session cookie. Raises AccessDenied when it is forged or too old."""
        return _load(self._session, session_token)

    def image_token(self, user: str, case_key: str, *, now: float | None = None) -> str:
        """A token for the images of one case; the same for the whole hour, so that a browser's cache works."""
        moment = time.time() if now is None else now
        expiry = (int(moment + HOUR) // HOUR + 1) * HOUR
        return _text(self._image.dumps([user, case_key, expiry]))

    def case_of(self, image_token: str, user: str, *, now: float | None = None) -> str:
        """The case whose images `user` may fetch with this token. Raises AccessDenied."""
        moment = time.time() if now is None else now
        try:
            owner, case_key, expiry = self._image.loads(image_token)
        except (BadSignature, ValueError, TypeError) as error:
            raise _denied("an image link that this server did not sign.") from error
        if owner != user:
            raise _denied("an image link made for somebody else.")
        if moment >= expiry:
            raise _denied("an image link whose hour is over.")
        return str(case_key)


def may_see_names(role: Role) -> bool:
    """Whether comparisons of readers say their names, and not only their letters."""
    return role in SEE_NAMES


def sign_in_link(settings: Settings) -> str:
    """The link that signs in `settings.user`, for the person who starts the server."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    token = Access(settings.secret("session")).link_token(settings.user)
    return f"http://{host}:{settings.port}/signin?token={token}"


_SIGNER = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}


def _text(token: str | bytes) -> str:
    return token.decode() if isinstance(token, bytes) else token


def _load(serializer: URLSafeTimedSerializer, token: str) -> str:
    try:
        return str(serializer.loads(token, max_age=SESSION_SECONDS))
    except SignatureExpired as error:
        raise _denied("a sign-in that is older than twelve hours.") from error
    except BadSignature as error:
        raise _denied("no valid sign-in.") from error


def _denied(found: str) -> AccessDenied:
    return AccessDenied("This page needs a valid sign-in.", found, "Open the sign-in link that the server printed.")
