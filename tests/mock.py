"""What mongomock lacks.

`create_indexes` drops the filter of a partial index, which then binds all documents, and `$$NOW` is not known.
"""

from __future__ import annotations

from datetime import UTC, datetime

from mongomock import aggregate
from mongomock.collection import Collection

_OPTIONS = ("expireAfterSeconds", "partialFilterExpression", "name", "sparse", "unique")


def _create_indexes(collection, indexes, session=None):
    made = collection.index_information()
    return [
        index.document["name"]
        if "partialFilterExpression" in index.document and index.document["name"] in made
        else collection.create_index(
            list(index.document["key"].items()),
            session=session,
            **{option: index.document[option] for option in _OPTIONS if option in index.document},
        )
        for index in indexes
    ]


class _Parser(aggregate._Parser):
    """Knows the time."""

    def __init__(self, doc_dict, user_vars=None, ignore_missing_keys=False):
        now = {"NOW": datetime.now(UTC).replace(tzinfo=None)}
        super().__init__(doc_dict, {**now, **(user_vars or {})}, ignore_missing_keys)


def mend_mongomock():
    """Create indexes one by one, and tell the time."""
    Collection.create_indexes, aggregate._Parser = _create_indexes, _Parser
