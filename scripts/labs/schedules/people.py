"""Somebody who writes posts on servers that die, and does with some of them by hand what people do."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from blogapi.clock import rfc3339
from scripts.labs.client import Answer, CutOff, LastingConnection
from scripts.labs.drain.clients import sign_in
from scripts.labs.schedules.model import Plan

_PAUSE_SECONDS = 0.1
# A little less than `auth.access_token_seconds`.
_TOKEN_SECONDS = 590
_EDIT = "This was written after it had been scheduled."


class Writer:
    """An author with one session: a token is good on each server, whichever made it."""

    def __init__(self, ports: list[int], chance: random.Random) -> None:
        self.ports, self.requests, self.cut_off = ports, 0, 0
        self._chance = chance
        self._token: dict[str, str] = {}
        self._signed_in_at = 0.0
        self.refused = 0
        """How often the token was not good before it was to expire."""

    async def sign_in(self) -> None:
        """On any of the servers."""
        self._token = await sign_in(f"http://127.0.0.1:{self._chance.choice(self.ports)}")
        self._signed_in_at = time.monotonic()

    async def plan(self, number: int, start: datetime, seconds: float) -> Plan:
        """Write a post, and schedule it some time after the start."""
        chance = self._chance
        at = _in(start, chance.uniform(0, seconds))
        draft = {"title": f"Post {number}", "body": "As it was decided.", "tags": [f"tag-{number % 7}"]}
        post = await self._done("POST", "/v1/posts", draft)
        post = await self._done("POST", f"/v1/posts/{post['id']}/publish", {"at": rfc3339(at)}, post)
        plan = Plan(id=post["id"], at=at)
        if chance.random() < 0.2:
            plan.end_at = _in(at, chance.uniform(1, 10))
            await self._done("POST", f"/v1/posts/{plan.id}/unpublish", {"at": rfc3339(plan.end_at)}, post)
        plan.is_edited = chance.random() < 0.4
        if chance.random() < 0.4 and plan.end_at is None:
            plan.act = chance.choice(("unschedule", "publish", "withdraw", "trash", "move"))
            plan.new_at = _in(start, chance.uniform(0, seconds)) if plan.act == "move" else None
        first = [at, *([plan.new_at] if plan.new_at else [])]
        # Some come early enough, some at the very moment.
        plan.act_at = _in(min(first), -chance.choice((chance.uniform(0, 0.2), chance.uniform(0, 10))))
        return plan

    async def live(self, plan: Plan) -> None:
        """Do with the post what was planned, when it is time for it."""
        assert plan.act_at is not None
        await asyncio.sleep((plan.act_at - datetime.now(UTC)).total_seconds())
        if plan.is_edited:
            edit = {"body": _EDIT}
            await self._insist(plan, "PATCH", f"/v1/posts/{plan.id}", edit, lambda post: post["body"] == _EDIT)
        if plan.act:
            plan.has_acted = await self._act(plan)

    async def _act(self, plan: Plan) -> bool:
        path = f"/v1/posts/{plan.id}"
        if plan.act == "move":
            assert plan.new_at is not None
            at = rfc3339(plan.new_at)
            is_moved = await self._insist(
                *(plan, "POST", f"{path}/publish", {"at": at}),
                lambda post: at in (post["scheduled_at"], post["published_at"]),
            )
            if is_moved and (await self._read(plan.id))["published_at"] not in (None, at):
                plan.act = "publish"  # the time had come before it was asked for
            return is_moved
        if plan.act == "unschedule":
            return await self._insist(plan, "POST", f"{path}/unschedule", {}, lambda post: post["status"] == "draft")
        if plan.act == "trash":
            return await self._insist(plan, "DELETE", path, None, lambda post: post["status"] == "trashed")
        is_by_hand = await self._insist(plan, "POST", f"{path}/publish", {}, lambda post: post["status"] == "published")
        if plan.act == "withdraw" and is_by_hand:
            withdrawn = await self._insist(
                plan, "POST", f"{path}/unpublish", {}, lambda post: post["status"] == "draft", ("published",)
            )
            assert withdrawn
        return is_by_hand

    async def _insist(
        self,
        plan: Plan,
        method: str,
        path: str,
        body: object,
        is_done: Callable[[dict[str, Any]], bool],
        states: Sequence[str] = ("scheduled",),
    ) -> bool:
        """Do it while the post is in one of these states; False when it is not any more."""
        while True:
            post = await self._read(plan.id)
            if is_done(post):
                # By an attempt whose answer was cut off; or the schedule was faster.
                return bool(post["status"] != "published" or post["published_at"] != rfc3339(plan.at))
            if post["status"] not in states:
                return False
            answer = await self._try(method, path, body, post)
            if answer is not None and answer.status in (200, 204):
                return True

    async def _read(self, post_id: str) -> dict[str, Any]:
        return await self._done("GET", f"/v1/posts/{post_id}?view=working", None)

    async def _done(self, method: str, path: str, body: object, post: dict[str, Any] | None = None) -> dict[str, Any]:
        while True:
            answer = await self._try(method, path, body, post)
            if answer is not None and answer.status in (200, 201):
                return {**answer.json(), "etag": answer.header("ETag")}

    async def _try(self, method: str, path: str, body: object, post: dict[str, Any] | None) -> Answer | None:
        """None when there was no answer, or none that says anything."""
        port = self._chance.choice(self.ports)
        headers = {**self._token, **({"If-Match": post["etag"]} if post else {})}
        connection, self.requests = LastingConnection(port), self.requests + 1
        try:
            answer = await connection.ask(method, path, headers, body)
        except (CutOff, OSError):
            self.cut_off += 1
            await asyncio.sleep(_PAUSE_SECONDS)
            return None
        finally:
            connection.close()
        if answer.status in (401, 503):
            await asyncio.sleep(_PAUSE_SECONDS)
            if answer.status == 401:
                self.refused += time.monotonic() - self._signed_in_at < _TOKEN_SECONDS
                await self.sign_in()
            return None
        return answer


def is_leaking(body: str) -> bool:
    """Whether a text is what was written after it was scheduled."""
    return body == _EDIT


def _in(moment: datetime, seconds: float) -> datetime:
    """To the millisecond, as the database keeps it."""
    later = moment + timedelta(seconds=seconds)
    return later.replace(microsecond=later.microsecond // 1000 * 1000)
