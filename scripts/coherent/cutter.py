"""Cuts change streams in the database, as a failing network or an operator would."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from scripts.coherent.findings import Findings

_PAUSE_SECONDS = (1, 5)
_OUTAGES, _OUTAGE_SECONDS = 0.3, (0.2, 1.0)


async def cut(url: str, database: str, findings: Findings, chance: random.Random, enough: asyncio.Event) -> None:
    """End one change stream on this database at random times, or all of them for a moment."""
    async with AsyncMongoClient[dict[str, Any]](url) as client:
        while True:
            try:
                async with asyncio.timeout(chance.uniform(*_PAUSE_SECONDS)):
                    await enough.wait()
                return
            except TimeoutError:
                streams = await _streams(client, database)
            if chance.random() < _OUTAGES:
                findings.cuts += await _keep_down(client, database, chance.uniform(*_OUTAGE_SECONDS))
            elif streams:
                findings.cuts += await _end(client, database, chance.choice(streams), chance.random() < 0.5)


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
