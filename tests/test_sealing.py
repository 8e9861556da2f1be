import pytest

from blogapi.sealing import Sealer

KEY = b"k" * 32


def test_what_is_sealed_is_opened_by_who_has_the_key():
    assert Sealer(KEY).open(Sealer(KEY).seal(b"plain", "this"), "this") == b"plain"


def test_same_text_is_never_sealed_alike():
    assert Sealer(KEY).seal(b"plain", "this") != Sealer(KEY).seal(b"plain", "this")


@pytest.mark.parametrize(
    ("sealer", "about", "spoil"),
    [
        (Sealer(b"x" * 32), "this", lambda sealed: sealed),
        (Sealer(KEY), "that", lambda sealed: sealed),
        (Sealer(KEY), "this", lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (Sealer(KEY), "this", lambda sealed: sealed[:20]),
        (Sealer(KEY), "this", lambda sealed: sealed[:5]),
        (Sealer(KEY), "this", lambda sealed: b""),
    ],
    ids=["another key", "about something else", "changed", "cut off", "cut short", "empty"],
)
def test_anything_else_is_not_opened(sealer, about, spoil):
    assert sealer.open(spoil(Sealer(KEY).seal(b"plain", "this")), about) is None
