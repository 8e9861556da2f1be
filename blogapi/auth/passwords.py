"""Passwords: which are good enough, and how they are hashed without slowing anybody down."""

from __future__ import annotations

import asyncio
import base64
import hmac
import threading
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from blogapi.auth.common_passwords import is_common
from blogapi.auth.hashers import HASHERS
from blogapi.config import Config, PasswordConfig
from blogapi.errors import FieldError, Unavailable
from blogapi.keys import derive_key
from blogapi.users.model import StoredPassword, email_key, username_key

MAX_LENGTH = 256
SCHEME = "bcrypt-hmac-sha384"
# Per thread: at cost 12 this is some eight seconds of waiting for the last one.
WAITING_PER_THREAD = 32

Result = TypeVar("Result")


class Passwords:
    """Judges, hashes and compares passwords, in a few threads with a short queue before them."""

    def __init__(self, *, pepper: bytes, rounds: int, rules: PasswordConfig, workers: int, queue: int) -> None:
        self._pepper, self._rounds, self._rules = pepper, rounds, rules
        self._places = threading.Semaphore(workers + queue)
        # They wait for processes of a lower priority, and have none themselves: a thread that waits for its turn on a
        # processor may hold the interpreter's lock, and all readers then wait with it.
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="bcrypt")

    @classmethod
    def configured(cls, config: Config) -> Passwords:
        """As the configuration says; without a pepper of its own, it follows from the secret."""
        auth, workers = config.auth, config.auth.bcrypt_workers or config.server.busy_threads
        return cls(
            pepper=auth.pepper.encode() or derive_key(auth.secret, "pepper"),
            rounds=auth.bcrypt_rounds,
            rules=auth.password,
            workers=workers,
            queue=workers * WAITING_PER_THREAD,
        )

    def faults(self, password: str, *, username: str, email: str) -> Sequence[FieldError]:
        """What is wrong with a new password; nothing, or one thing."""
        rules = self._rules
        if len(password) < rules.min_length:
            return [_fault("too_short", f"At least {rules.min_length} characters.", min=rules.min_length)]
        if len(password) > MAX_LENGTH:
            return [_fault("too_long", f"At most {MAX_LENGTH} characters.", max=MAX_LENGTH)]
        if "\0" in password:
            return [_fault("invalid_characters", "NUL is not allowed.")]
        if username_key(password) == username_key(username):
            return [_fault("same_as_username", "The password must not be the username.")]
        if email_key(password) == email_key(email):
            return [_fault("same_as_email", "The password must not be the e-mail address.")]
        if rules.refuse_common and is_common(password):
            return [_fault("common_password", "This is one of the passwords that are tried first.")]
        return []

    async def hash(self, password: str) -> StoredPassword:
        """Raises Unavailable when too many are waiting."""
        prepared = self._prepare(password)
        hashed = await self._run(lambda: HASHERS.hash(prepared, bcrypt.gensalt(self._rounds)))
        return StoredPassword(scheme=SCHEME, cost=self._rounds, hash=hashed.decode())

    async def verify(self, password: str, stored: StoredPassword | None) -> bool:
        """Whether this is the password. A no takes as long for each account, and when there is none.

        Raises Unavailable when too many are waiting.
        """
        known = stored if stored is not None and stored.scheme == SCHEME else None
        prepared = self._prepare(password)
        return await self._run(lambda: self._compare(prepared, known))

    def _compare(self, prepared: bytes, known: StoredPassword | None) -> bool:
        if known is None:
            HASHERS.hash(prepared, bcrypt.gensalt(self._rounds))
            return False
        stored = known.hash.encode()
        if hmac.compare_digest(HASHERS.hash(prepared, stored), stored):
            return True
        # A hash from cheaper days would tell by its speed that there is an account. Each cost takes twice the one
        # before, so these take what is missing: 2^5 + (2^5 + 2^6 + 2^7) = 2^8.
        for cost in range(known.cost, self._rounds):
            HASHERS.hash(prepared, bcrypt.gensalt(cost))
        return False

    def is_outdated(self, stored: StoredPassword) -> bool:
        """Whether it was hashed more cheaply than new ones are."""
        return stored.scheme != SCHEME or stored.cost < self._rounds

    def close(self) -> None:
        """Drop what waits and end the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _prepare(self, password: str) -> bytes:
        # bcrypt takes 72 bytes at most: this makes 64 of any length. NFC as RFC 8265 section 4.2.2 says, because
        # keyboards differ in how they compose letters.
        text = unicodedata.normalize("NFC", password).encode()
        return base64.b64encode(hmac.digest(self._pepper, text, "sha384"))

    async def _run(self, work: Callable[[], Result]) -> Result:
        if not self._places.acquire(blocking=False):
            raise Unavailable("Too many people are signing in. Try again in a moment.", retry_after_seconds=2)
        future = self._threads.submit(work)
        # The place is free when the thread is done, not when the caller has lost patience.
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)


def _fault(code: str, detail: str, **params: int) -> FieldError:
    return FieldError(pointer="/password", code=code, detail=detail, params=params)
