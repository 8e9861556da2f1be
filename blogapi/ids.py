"""Identifiers. To us and to clients they are opaque strings; the database keeps them as ObjectIds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

OBJECT_ID = "object id"
# A string for everybody; `db/documents.py` sees the mark and stores an ObjectId.
Id = Annotated[str, OBJECT_ID]
UNWRITTEN: Mapping[str, Any] = {"is_written": False}
"""The metadata of a field of a model that is not in the document that is made of it (`db/documents.py`)."""

ID_PATTERN = "[0-9a-f]{24}"
_LOOKS_LIKE_ONE = re.compile(ID_PATTERN)


def is_id(text: str) -> bool:
    """Whether the text could be an identifier."""
    return _LOOKS_LIKE_ONE.fullmatch(text) is not None
