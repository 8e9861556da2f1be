"""Looks through CBOR (RFC 8949) before a library makes objects of it.

Authenticators write little of what CBOR has (CTAP 2.1 section 8, "Message Encoding"). The rest, such as tags whose
value has to be computed, or nesting without an end, comes from somebody who wants to cost us time.
"""

from __future__ import annotations

# An attestation object is a map, which holds a statement, which holds a list.
_MAX_DEPTH = 4
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_FALSE_TRUE_NULL = (20, 21, 22)


def end_of_item(data: bytes, start: int = 0, depth: int = _MAX_DEPTH) -> int:
    """Where the item ends that begins at `start`.

    Raises ValueError for one that is cut off or nested too deep, and for tags, floats and lengths that are left open.
    """
    major, length, at = _head(data, start)
    if major in (_UNSIGNED, _NEGATIVE, _SIMPLE):
        return at
    if major in (_BYTES, _TEXT):
        if at + length > len(data):
            raise ValueError("cut off")
        return at + length
    if not depth:
        raise ValueError("nested too deep")
    for _ in range(length * 2 if major == _MAP else length):
        at = end_of_item(data, at, depth - 1)
    return at


def check_items(data: bytes, most: int) -> None:
    """Raises ValueError unless these are at most so many plain items, one after the other."""
    at = 0
    for _ in range(most):
        if at == len(data):
            return
        at = end_of_item(data, at)
    if at != len(data):
        raise ValueError("more than there should be")


def _head(data: bytes, start: int) -> tuple[int, int, int]:
    """The major type of an item, its length or value, and where what follows begins."""
    if start >= len(data):
        raise ValueError("cut off")
    major, more, at = data[start] >> 5, data[start] & 31, start + 1
    if major == _TAG or (major == _SIMPLE and more not in _FALSE_TRUE_NULL):
        raise ValueError("not of an authenticator")
    if more < 24 or major == _SIMPLE:
        return major, more, at
    if more > 27:
        raise ValueError("a length is left open")
    end = at + (1 << (more - 24))
    if end > len(data):
        raise ValueError("cut off")
    return major, int.from_bytes(data[at:end]), end
