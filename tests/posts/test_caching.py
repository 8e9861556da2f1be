"""How long others may keep what everybody sees, when a CDN may keep it for a while."""

from dataclasses import replace
from urllib.parse import quote

import pytest

from blogapi.access.identity import Identity
from blogapi.config import CacheConfig
from blogapi.posts.model import Draft, Origin
from blogapi.posts.rights import Editable, Publishable
from blogapi.posts.service import PostService
from blogapi.wiring import SERVICES

SHARED = "public, max-age=0, s-maxage=60, must-revalidate"
PATHS = {
    "the post": "/v1/posts/by-slug/new",
    "its former slug": "/v1/posts/by-slug/old",
    "its former slug in capitals": "/v1/posts/by-slug/OLD",
    "its former address": f"/v1/posts/by-url?url={quote('/2015/old.html', safe='')}",
}


@pytest.fixture
def config(config):
    return replace(config, cache=CacheConfig(enabled=config.cache.enabled, shared_max_age=60))


@pytest.fixture
async def moved(client, ada):
    """A function that makes a post of this visibility, which has had another slug and another address."""

    async def make(visibility):
        posts, who = client.app[SERVICES][PostService], Identity(user_id=ada.id, role="author")
        draft = Draft(title="T", slug="old", status="published", visibility=visibility)
        origin = Origin(source="blog", path="old.md")
        post = await posts.writing.create(who, draft, origin=origin, addresses=["/2015/old"])
        edited = await posts.writing.edit(Editable(post, who), replace(draft, slug="new"), frozenset({post.version}))
        await posts.states.publish(Publishable(edited, who), frozenset({edited.version}))

    return make


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
async def test_what_everybody_sees_may_be_kept_as_long_as_the_configuration_says(client, moved, path):
    await moved("public")
    answer = await client.get(path, allow_redirects=False)
    assert answer.status == (200 if path.endswith("new") else 301)
    assert answer.headers["Cache-Control"] == SHARED


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
async def test_what_members_see_is_never_kept(client, moved, bob, path):
    await moved("members")
    answer = await client.get(path, allow_redirects=False, headers=bob.headers)
    assert answer.status == (200 if path.endswith("new") else 301)
    assert answer.headers["Cache-Control"] == "private, no-store"
