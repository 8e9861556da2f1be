"""What readers see of a document is an allow-list, down to the subdocuments."""

import pytest

from blogapi.wiring import SERVICES

COVER = {"url": "https://example.org/a.jpg", "alt": "A", "caption": ""}
SEO = {"title": "T", "description": "", "canonical_url": None, "noindex": True}
SECRET = {"secret": "not for readers"}
PLACES = ("live.authors.0", "live.toc.0", "live.cover", "live.seo", "live", "counters")


@pytest.fixture
async def post(client, ada, write):
    """A published post whose document has more in it than we know of, everywhere."""
    body = "# One\n\nText.\n\n# Two\n\nText."
    post = await write(ada, title="First", body=body, cover=COVER, seo=SEO, status="published")
    told = {f"{place}.{name}": value for place in PLACES for name, value in SECRET.items()}
    await client.app[SERVICES].database["posts"].update_one({}, {"$set": {**told, **SECRET}})
    return post


@pytest.mark.parametrize(
    "path",
    [
        "/v1/posts/{id}",
        "/v1/posts/by-slug/first",
        "/v1/posts",
        "/v1/posts?fields=authors,cover,seo,toc",
        "/v1/posts/{id}?view=working",
        "/v1/posts?status=published,draft",
    ],
)
async def test_what_lies_in_a_document_beyond_the_known_fields_is_shown_nowhere(client, ada, post, path):
    private = "working" in path or "status" in path
    response = await client.get(path.format(**post), headers=ada.headers if private else {})
    assert response.status == 200
    assert "secret" not in await response.text()


async def test_known_fields_of_subdocuments_are_all_shown(client, post):
    shown = await (await client.get(f"/v1/posts/{post['id']}")).json()
    assert (shown["cover"], shown["seo"]) == (COVER, SEO)
    assert shown["toc"] == post["toc"] != []
    assert shown["authors"] == post["authors"] != []
