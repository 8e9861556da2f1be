"""The connection to MongoDB: how it is opened, what it must guarantee, how long it may take, what its errors mean."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeAlias

import pymongo
from bson.codec_options import CodecOptions
from bson.errors import InvalidId
from bson.objectid import ObjectId
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import errors

from blogapi.errors import ConfigError, NotFound, Unavailable

Document: TypeAlias = dict[str, Any]
Database: TypeAlias = AsyncIOMotorDatabase[Document]

_OUTAGES = (
    errors.ConnectionFailure,  # AutoReconnect, NetworkTimeout, NotPrimaryError, ServerSelectionTimeoutError
    errors.WaitQueueTimeoutError,
    errors.ExecutionTimeout,
    errors.WTimeoutError,
    errors.WriteConcernError,
)


def connect(url: str, *, timeout_seconds: float, pool_size: int) -> AsyncIOMotorClient[Document]:
    """A client of the running event loop. Nothing is sent before it is used. Raises ConfigError for a bad URL.

    Each operation, with its retries, ends within the timeout. The first that does not ends its request, and what a
    request does besides, such as waiting for a password to be hashed, does not use up the database's time.

    Times are read as naive UTC: making them aware costs a quarter of a list, and stores do it where models are made.
    """
    try:
        # The driver only warns of options that it does not understand, and goes on without them.
        with warnings.catch_warnings(action="error", category=UserWarning):
            return AsyncIOMotorClient(
                url,
                appname="blogapi",
                tz_aware=False,
                w="majority",
                journal=True,
                # What we tell, and decide upon, has to be there after a failover, too.
                readConcernLevel="majority",
                retryWrites=True,
                maxPoolSize=pool_size,
                timeoutMS=int(timeout_seconds * 1000),
                serverSelectionTimeoutMS=int(timeout_seconds * 1000),
                connectTimeoutMS=int(timeout_seconds * 1000),
            )
    except (errors.ConfigurationError, UserWarning, ValueError, TypeError) as error:
        # The driver quotes what it does not understand; that may be a password.
        why = "its user or its options" if "@" in url else _brief(error)
        raise ConfigError(f"mongo.url: MongoDB's driver does not accept it ({why}). Correct the URL.") from None


# What a server says that is going down, has stepped down or was cut off, when the driver does not retry any more:
# HostUnreachable, HostNotFound, NetworkTimeout, ShutdownInProgress, QueryPlanKilled, PrimarySteppedDown, KeyNotFound
# (of the cluster's clock, right after an election), ExceededTimeLimit, SocketException, NotWritablePrimary,
# InterruptedAtShutdown, InterruptedDueToReplStateChange, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary.
_OUTAGE_CODES = frozenset({6, 7, 89, 91, 175, 189, 211, 262, 9001, 10107, 11600, 11602, 13435, 13436})


def _is_outage(error: errors.PyMongoError) -> bool:
    if isinstance(error, _OUTAGES) or error.timeout:
        return True
    return isinstance(error, errors.OperationFailure) and error.code in _OUTAGE_CODES


@contextmanager
def database_time(seconds: float) -> Iterator[None]:
    """Give all database calls inside one deadline in place of the client's, for each: a shorter or a longer one."""
    with database_errors(), pymongo.timeout(seconds):
        yield


class _DatabaseErrors:
    # Around every request, so not a generator, which takes eight times as long.
    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, errors.PyMongoError) and _is_outage(error):
            raise Unavailable("The database does not answer. Try again in a moment.") from error


_database_errors = _DatabaseErrors()


def database_errors() -> AbstractContextManager[None]:
    """Say `Unavailable` when the database does not answer.

    The outcome of a write that was cut off is not known: it may have happened.
    """
    return _database_errors


async def check_guarantees(database: Database, *, production: bool) -> None:
    """Refuse a server that cannot keep our promises. Raises ConfigError.

    A standalone server has no majority to wait for and no change streams; it is accepted for development only.
    """
    concern = database.client.write_concern.document
    if concern.get("w") != "majority" or concern.get("j") is False:
        raise ConfigError(
            "mongo.url: the write concern is weaker than majority. Take `w` and `journal` out of the URL."
        )
    try:
        hello = await database.client.admin.command("hello")
    except errors.PyMongoError as error:
        raise ConfigError(
            f"mongo.url: no MongoDB primary answers there. Start it or correct the URL. ({_brief(error)})"
        ) from None
    if production and not _is_replica_set(hello):
        raise ConfigError(
            "mongo.url: this MongoDB is standalone. Production needs a replica set (mongod --replSet ...)."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What the database server is."""

    version: tuple[int, int]
    is_replica_set: bool


async def describe_server(database: Database) -> Server:
    """Ask the server what it is. A router of a sharded cluster counts as a replica set."""
    info, hello = await database.command("buildInfo"), await database.client.admin.command("hello")
    major, minor = info["versionArray"][:2]
    return Server(version=(major, minor), is_replica_set=_is_replica_set(hello))


def _is_replica_set(hello: Document) -> bool:
    return "setName" in hello or hello.get("msg") == "isdbgrid"


def _brief(error: Exception) -> str:
    return str(error).split(",")[0][:120]


def object_id(text: str) -> ObjectId:
    """The id as the database has it. Raises NotFound: what is no id belongs to nothing."""
    try:
        return ObjectId(str(text))
    except InvalidId:
        raise NotFound(f"There is nothing with the id {text!r}.") from None


def new_id() -> str:
    """An id that no document has yet."""
    return str(ObjectId())


__all__ = [
    "CodecOptions",
    "Database",
    "Document",
    "Server",
    "check_guarantees",
    "connect",
    "database_errors",
    "database_time",
    "describe_server",
    "new_id",
    "object_id",
]
