"""The tags that examples in the documentation speak of. The demo content has posts that carry them."""

from __future__ import annotations

READ = "welcome"
EDITED = "garden"
# Of a post of which no other example needs the version.
DELETED = "news"
MERGED, MERGED_INTO = "misc", READ
