"""What a blog holds after its first start: somebody who may do everything, and a few posts to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from blogapi.access.administrator import as_operator
from blogapi.access.identity import Identity
from blogapi.api_keys import examples as programs
from blogapi.api_keys.model import NewApiKey
from blogapi.api_keys.service import ApiKeyService
from blogapi.errors import Conflict
from blogapi.idempotency.attempt import Attempt
from blogapi.paging.page import PageRequest
from blogapi.posts import examples
from blogapi.posts.model import Draft
from blogapi.posts.previews.model import NewPreviewLink
from blogapi.posts.rights import Editable, Publishable
from blogapi.posts.service import PostService
from blogapi.posts.states.transitions import ARCHIVE, SUBMIT
from blogapi.tags import examples as tag_examples
from blogapi.text.address import lookup_order
from blogapi.users import examples as people
from blogapi.users.model import User, UserFilter
from blogapi.users.service import UserService, acting_as

if TYPE_CHECKING:
    from blogapi.feature import Wiring

ADMIN = "admin"
_EMAIL = "admin@example.org"

_WELCOME = """\
This blog has just been started, and somebody has to go first. The posts here are made up, but nothing else is: they
are stored in a real MongoDB, were rendered when they were written, and can be edited, archived or thrown away like any
other.

## Three things to try

1. Open the documentation at `/docs` and read this post through the API.
2. Sign in as the administrator, and give this post another title. Readers see it once you publish it.
3. Write something of your own.

> Whoever waits for the first sentence to be perfect will not get to the second.

