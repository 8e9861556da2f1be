"""The one secret: where it is kept in development, and the keys that are made from it."""

import contextlib
import hmac
import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from secrets import token_urlsafe

from blogapi.config.schema import variable
from blogapi.config.sections import Config
from blogapi.errors import ConfigError


def with_development_secret(config: Config) -> Config:
    """Fill in an empty `auth.secret` in development: made once and kept in `secret` of the data folder, for its owner.

    Apart from `load_config`, which changes nothing on disk. Raises ConfigError for a damaged or impossible file.
    """
    if config.auth.secret or config.is_production:
        return config
    file = config.data / "secret"
    try:
        secret = _kept_secret(file)
    except OSError as error:
        cure = f"Set {variable('auth.secret')}, or correct the permissions."
        raise ConfigError(f"auth.secret: cannot be kept in {file} ({error.strerror}). {cure}") from None
    if not re.fullmatch(r"[A-Za-z0-9_-]{43,}", secret):
        raise ConfigError(f"auth.secret: {file} is empty or damaged. Delete it; the next start makes a new one.")
    return replace(config, auth=replace(config.auth, secret=secret))


def _kept_secret(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        descriptor, draft = tempfile.mkstemp(prefix="secret-", dir=file.parent)
        try:
            with open(descriptor, "w", encoding="ascii") as stream:
                stream.write(token_urlsafe(48))
                stream.flush()
                os.fsync(descriptor)
            # A link never replaces: of two servers that start at once the first one wins, and both read its secret.
            with contextlib.suppress(FileExistsError):
                os.link(draft, file)
        finally:
            os.unlink(draft)
    if file.stat().st_mode & 0o077:
        file.chmod(0o600)
    return file.read_text("utf-8", errors="replace").strip()


def derive_key(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose, so that what one key signs is worth nothing for another.

    HMAC as a pseudo-random function (RFC 5869, section 2.3, with one block).
    """
    return hmac.digest(secret.encode(), b"blogapi:" + purpose.encode() + b"\x01", "sha256")
