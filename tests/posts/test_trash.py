"""The trash is emptied after 30 days."""

from datetime import timedelta

from blogapi.posts.service import PostService
from blogapi.wiring import SERVICES
from tests.conftest import matching


async def test_trash_is_emptied_after_30_days(client, ada, clock, write):
    post, kept = await write(ada, status="published", tags=["gone"]), await write(ada)
    for thrown in (post, kept):
        await client.delete(f"/v1/posts/{thrown['id']}", headers=matching(ada, thrown))
    clock.ahead = timedelta(days=29)
    assert await client.app[SERVICES][PostService].states.purge_trash() == 0
    clock.ahead = timedelta(days=31)
    assert await client.app[SERVICES][PostService].states.purge_trash() == 2
    assert (await client.get(f"/v1/posts/{post['id']}")).status == 410
    assert (await client.get(f"/v1/posts/{kept['id']}")).status == 404
    assert await client.app[SERVICES][PostService].states.purge_trash() == 0


async def test_restored_post_is_not_emptied_away(client, ada, clock, write):
    post = await write(ada, status="published")
    thrown = await client.delete(f"/v1/posts/{post['id']}", headers=matching(ada, post))
    headers = {**ada.headers, "If-Match": thrown.headers["ETag"]}
    await client.post(f"/v1/posts/{post['id']}/restore", headers=headers)
    clock.ahead = timedelta(days=31)
    assert await client.app[SERVICES][PostService].states.purge_trash() == 0
    assert (await client.get(f"/v1/posts/{post['id']}")).status == 200