When you have seen enough, remove these posts, or begin again with an empty folder and `serve --empty`.
"""

_WELCOME_IN_GERMAN = """\
Dieses Blog hat gerade erst angefangen, und irgendjemand muss der Erste sein. Die Beiträge sind erfunden, sonst nichts.
"""

_MARKDOWN = """\
A body is [CommonMark](https://commonmark.org), with the few additions that writers miss most. This is what they look
like; ask for the `body` of this post to see how each was written.

## Words

You can *stress* a word, **insist** on it, ~~take it back~~, or set it as `code`. A claim can have a source.[^1]

[^1]: Like this one. Footnotes gather at the end, whatever order they were written in.

## Lists

- Bread
- Butter
  - salted
  - or not

1. Slice the bread.
2. Spread the butter.

- [x] Eat
- [ ] Wash the knife

## Code

```python
def greet(name: str) -> str:
    return f"Good morning, {name}!"
```

## Tables

| Flour | Water | Time |
|--|--:|--:|
| Wheat | 320 g | 18 h |
| Rye | 390 g | 24 h |

HTML may stand in it too: it is cleaned of all that could run or disguise itself, and comments vanish.
"""

_DRAFTS = """\
The most expensive typing error is the one that is corrected in front of everybody. So every post here has two copies.

**The working copy** is where writing happens. Saving it changes nothing for readers, however often it is done, and
every saved state is kept as a revision that can be brought back.

**The live copy** is what readers see. Publishing puts the working copy in its place, all of it at once: title, text,
tags and address change together, and nobody ever sees half of an edit.

## Two people, one post

When two people edit the same post, the second one to save is told that the text has moved on, and what has changed.
Their own words are not lost, and neither are the other's. It takes one look to bring both together, and none of the
guessing that starts with "who deleted my paragraph?"

## Addresses last

A new title may bring a new address. The old one leads to the new one, for as long as the post exists.
"""

_GARDEN = """\
The previous owner had kept bees, and had left us a shed full of frames, a smoker, and one sentence on the back of an
envelope: *they know more than you, so watch*.

We watched. In March nothing happened. In April the pear tree by the wall was so loud that the neighbour came over to
ask whether something was broken.

## What we planted for them

| Month | What flowers |
|--|--|
| March | Crocus, willow |
| May | Apple, chives |
| July | Lavender, borage |
| October | Ivy |

The gap was August, as it always is. A patch of *phacelia* the size of a table closed it, and costs less than a jar of
honey.
"""

_NEXT = """\
Notes for the next post. Readers do not see this: it is a draft.

- how the kitchen table became the office
- ask Jo about the photographs
- find a better title
"""

_PEAR = """\
The pear tree by the wall was planted in 1911, says the neighbour, who was not there either. It carries every second
year, and then so much that the whole street makes jam.
"""

_LADDER = """\
A ladder for a pear tree has three legs, because the ground under a pear tree is never even.
"""

_SHED = """\
The shed had to go. What was in it: a smoker, forty frames, a radio that still finds one station.
"""

_PATH = """\
Behind the last house the path forgets what it wanted. This draft waits for somebody to submit it.
"""

_RAIN = """\
There are three ways to wait for rain, and none of them works. This one is in review: an editor publishes or rejects it.
"""

_FROST = """\
The first frost comes on a night when nobody has looked. This one is scheduled: it is published in four weeks.
"""

_LIST = """\
- sugar
- a longer ladder
- somebody who knows about pears
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """A post, how old it is, and what became of it after it was published; as a draft it was not."""

    id: str
    days: int
    draft: Draft
    edited: Draft | None = None
    archived: bool = False
    submitted: bool = False
    scheduled: bool = False
    previewed: bool = False
    addresses: tuple[str, ...] = ()


def _published(title: str, body: str, *tags: str, **more: Any) -> Draft:
    return Draft(title=title, body=body, tags=tags, lang="en", status="published", **more)


_BEES = _published("A year with somebody else's bees", _GARDEN, "garden", "bees")
_COPIES = _published(
    "Two copies of everything",
    _DRAFTS,
    *("writing", "how-it-works"),
    excerpt="Why saving a post never changes what readers see, and publishing changes all of it at once.",
)
_SYNTAX = _published("What Markdown can do here", _MARKDOWN, "writing", "markdown")
_TAGS = (tag_examples.READ, tag_examples.DELETED, tag_examples.MERGED)
# Each is in the state that the example of one operation asks for, so that trying it shows something.
_POSTS = (
    _Post(id=examples.RESTORED, days=61, draft=_published("What was in the shed", _SHED, "garden"), archived=True),
    _Post(id=examples.ARCHIVED, days=52, draft=_published("A ladder with three legs", _LADDER, "garden")),
    _Post(id=examples.UNPUBLISHED, days=38, draft=_published("The pear tree by the wall", _PEAR, "garden")),
    _Post(id=examples.EDITED, days=24, draft=_BEES),
    _Post(
        id=examples.DISCARDED,
        days=9,
        draft=_COPIES,
        edited=replace(_COPIES, title="Two copies of everything, and a third one", note="Readers see the old title"),
    ),
    _Post(
        id=examples.RESTORED_TO_A_REVISION,
        days=3,
        draft=_SYNTAX,
        edited=replace(_SYNTAX, tags=("writing", "markdown", "how-it-works"), note="Another tag"),
    ),
    _Post(
        id=examples.READ,
        days=0,
        draft=_published("Hello, reader", _WELCOME, *_TAGS, featured=True),
        addresses=lookup_order(examples.FORMER_ADDRESS)[:1],
    ),
    _Post(id=examples.TRANSLATION, days=0, draft=Draft(title="Hallo, Leser", body=_WELCOME_IN_GERMAN, lang="de")),
    _Post(id=examples.PUBLISHED, days=0, draft=Draft(title="The kitchen table", body=_NEXT, lang="en"), previewed=True),
    _Post(id=examples.SUBMITTED, days=0, draft=Draft(title="Where the path ends", body=_PATH, lang="en")),
    _Post(
        id=examples.REJECTED, days=0, draft=Draft(title="On waiting for rain", body=_RAIN, lang="en"), submitted=True
    ),
    _Post(
        id=examples.UNSCHEDULED, days=0, draft=Draft(title="The first frost", body=_FROST, lang="en"), scheduled=True
    ),
    _Post(id=examples.DELETED, days=0, draft=Draft(title="To buy", body=_LIST, lang="en")),
)


async def is_empty(services: Wiring) -> bool:
    """Whether nobody is there at all."""
    people = await services[UserService].list_everybody(as_operator(), UserFilter(), PageRequest(limit=1))
    return not people.items


async def create_demo(services: Wiring, password: str) -> bool:
    """Make the demo content and its administrator. False when another process has begun to at the same moment."""
    try:
        admin = acting_as(await services[UserService].making.create_admin(as_operator(), ADMIN, _EMAIL, password))
    except Conflict:
        return False
    author = await _person(services, people.WRITER, people.WRITER_NAME, people.WRITER_DISPLAY_NAME)
    await _person(services, people.GUEST, people.GUEST_NAME, people.GUEST_DISPLAY_NAME)
    # For the examples of listing and deleting. Its value is thrown away, and without scopes it can do nothing.
    key = NewApiKey(name="A program that never was", scopes=())
    now = services.now()
    known = replace(admin, authenticated_at=now)  # the password was made a moment ago
    await services[ApiKeyService].create(known, key, Attempt(resource_id=programs.REVOKED))
    for each in _POSTS:
        await _write(services, admin, author, each, now - timedelta(days=each.days))
    return True


async def _person(services: Wiring, user_id: str, username: str, display_name: str) -> User:
    return await services[UserService].making.unclaimed(
        as_operator(), username, display_name, Attempt(resource_id=user_id)
    )


async def _write(services: Wiring, admin: Identity, author: User, wanted: _Post, since: datetime) -> None:
    posts, draft = services[PostService], replace(wanted.draft, author_ids=(author.id,))
    published_at = since if draft.status == "published" else None
    attempt = Attempt(resource_id=wanted.id)
    post = await posts.writing.create(admin, draft, attempt, published_at=published_at, addresses=wanted.addresses)
    if wanted.edited is not None:
        held, again = Editable(post, admin), replace(wanted.edited, author_ids=(author.id,))
        await posts.writing.edit(held, again, frozenset({post.version}))
    if wanted.previewed:
        attempt = Attempt(resource_id=examples.PREVIEW_LINK)
        await posts.previews.create(Editable(post, admin), NewPreviewLink(), attempt)
    if wanted.submitted:
        note = "Is it too short?"
        await posts.states.apply(SUBMIT, Editable(post, admin), frozenset({post.version}), note=note)
    if wanted.scheduled:
        at = services.now() + timedelta(days=28)
        await posts.schedules.publish(Publishable(post, admin), frozenset({post.version}), at)
    if wanted.archived:
        await posts.states.apply(ARCHIVE, Publishable(post, admin), frozenset({post.version}))
