"""The publishing server behind a blog: an async JSON API on MongoDB."""

__version__ = "0.1.0"
