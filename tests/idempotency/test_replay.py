"""What is answered when the record of an idempotent request cannot be kept up to date."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from pymongo.errors import AutoReconnect, OperationFailure

from blogapi.errors import NotFound, Unavailable
from blogapi.idempotency.attempt import Attempt
from blogapi.idempotency.replay import Idempotency


class Failing:
    """Records that can be begun and then neither finished nor let go."""

    def __init__(self, error):
        self._error = error

    async def begin(self, key, fingerprint, user_id):
        return Attempt(resource_id="0" * 24, key=key)

    async def finish(self, key, answer=None):
        raise self._error

    forget = release = finish


@pytest.fixture(params=[AutoReconnect("gone"), OperationFailure("broken")], ids=["outage", "failure"])
def answer(request):
    """What becomes of work: `await answer(work)`."""

    async def answer(work):
        asked = make_mocked_request("POST", "/v1/posts", headers={"Idempotency-Key": "once"})
        return await Idempotency(Failing(request.param), b"secret").run(asked, caller="ada", body={}, work=work)

    return answer


async def test_answer_that_cannot_be_kept_is_given(answer):
    async def work(attempt):
        return web.Response(status=201, body=b"{}")

    assert (await answer(work)).status == 201


@pytest.mark.parametrize("error", [NotFound("gone"), Unavailable(), ValueError("ours")], ids=lambda error: str(error))
async def test_error_is_told_though_its_key_cannot_be_freed(answer, error):
    async def work(attempt):
        raise error

    with pytest.raises(type(error)) as raised:
        await answer(work)
    assert raised.value is error
