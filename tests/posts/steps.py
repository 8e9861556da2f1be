"""What writers do with a post over HTTP, and what it looks like afterwards."""

from tests.conftest import matching, with_etag


async def edit(client, who, post, status=200, **fields):
    response = await client.patch(f"/v1/posts/{post['id']}", json=fields, headers=matching(who, post))
    assert response.status == status, await response.text()
    return await with_etag(response) if status == 200 else await response.json()


async def step(client, who, post, verb, status=200, **body):
    response = await client.post(f"/v1/posts/{post['id']}/{verb}", json=body, headers=matching(who, post))
    assert response.status == status, await response.text()
    return await with_etag(response) if status == 200 else await response.json()


async def trash(client, who, post):
    response = await client.delete(f"/v1/posts/{post['id']}", headers=matching(who, post))
    assert response.status == 204, await response.text()
    return {**post, "etag": response.headers["ETag"]}


async def seen(client, post, who=None):
    response = await client.get(f"/v1/posts/{post['id']}", headers=who.headers if who else {})
    return response.status


async def working(client, who, post):
    response = await client.get(f"/v1/posts/{post['id']}?view=working", headers=who.headers)
    assert response.status == 200
    return await with_etag(response)


async def public(client, post):
    return await (await client.get(f"/v1/posts/{post['id']}")).json()
