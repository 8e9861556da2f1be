"""Where posts are kept, and what belongs to them: a module for each collection."""

from __future__ import annotations

from blogapi.posts.store.addresses import AddressStore
from blogapi.posts.store.posts import PostStore
from blogapi.posts.store.previews import PreviewLinkStore
from blogapi.posts.store.revisions import RevisionStore
from blogapi.posts.store.slugs import SlugStore
from blogapi.posts.store.translations import TranslationStore

__all__ = ["AddressStore", "PostStore", "PreviewLinkStore", "RevisionStore", "SlugStore", "TranslationStore"]
