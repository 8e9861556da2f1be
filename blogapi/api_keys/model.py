"""API keys: the credentials of programs."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from blogapi.access.authorization import API_KEY_PREFIX
from blogapi.ids import ID_PATTERN, Id
from blogapi.users.joined import CurrentUser

MAX_NAME = 80
_VALUE = re.compile(rf"{API_KEY_PREFIX}({ID_PATTERN})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is stored, without its secret."""

    id: Id
    user_id: Id
    name: str
    scopes: tuple[str, ...]
    secret_hash: str = field(repr=False)
    epoch: int = 0  # that of its user when it was created
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key to be created."""

    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownApiKey:
    """A new key with its value."""

    key: ApiKey
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyWithUser:
    """A key that has not expired, with its user."""

    key: ApiKey
    user: CurrentUser


def new_secret() -> str:
    """43 characters of 256 random bits. Nobody can guess them, so a fast hash is enough."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """The stored form of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def value_of(key_id: str, secret: str) -> str:
    """What a program sends. The id is in it, so that the key is found by `_id`."""
    return f"{API_KEY_PREFIX}{key_id}_{secret}"


def parts_of(value: str) -> tuple[str, str] | None:
    """The id and the secret in a value. None for another form, for which the database is not asked."""
    parts = _VALUE.fullmatch(value)
    return None if parts is None else (parts[1], parts[2])
