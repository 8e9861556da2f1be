"""What is shown of authors, when names change while posts are on their way."""

from datetime import timedelta

from blogapi.deadline import LONGEST_WORK
from blogapi.posts.service import PostService
from blogapi.posts.store import PostStore
from blogapi.users.store import UserStore
from blogapi.wiring import SERVICES
from tests.conftest import matching, with_etag


async def rename(client, who, name):
    me = await with_etag(await client.get("/v1/me", headers=who.headers))
    changed = await client.patch("/v1/me", json={"display_name": name}, headers=matching(who, me))
    assert changed.status == 200


async def shown_name(client, post):
    return (await (await client.get(f"/v1/posts/{post['id']}")).json())["authors"][0]["display_name"]


async def test_post_that_was_on_its_way_shows_the_new_name_after_a_while(client, ada, write, clock):
    post, posts = await write(ada, status="published"), client.app[SERVICES][PostService]
    (old,) = (await UserStore(client.app[SERVICES].database).bylines([ada.id])).values()
    await rename(client, ada, "Countess")
    assert await shown_name(client, post) == "Countess"
    # As a publication that began before would leave it.
    await PostStore(client.app[SERVICES].database).refresh_byline(old)
    clock.ahead = LONGEST_WORK
    assert await posts.bylines.settle() == 0
    clock.ahead = timedelta(minutes=1)
    assert await posts.bylines.settle() == 1
    assert await shown_name(client, post) == "Countess"
    assert await posts.bylines.settle() == 0


async def test_what_else_changes_on_a_profile_is_no_new_name(client, ada, clock):
    me = await with_etag(await client.get("/v1/me", headers=ada.headers))
    await client.patch("/v1/me", json={"bio": "Counts."}, headers=matching(ada, me))
    clock.ahead = timedelta(minutes=1)
    assert await client.app[SERVICES][PostService].bylines.settle() == 0
