"""An answer in two content codings: each has an ETag of its own."""

import re

import pytest

from blogapi.cache.stored import Stored


def stored(etag, body):
    return Stored(
        route="/",
        status=200,
        shared_lines=b"",
        own_lines=b"",
        content_type="application/json",
        etag=etag,
        body=body,
    )


@pytest.mark.parametrize("etag", ['"12-0123456789abcdef01234567"', '"0123456789abcdef01234567"'])
def test_tag_of_the_packed_form_hangs_on_that_of_the_plain_one_alone(etag):
    """Two machines may pack one body in two ways."""
    packed = stored(etag, b"one" * 500).packed()
    assert packed.etag == stored(etag, b"other" * 500).packed().etag != etag
    assert re.fullmatch(r'"(12-)?[0-9a-f]{24}"', packed.etag)
    assert packed.etag[:-17] == etag[:-17]  # the mark by which the tags of a resource are known
    assert packed.unpacked() == stored(etag, b"one" * 500)
