"""Where posts are kept, and what leads to them: a module for each collection. Rooms of posts have their own stores."""

from __future__ import annotations

from blogapi.posts.store.addresses import AddressStore
from blogapi.posts.store.posts import PostStore
from blogapi.posts.store.slugs import SlugStore

__all__ = ["AddressStore", "PostStore", "SlugStore"]
