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
    assert packed.packed_etag == stored(etag, b"other" * 500).packed().packed_etag != etag
    assert re.fullmatch(r'"(12-)?[0-9a-f]{24}"', packed.packed_etag)
    assert packed.packed_etag[:-17] == etag[:-17]  # the mark by which the tags of a resource are known
    assert packed.etag == etag
    assert packed.unpacked_body() == b"one" * 500


@pytest.mark.parametrize("etag", ['"1"\r\nSet-Cookie: a=b', '"1"\n', '"1"\0'])
def test_tag_that_would_end_its_line_is_refused(etag):
    with pytest.raises(ValueError, match="ends its line"):
        stored(etag, b"one")
