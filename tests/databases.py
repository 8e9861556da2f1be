"""Databases that many tests use, one after the other."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database


def empty(database: Database[Any]) -> None:
    """Remove all documents. The indexes stay: to build them takes longer than a test."""
    names = database.list_collection_names()
    for name in _filled(database, [name for name in names if not name.startswith("system.")]):
        database[name].delete_many({})
    for name in names:
        if name.startswith("system."):
            database.drop_collection(name)


def _filled(database: Database[Any], names: list[str]) -> list[str]:
    """Those with documents in them, in one question: most tests fill few."""
    questions = [(name, [{"$limit": 1}, {"$project": {"_id": 0, "name": {"$literal": name}}}]) for name in names]
    if not questions:
        return []
    (first, stages), *others = questions
    union = [{"$unionWith": {"coll": name, "pipeline": pipeline}} for name, pipeline in others]
    return [found["name"] for found in database[first].aggregate([*stages, *union])]
