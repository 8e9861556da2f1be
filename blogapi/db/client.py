"""The connection to MongoDB: how it is opened, what it must guarantee, how long it may take, what its errors mean."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any

import pymongo
from bson.objectid import ObjectId
from pymongo import MongoClient, errors
from pymongo.write_concern import WriteConcern

from blogapi.clock import Clock
from blogapi.db import driver as drivers
from blogapi.db.activity import Activity
from blogapi.db.collection import Collection, Document, Listener, Watcher
from blogapi.errors import ConfigError, NotFound, NotYet, Unavailable
from blogapi.ids import is_id
from blogapi.translation.sentence import say

_OUTAGES = (
    errors.ConnectionFailure,  # AutoReconnect, NetworkTimeout, NotPrimaryError, ServerSelectionTimeoutError
    errors.WaitQueueTimeoutError,
    errors.ExecutionTimeout,
    errors.WTimeoutError,
    errors.WriteConcernError,
)


class Client:
    """Connections to a server, for the databases on it. `raw` is the driver's own client, of which `activity` tells.

    `clock` shows the time of the server while somebody keeps it (`operations/timekeeping.py`).
    `open_blocking` opens a client of the same server that a thread may wait with, and has to close.
    """

    __slots__ = ("activity", "clock", "open_blocking", "raw")

    def __init__(
        self,
        raw: Any,
        open_blocking: Callable[[], MongoClient[Document]] = MongoClient,
        activity: Activity | None = None,
    ) -> None:
        self.raw, self.open_blocking, self.activity = raw, open_blocking, activity or Activity()
        self.clock = Clock()

    def __getitem__(self, name: str) -> Database:
        return Database(self, self.raw[name])

    @property
    def admin(self) -> Database:
        """The database for commands to the server."""
        return self["admin"]

    @property
    def write_concern(self) -> WriteConcern:
        """What a write waits for."""
        return self.raw.write_concern  # type: ignore[no-any-return]

    async def close(self) -> None:
        """End all connections."""
        await drivers.close(self.raw)


class Database:
    """A database. All collections that are had from this object tell `on_write` of their writes, `on_read` of reads.

    `raw` is the driver's own, which tells nobody.
    """

    __slots__ = ("client", "name", "on_read", "on_write", "raw")

    def __init__(self, client: Client, raw: Any) -> None:
        self.client, self.raw = client, raw
        self.name: str = raw.name
        self.on_write: list[Listener] = []
        self.on_read: list[Watcher] = []

    def __getitem__(self, name: str) -> Collection:
        return Collection(self.raw[name], self.on_write, self.on_read)

    def get_collection(self, name: str, *, write_concern: WriteConcern) -> Collection:
        """The same, with writes that wait for something else."""
        raw = self.raw.get_collection(name, write_concern=write_concern)
        return Collection(raw, self.on_write, self.on_read)

    def command(self, command: str | Mapping[str, Any], value: Any = 1) -> Awaitable[Document]:
        """Have the server do something. Raises OperationFailure, and NotImplementedError on a mock."""
        whole = {command: value} if isinstance(command, str) else command
        return self.raw.command(whole)  # type: ignore[no-any-return]

    def list_collection_names(self) -> Awaitable[list[str]]:
        """Those that are there."""
        return self.raw.list_collection_names()  # type: ignore[no-any-return]

    def drop_collection(self, name: str) -> Awaitable[Any]:
        """Remove one, with its indexes."""
        return self.raw.drop_collection(name)  # type: ignore[no-any-return]


def connect(url: str, *, driver: str = drivers.MOTOR, timeout_seconds: float, pool_size: int) -> Client:
    """A client of the running event loop. Nothing is sent before it is used. Raises ConfigError for a bad URL.

    Each operation, with its retries, ends within the timeout. The first that does not ends its request, and what a
    request does besides, such as waiting for a password to be hashed, does not use up the database's time.

    Times are read as naive UTC: making them aware costs a quarter of a list, and stores do it where models are made.
    """
    milliseconds, activity = int(timeout_seconds * 1000), Activity()
    options: dict[str, Any] = {
        "appname": "blogapi",
        "tz_aware": False,
        "w": "majority",
        "journal": True,
        # What we tell, and decide upon, has to be there after a failover, too.
        "readConcernLevel": "majority",
        "retryWrites": True,
        "readPreference": "primary",
        "maxPoolSize": pool_size,
        "timeoutMS": milliseconds,
        "serverSelectionTimeoutMS": milliseconds,
        "connectTimeoutMS": milliseconds,
    }
    try:
        # The driver only warns of options that it does not understand, and goes on without them.
        with warnings.catch_warnings(action="error", category=UserWarning):
            raw = drivers.new_client(driver, url, event_listeners=[activity], **options)
    except (errors.ConfigurationError, UserWarning, ValueError, TypeError) as error:
        if _is_unresolved(error):
            raise NotYet(f"mongo.url: its name does not resolve. Correct the URL. ({_brief(error)})") from None
        # The driver quotes what it does not understand; that may be a password.
        why = "its user or its options" if "@" in url else _brief(error)
        raise ConfigError(f"mongo.url: MongoDB's driver does not accept it ({why}). Correct the URL.") from None
    return Client(raw, partial(MongoClient, url, **options), activity)


# What a server says that is going down, has stepped down or was cut off, when the driver does not retry any more:
# HostUnreachable, HostNotFound, NetworkTimeout, ShutdownInProgress, QueryPlanKilled, PrimarySteppedDown, KeyNotFound
# (of the cluster's clock, right after an election), ExceededTimeLimit, SocketException, NotWritablePrimary,
# InterruptedAtShutdown, InterruptedDueToReplStateChange, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary.
_OUTAGE_CODES = frozenset({6, 7, 89, 91, 175, 189, 211, 262, 9001, 10107, 11600, 11602, 13435, 13436})


def _is_outage(error: errors.PyMongoError) -> bool:
    if isinstance(error, _OUTAGES) or error.timeout:
        return True
    return isinstance(error, errors.OperationFailure) and error.code in _OUTAGE_CODES


def _is_unresolved(error: Exception) -> bool:
    """Whether the servers behind a `mongodb+srv` address cannot be found out: the driver has one kind for it all."""
    return type(error.__cause__).__module__.startswith("dns.")


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
            raise Unavailable(say("The database does not answer. Try again in a moment.")) from error


_database_errors = _DatabaseErrors()


def database_errors() -> AbstractContextManager[None]:
    """Say `Unavailable` when the database does not answer.

    The outcome of a write that was cut off is not known: it may have happened.
    """
    return _database_errors


async def check_guarantees(database: Database, *, production: bool) -> None:
    """Refuse a server that cannot keep our promises. Raises ConfigError, and NotYet when it does not answer.

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
        if _is_outage(error) or _is_unresolved(error):
            raise NotYet(
                f"mongo.url: no MongoDB primary answers there. Start it or correct the URL. ({_brief(error)})"
            ) from None
        raise ConfigError(f"mongo.url: MongoDB refuses us. Correct the URL. ({_brief(error)})") from None
    if production and not _is_replica_set(hello):
        raise ConfigError(
            "mongo.url: this MongoDB is standalone. Production needs a replica set (mongod --replSet ...)."
        )


def present_reign(raw: Any) -> ObjectId | None:
    """What the present primary was elected with; None when the driver's client knows of none."""
    servers = raw.topology_description.server_descriptions().values()
    return next((server.election_id for server in servers if server.is_writable), None)


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
    # The driver would read capitals, too; but one thing has one id, by which a cache finds it.
    if not is_id(text):
        raise NotFound(say("There is nothing with the id {id!r}.", id=text))
    return ObjectId(text)


def new_id() -> str:
    """An id that no document has yet."""
    return str(ObjectId())


__all__ = [
    "Client",
    "Collection",
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
    "present_reign",
]
