"""The scopes of API keys. A route declares the scope that a key needs; without one it accepts no API keys."""

from __future__ import annotations

POSTS_READ = "posts:read"
POSTS_WRITE = "posts:write"
POSTS_PUBLISH = "posts:publish"
USERS_READ = "users:read"
USERS_ADMIN = "users:admin"
EVENTS_READ = "events:read"
SETTINGS_WRITE = "settings:write"

# Some have no route yet. A key can be created with them already, so clients need not know the version of the server.
SCOPES = (
    POSTS_READ,
    POSTS_WRITE,
    POSTS_PUBLISH,
    "comments:write",
    "comments:moderate",
    "media:write",
    USERS_READ,
    USERS_ADMIN,
    SETTINGS_WRITE,
    EVENTS_READ,
    "webhooks:admin",
)
