"""Where posts, their revisions, their slugs and their former addresses are kept: a module for each collection."""

from __future__ import annotations

from blogapi.posts.store.addresses import AddressStore
from blogapi.posts.store.posts import PostStore
from blogapi.posts.store.previews import PreviewLinkStore
from blogapi.posts.store.revisions import RevisionStore
from blogapi.posts.store.slugs import SlugStore

__all__ = ["AddressStore", "PostStore", "PreviewLinkStore", "RevisionStore", "SlugStore"]
