"""Bylines in the copies of posts."""

from __future__ import annotations

from blogapi.access.identity import Byline
from blogapi.db.client import Collection
from blogapi.db.documents import to_subdocument

# Documents that get a new byline at a time; between them others have their turn.
_PART = 100


async def refresh_byline(collection: Collection, path: str, byline: Byline) -> None:
    """Show an author's present name and picture wherever they stand in the arrays at this path."""
    fresh = to_subdocument(byline)
    differs = [{name: {"$ne": value}} for name, value in fresh.items() if name != "id"]
    stale = {path: {"$elemMatch": {"id": fresh["id"], "$or": differs}}}
    while part := await collection.find(stale, {"_id": 1}).limit(_PART).to_list(_PART):
        where = {"_id": {"$in": [document["_id"] for document in part]}, f"{path}.id": fresh["id"]}
        done = await collection.update_many(where, {"$set": {f"{path}.$": fresh}})
        if not done.modified_count:
            break  # others were faster, or a name stands twice in a byline
