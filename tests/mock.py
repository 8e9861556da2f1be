"""What mongomock lacks: `create_indexes` drops the filter of a partial index, which then binds all documents."""

from __future__ import annotations

from mongomock.collection import Collection

_OPTIONS = ("expireAfterSeconds", "partialFilterExpression", "name", "sparse", "unique")


def _create_indexes(collection, indexes, session=None):
    return [
        collection.create_index(
            list(index.document["key"].items()),
            session=session,
            **{option: index.document[option] for option in _OPTIONS if option in index.document},
        )
        for index in indexes
    ]


def mend_mongomock():
    """Create indexes one by one."""
    Collection.create_indexes = _create_indexes
