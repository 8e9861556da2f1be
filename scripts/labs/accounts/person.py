"""A person with an account, who does not give up: what was cut off is tried again, on whichever server."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.labs.accounts.mailbox import Mailbox
from scripts.labs.client import Answer, CutOff, LastingConnection

# Longer than a lease of anything that a dead server left.
PATIENCE_SECONDS = 120
_PAUSE_SECONDS = 0.2
_LATER = ("idempotency_in_progress", "unavailable", "mail_unavailable")


class Violation(Exception):
    """What must never happen. The message says what did."""


@dataclass
class Tally:
    """What all people did together, and what befell them."""

    flows: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    cut_off: int = 0
    violations: list[str] = field(default_factory=list)


class Person:
    """Their names and secrets, and the sessions that they hold."""

    def __init__(
        self, name: str, ports: Callable[[], Sequence[int]], mailbox: Mailbox, tally: Tally, chance: random.Random
    ) -> None:
        self.name, self.mailbox, self.tally, self.chance = name, mailbox, tally, chance
        self.email, self.password = f"{name}@example.org", self.new_password()
        self.tokens: dict[str, str] = {}
        self._ports, self._connections = ports, dict[int, LastingConnection]()
        self._asked = 0

    def new_password(self) -> str:
        """Another one each time."""
        return f"{self.chance.getrandbits(64):x} of {self.name[::-1]}"

    def new_key(self) -> dict[str, str]:
        """The header of a request that may be sent again."""
        return {"Idempotency-Key": f"{self.name}-{self.chance.getrandbits(64):x}"}

    @property
    def session(self) -> dict[str, str]:
        """The header of who is signed in."""
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    async def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask until there is an answer that says something. What was cut off may have been done.

        Raises Violation when nobody answers.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            self.tally.requests += 1
            try:
                answer = await self._connection().ask(method, path, headers, body)
            except (CutOff, OSError):
                self.tally.cut_off += 1
            else:
                if answer.status < 409 or code_of(answer) not in _LATER:
                    return answer
            await asyncio.sleep(_PAUSE_SECONDS)
        raise Violation(f"{self.name}: {method} {path} was not answered for {PATIENCE_SECONDS} seconds")

    def _connection(self) -> LastingConnection:
        ports = self._ports()
        self._asked += 1
        port = ports[self._asked % len(ports)]
        return self._connections.setdefault(port, LastingConnection(port))

    def close(self) -> None:
        """All connections."""
        for connection in self._connections.values():
            connection.close()

    async def log_in(self, password: str) -> Answer:
        """Try to sign in."""
        return await self.ask("POST", "/v1/auth/login", {"login": self.name, "password": password})

    async def sign_in(self) -> None:
        """Hold a new session. Raises Violation for who is locked out."""
        self.tokens = self.expect(await self.log_in(self.password), 200).json()

    async def must_be_out(self, headers: Mapping[str, str], why: str) -> None:
        """Raises Violation when a credential is good."""
        answer = await self.ask("GET", "/v1/me", headers=headers)
        if answer.status != 401:
            raise Violation(f"{self.name}: let in after {why}: {answer.status}")

    async def me(self) -> dict[str, Any]:
        """The own account, with the `etag` of the answer."""
        answer = self.expect(await self.ask("GET", "/v1/me", headers=self.session), 200)
        return {**answer.json(), "etag": answer.header("ETag")}

    def expect(self, answer: Answer, *statuses: int) -> Answer:
        """The same answer. Raises Violation for one that is not among these."""
        if answer.status not in statuses:
            raise Violation(f"{self.name}: {answer.status} for one of {statuses}: {answer.body[:300]!r}")
        return answer


def code_of(answer: Answer) -> str:
    """The code of a problem; empty for any other answer."""
    return str(answer.json().get("code", "")) if b"application/problem+json" in answer.head else ""


def is_spent(answer: Answer) -> bool:
    """Whether a code was refused: it may have been spent by an attempt that was cut off."""
    return any(error["code"] == "code_invalid" for error in answer.json().get("errors", ()))
