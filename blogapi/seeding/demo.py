"""What a blog holds after its first start: somebody who may do everything, and a few posts to look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from blogapi.errors import Conflict
from blogapi.moments import utc_now
from blogapi.paging import PageRequest
from blogapi.posts.model import Draft
from blogapi.users.model import UserFilter
from blogapi.users.service import acting_as

if TYPE_CHECKING:
    from blogapi.services import Services

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

Raw HTML is not among the additions: it is shown as it was typed.
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

# How many days ago, and what.
_POSTS = (
    (24, Draft(title="A year with somebody else's bees", body=_GARDEN, tags=("garden", "bees"))),
    (
        9,
        Draft(
            title="Two copies of everything",
            body=_DRAFTS,
            tags=("writing", "how-it-works"),
            excerpt="Why saving a post never changes what readers see, and publishing changes all of it at once.",
        ),
    ),
    (3, Draft(title="What Markdown can do here", body=_MARKDOWN, tags=("writing", "markdown"))),
    (0, Draft(title="Hello, reader", body=_WELCOME, tags=("welcome",), featured=True)),
)


async def is_empty(services: Services) -> bool:
    """Whether nobody is there at all."""
    people = await services.users.list(UserFilter(public=False), PageRequest(limit=1))
    return not people.items


async def create_demo(services: Services, password: str) -> bool:
    """Make the demo content and its administrator. False when another process has begun to at the same moment."""
    try:
        admin = acting_as(await services.users.create_admin(ADMIN, _EMAIL, password))
    except Conflict:
        return False
    author = await services.users.unclaimed("mira-holt", "Mira Holt")
    now = utc_now()
    for days, draft in _POSTS:
        wanted = replace(draft, author_ids=(author.id,), lang="en", status="published")
        await services.posts.create(admin, wanted, published_at=now - timedelta(days=days))
    await services.posts.create(admin, Draft(title="The kitchen table", body=_NEXT, author_ids=(author.id,), lang="en"))
    return True
