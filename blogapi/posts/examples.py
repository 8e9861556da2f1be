"""The posts that examples in the documentation speak of. The demo content has them, each in a state that suits."""

from __future__ import annotations

# What happens to it when its example is tried.
READ, READ_SLUG = "0b1060000000000000000011", "hello-reader"
# Where it once stood, before it came here.
FORMER_ADDRESS = "/2015/03/01/Hello_Reader.html"
EDITED = "0b1060000000000000000012"
# Its version is the second one.
DISCARDED = "0b1060000000000000000013"
# So is this one's, and it has two revisions.
RESTORED_TO_A_REVISION = "0b1060000000000000000014"
PUBLISHED = "0b1060000000000000000015"
UNPUBLISHED = "0b1060000000000000000016"
ARCHIVED = "0b1060000000000000000017"
# It has been published, and archived after that: its version is the second one.
RESTORED = "0b1060000000000000000018"
DELETED = "0b1060000000000000000019"
SUBMITTED = "0b106000000000000000001a"
# It has been submitted: its version is the second one.
REJECTED = "0b106000000000000000001b"
# The one that is read, in another language.
TRANSLATION = "0b106000000000000000001c"
# It has been scheduled: its version is the second one.
UNSCHEDULED = "0b106000000000000000001d"
# Of the one that is published.
PREVIEW_LINK = "0b1060000000000000000061"

# What has no translations yet.
UNTRANSLATED = '"1-0"'
SECOND_VERSION = '"2-0"'
