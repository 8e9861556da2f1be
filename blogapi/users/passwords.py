"""Passwords: which are good enough, and how they are hashed without slowing anybody down."""

from __future__ import annotations

import base64
import hmac
import unicodedata
from collections.abc import Sequence

import bcrypt

from blogapi.config import Config, PasswordConfig
from blogapi.config.secret import derive_key
from blogapi.errors import FieldError
from blogapi.measures import Measure
from blogapi.pool.processes import Processes, crews
from blogapi.pool.turns import Turns, queues
from blogapi.translation.bounds import at_least_characters, at_most_characters
from blogapi.translation.sentence import Sentence, say
from blogapi.users.common_passwords import is_common
from blogapi.users.logins import email_key, username_key
from blogapi.users.model import StoredPassword

MAX_LENGTH = 256
SCHEME = "bcrypt-hmac-sha384"
# For each that is hashed: at cost 12 this is some eight seconds of waiting for the last one.
WAITING_PER_WORKER = 32
PATIENCE_SECONDS = 10
# Of a hash at cost 12, which takes a third of a second on a core of its own; each cost takes twice the one before.
DEADLINE_SECONDS = 10

# For all apps of this process: starting one takes longer than a hash may.
HASHERS = Processes("blogapi.users.hasher", niceness=10)


class Passwords:
    """Judges, hashes and compares passwords, a few at a time with a short queue before them."""

    def __init__(self, *, pepper: bytes, rounds: int, rules: PasswordConfig, workers: int, queue: int) -> None:
        self._pepper, self._rounds, self._rules = pepper, rounds, rules
        self._turns = Turns(
            at_once=workers,
            most_waiting=queue,
            patience_seconds=PATIENCE_SECONDS,
            busy=say("Too many people are signing in. Try again in a moment."),
        )

    @classmethod
    def configured(cls, config: Config) -> Passwords:
        """From the configuration. Without a pepper of its own, one is derived from the secret."""
        auth, workers = config.auth, config.auth.bcrypt_workers or config.server.busy_workers
        return cls(
            pepper=auth.pepper.encode() or derive_key(auth.secret, "pepper"),
            rounds=auth.bcrypt_rounds,
            rules=auth.password,
            workers=workers,
            queue=workers * WAITING_PER_WORKER,
        )

    def faults(self, password: str, *, username: str, email: str) -> Sequence[FieldError]:
        """What is wrong with a new password; nothing, or one thing."""
        rules = self._rules
        if len(password) < rules.min_length:
            return [_fault("too_short", at_least_characters(rules.min_length), min=rules.min_length)]
        if len(password) > MAX_LENGTH:
            return [_fault("too_long", at_most_characters(MAX_LENGTH), max=MAX_LENGTH)]
        if "\0" in password:
            return [_fault("invalid_characters", say("NUL is not allowed."))]
        if username_key(password) == username_key(username):
            return [_fault("same_as_username", say("The password must not be the username."))]
        if email_key(password) == email_key(email):
            return [_fault("same_as_email", say("The password must not be the e-mail address."))]
        if rules.refuse_common and is_common(password):
            return [_fault("common_password", say("This is one of the passwords that are tried first."))]
        return []

    async def hash(self, password: str) -> StoredPassword:
        """Raises Overloaded when too many are waiting, or for too long."""
        async with self._turns.turn(object()):
            hashed = await _hash(self._prepare(password), bcrypt.gensalt(self._rounds), self._rounds)
        return StoredPassword(scheme=SCHEME, cost=self._rounds, hash=hashed.decode())

    async def verify(self, password: str, stored: StoredPassword | None) -> bool:
        """Whether this is the password. A no takes as long for each account, and when there is none.

        Raises Overloaded when too many are waiting, or for too long.
        """
        known = stored if stored is not None and stored.scheme == SCHEME else None
        async with self._turns.turn(object()):
            return await self._compare(self._prepare(password), known)

    async def _compare(self, prepared: bytes, known: StoredPassword | None) -> bool:
        if known is None:
            await _hash(prepared, bcrypt.gensalt(self._rounds), self._rounds)
            return False
        stored = known.hash.encode()
        if hmac.compare_digest(await _hash(prepared, stored, known.cost), stored):
            return True
        # A hash from cheaper days would tell by its speed that there is an account. Each cost takes twice the one
        # before, so these take what is missing: 2^5 + (2^5 + 2^6 + 2^7) = 2^8.
        for cost in range(known.cost, self._rounds):
            await _hash(prepared, bcrypt.gensalt(cost), cost)
        return False

    def is_outdated(self, stored: StoredPassword) -> bool:
        """Whether it was hashed more cheaply than new ones are."""
        return stored.scheme != SCHEME or stored.cost < self._rounds

    @staticmethod
    def start() -> None:
        """Have a process ready for the first password."""
        HASHERS.start()

    def measures(self) -> list[Measure]:
        """Their metrics."""
        return [*queues({"passwords": self._turns}), *crews({"passwords": HASHERS})]

    def _prepare(self, password: str) -> bytes:
        # bcrypt takes 72 bytes at most: this makes 64 of any length. NFC as RFC 8265 section 4.2.2 says, because
        # keyboards differ in how they compose letters.
        text = unicodedata.normalize("NFC", password).encode()
        return base64.b64encode(hmac.digest(self._pepper, text, "sha384"))


async def _hash(prepared: bytes, salt: bytes, cost: int) -> bytes:
    deadline = DEADLINE_SECONDS * 2 ** max(0, cost - 12)
    return await HASHERS.ask(prepared + b" " + salt, deadline_seconds=deadline)


def _fault(code: str, detail: Sentence, **params: int) -> FieldError:
    return FieldError(pointer="/password", code=code, detail=detail, params=params)
