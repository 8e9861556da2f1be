"""What only some may read is never kept for everybody, whatever its handler says."""

import pytest
from aiohttp import web
from marshmallow import fields

from blogapi.access.needs import PUBLIC
from blogapi.app import create_app
from blogapi.feature import Feature
from blogapi.features import FEATURES
from blogapi.web.endpoint import Reply, Shape, endpoint
from blogapi.web.fields import Strict

routes = web.RouteTableDef()


class _Schema(Strict):
    """Something."""

    id = fields.Str(required=True)


FOR_ALL = Shape(_Schema, lambda found: {"id": found})
FOR_SOME = Shape(_Schema, lambda found: {"id": found}, says="its authors can read it")


def _declare(path, shape):
    @routes.get(path)
    @endpoint(needs=PUBLIC, returns=shape, documented=False)
    async def read(request: web.Request) -> Reply:
        """Read something."""
        return Reply(result="secret", public=True)


_declare("/v1/for-all", FOR_ALL)
_declare("/v1/for-some", FOR_SOME)


@pytest.fixture
async def client(aiohttp_client, config, database):
    return await aiohttp_client(create_app(config, database, (*FEATURES, Feature(name="some", routes=routes))))


async def test_answer_for_everybody_is_public(client):
    response = await client.get("/v1/for-all")
    assert response.status == 200
    assert response.headers["Cache-Control"].startswith("public")


async def test_answer_of_a_shape_for_some_cannot_be_public(client):
    response = await client.get("/v1/for-some")
    assert response.status == 500
    assert "public" not in response.headers.get("Cache-Control", "")
    assert "secret" not in await response.text()
