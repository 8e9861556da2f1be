"""Setting something as an administrator."""

import pytest

PATH = "/v1/settings"


@pytest.fixture
def settings(client, admin):
    """All settings with their `etag`, as an administrator reads them."""

    async def read():
        response = await client.get(f"{PATH}?view=admin", headers=admin.headers)
        assert response.status == 200, await response.text()
        return {**await response.json(), "etag": response.headers["ETag"]}

    return read


@pytest.fixture
def put(client, admin, settings):
    """Set something, and return the answer: `await put(lang="de")`."""

    async def put(**fields):
        before = await settings()
        headers = {**admin.headers, "If-Match": before["etag"]}
        return await client.patch(PATH, json=fields, headers=headers)

    return put
