"""Many posts at once, straight into the stores: for tests of lists that need them."""

from datetime import timedelta

from blogapi.access.identity import Byline, Identity
from blogapi.clock import utc_now
from blogapi.db.client import new_id
from blogapi.posts.audiences import audience_of
from blogapi.posts.copies import Content, live_copy, working_copy
from blogapi.posts.model import Post
from blogapi.posts.store import PostStore, SlugStore


async def load(services, who, count, *, kind="post", **content):
    """Published posts `post-0` to `post-<count - 1>`, the last one newest, seven of each moment."""
    identity, start = Identity(user_id=who.id, role="author"), utc_now() - timedelta(days=9)
    byline = Byline(id=who.id, username=who.username, display_name=who.username)
    posts = []
    for number in range(count):
        name = f"{who.username}-{kind}-{number}" if content else f"post-{number}"
        written = Content(title=name, slug=name, authors=(byline,), **content)
        since = start + timedelta(minutes=number // 7)
        live = live_copy(written, 1, version=1, since=since, now=since, audience=audience_of("public", kind))
        working = working_copy(written, 1, identity, since, note="", kind="create")
        times = {"created_at": since, "updated_at": since}
        post = Post(
            id=new_id(),
            version=1,
            status="published",
            kind=kind,
            working=working,
            live=live,
            live_slugs=(name,),
            **times,
        )
        posts.append(post)
    await PostStore(services.database).insert_many(posts)
    await SlugStore(services.database).claim_many({post.working.slug: post.id for post in posts}, utc_now())
