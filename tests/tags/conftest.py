"""A clock for what happens after a while."""

from tests.posts.conftest import clock

__all__ = ["clock"]
