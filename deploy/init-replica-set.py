"""Makes one replica set of the given mongod servers, with its users. Run again, it does only what is missing.

    python deploy/init-replica-set.py mongo1:27017 mongo2:27017 mongo3:27017

Takes MONGO_ADMIN_PASSWORD and MONGO_PASSWORD from the environment. Has to run where the first server answers on
127.0.0.1: until it has a user, mongod lets nobody else in.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

SET = "rs0"
ADMIN, USER = "admin", "blogapi"
DATABASE = os.environ.get("BLOGAPI_MONGO__DATABASE") or "blogapi"
PATIENCE_SECONDS = 120

Client = MongoClient[dict[str, Any]]


def main(members: list[str], admin_password: str, password: str) -> str:
    """Try until it is done: every step finds out by itself whether it is needed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            begin(members[0], admin_password)
            with MongoClient(members, replicaSet=SET, username=ADMIN, password=admin_password, **TIMES) as client:
                let_in(client, password)
                add(client, members)
                return ", ".join(states(client))
        except (PyMongoError, NotYet) as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"The replica set is not ready after {PATIENCE_SECONDS} s: {error}") from None
            time.sleep(0.5)


class NotYet(Exception):
    """There is no majority of members yet that hold the data."""


TIMES: dict[str, Any] = {"serverSelectionTimeoutMS": 5000, "connectTimeoutMS": 5000, "socketTimeoutMS": 30_000}


def begin(first: str, admin_password: str) -> None:
    """A set of the first server alone, so that it is the primary for sure, and its administrator."""
    local = MongoClient("127.0.0.1", int(first.rpartition(":")[2]), directConnection=True, **TIMES)
    with local as client:
        if "setName" not in client.admin.command("hello"):
            client.admin.command("replSetInitiate", {"_id": SET, "members": [{"_id": 0, "host": first}]})
        if client.admin.command("hello")["isWritablePrimary"]:
            try:
                client.admin.command("createUser", ADMIN, pwd=admin_password, roles=["root"])
            except OperationFailure as error:
                if error.code != 13:  # Unauthorized: there are users already
                    raise


def let_in(client: Client, password: str) -> None:
    """The user of the app, who reads and writes its database and nothing else. A new password is taken over."""
    known = client.admin.command("usersInfo", USER)["users"]
    roles = [{"role": "readWrite", "db": DATABASE}]
    client.admin.command("updateUser" if known else "createUser", USER, pwd=password, roles=roles)


def add(client: Client, members: list[str]) -> None:
    """One at a time, as MongoDB asks for. Members that are not in the list stay."""
    for host in members:
        config = client.admin.command("replSetGetConfig")["config"]
        if host not in {member["host"] for member in config["members"]}:
            number = max(member["_id"] for member in config["members"]) + 1
            config["members"].append({"_id": number, "host": host})
            config["version"] += 1
            client.admin.command("replSetReconfig", config)
    ready = [state for state in states(client) if state.endswith((" PRIMARY", " SECONDARY"))]
    if 2 * len(ready) <= len(members):  # a member that is down for repair holds nobody up
        raise NotYet(", ".join(states(client)))


def states(client: Client) -> list[str]:
    """Each member with its state."""
    return [f"{member['name']} {member['stateStr']}" for member in client.admin.command("replSetGetStatus")["members"]]


def secret(name: str) -> str:
    """From the environment."""
    return os.environ.get(name) or sys.exit(f"{name} is not set.")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    print(main(sys.argv[1:], secret("MONGO_ADMIN_PASSWORD"), secret("MONGO_PASSWORD")))
