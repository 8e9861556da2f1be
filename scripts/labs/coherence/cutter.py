"""Cuts change streams in the database, and lets its primary step down, as a failing network or an operator would."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from scripts.labs.coherence.findings import Findings

_PAUSE_SECONDS, _REIGN_SECONDS = (1, 5), (5, 15)
_OUTAGES, _OUTAGE_SECONDS = 0.3, (0.2, 1.0)


async def elect(url: str, findings: Findings, chance: random.Random, enough: asyncio.Event) -> None:
    """Let the primary step down at random times. Alone, it is elected again soon after."""
    async with AsyncMongoClient[dict[str, Any]](url) as client:
        while not await _is_over(enough, chance.uniform(*_REIGN_SECONDS)):
            try:
                await client.admin.command({"replSetStepDown": 1, "force": True})
            except ConnectionFailure:  # it closes all connections, ours as well
                findings.elections += 1
            except OperationFailure:
                continue  # the last one is not over
            else:
                findings.elections += 1


async def _is_over(enough: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await enough.wait()
    except TimeoutError:
        return False
    return True


async def cut(url: str, database: str, findings: Findings, chance: random.Random, enough: asyncio.Event) -> None:
    """End one change stream on this database at random times, or all of them for a moment."""
    async with AsyncMongoClient[dict[str, Any]](url) as client:
        while not await _is_over(enough, chance.uniform(*_PAUSE_SECONDS)):
            try:
                findings.cuts += await _cut_some(client, database, chance)
            except (ConnectionFailure, OperationFailure):
                continue  # there is no primary at the moment, and no stream either


async def _cut_some(client: AsyncMongoClient[dict[str, Any]], database: str, chance: random.Random) -> int:
    if chance.random() < _OUTAGES:
        return await _keep_down(client, database, chance.uniform(*_OUTAGE_SECONDS))
    streams = await _streams(client, database)
    return await _end(client, database, chance.choice(streams), chance.random() < 0.5) if streams else 0


async def _keep_down(client: AsyncMongoClient[dict[str, Any]], database: str, seconds: float) -> int:
    """Interrupt whatever follows, and what follows after that; returns how often."""
    count, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        for stream in await _streams(client, database):
            # One that waits for the next request is left: it would be opened again without a word.
            count += "opid" in stream and await _end(client, database, stream, True)
        await asyncio.sleep(0.01)
    return count


async def _streams(client: AsyncMongoClient[dict[str, Any]], database: str) -> list[dict[str, Any]]:
    """What the server is doing for change streams on this database, waiting for the next request or at work."""
    operations = await client.admin.aggregate([{"$currentOp": {"allUsers": True, "idleCursors": True}}])
    return [operation async for operation in operations if _is_stream(operation, database)]


def _is_stream(operation: Mapping[str, Any], database: str) -> bool:
    cursor = operation.get("cursor", {})
    origin = cursor.get("originatingCommand", {})
    stages = origin.get("pipeline") or [{}]
    return origin.get("$db") == database and "$changeStream" in stages[0] and "cursorId" in cursor


async def _end(
    client: AsyncMongoClient[dict[str, Any]], database: str, stream: Mapping[str, Any], interrupts: bool
) -> bool:
    """Interrupt what it is doing, or remove its cursor; whether it was still there."""
    try:
        if interrupts and "opid" in stream:
            await client.admin.command("killOp", op=stream["opid"])
            return True
        _, _, collection = stream["ns"].partition(".")
        done = await client[database].command("killCursors", collection, cursors=[stream["cursor"]["cursorId"]])
    except OperationFailure:
        return False
    return bool(done["cursorsKilled"])
