"""What only some may read is never kept for everybody, whatever its handler says."""

from dataclasses import replace

import pytest
from aiohttp import web
from marshmallow import fields

from blogapi.access.needs import PUBLIC
from blogapi.app import create_app
from blogapi.auth.schemas import SIGNED_IN_SHAPE, TOKEN_PAIR
from blogapi.feature import Feature
from blogapi.features import FEATURES
from blogapi.posts.revisions.views import REVISION
from blogapi.posts.views import LIVE, WORKING
from blogapi.users.views import ADMIN, OWN
from blogapi.web.endpoint import PUBLIC_CACHE_CONTROL, Reply, Shape, endpoint
from blogapi.web.fields import Strict

routes = web.RouteTableDef()


class _Schema(Strict):
    """Something."""

    id = fields.Str(required=True)


def _view(found):
    return {"id": found}


FOR_ALL = Shape(_Schema, _view, for_everybody=True)
SHAPES_FOR_SOME = {
    "new": Shape(_Schema, _view),
    "explained": Shape(_Schema, _view, says="its authors can read it"),
    "live": LIVE,
    "working": WORKING,
    "revision": REVISION,
    "own": OWN,
    "admin": ADMIN,
    "tokens": TOKEN_PAIR,
    "signed-in": SIGNED_IN_SHAPE,
}
WAYS = {"reply": {"public": True}, "header": {"headers": {"Cache-Control": PUBLIC_CACHE_CONTROL}}}


def _declare(path, shape, way):
    @routes.get(path)
    @endpoint(needs=PUBLIC, returns=shape, documented=False)
    async def read(request: web.Request) -> Reply:
        """Read something."""
        return Reply(result="secret", **way)


for _way, _said in WAYS.items():
    _declare(f"/v1/for-all/{_way}", FOR_ALL, _said)
    for _name, _shape in SHAPES_FOR_SOME.items():
        _declare(f"/v1/for-some/{_name}/{_way}", replace(_shape, view=_view), _said)


@pytest.fixture
async def client(aiohttp_client, config, database):
    return await aiohttp_client(create_app(config, database, (*FEATURES, Feature(name="some", routes=routes))))


@pytest.mark.parametrize("way", WAYS)
async def test_answer_for_everybody_is_public(client, way):
    response = await client.get(f"/v1/for-all/{way}")
    assert response.status == 200
    assert response.headers["Cache-Control"].startswith("public")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SHAPES_FOR_SOME)
async def test_answer_of_a_shape_that_is_not_for_everybody_cannot_be_public(client, name, way):
    response = await client.get(f"/v1/for-some/{name}/{way}")
    assert response.status == 500
    assert "public" not in response.headers.get("Cache-Control", "")
    assert "secret" not in await response.text()
