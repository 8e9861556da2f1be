"""Signing in with an account elsewhere, over HTTP."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import hdrs, web

from blogapi.access.credentials import ORIGINS, signed_in
from blogapi.access.needs import PUBLIC, SIGNED_IN
from blogapi.auth.model import SignedIn
from blogapi.auth.requests import deliver, session_request
from blogapi.auth.schemas import SIGNED_IN_SHAPE
from blogapi.paging.cursors import page_request
from blogapi.providers.model import Answer, NamedLink, Step
from blogapi.providers.schemas import (
    EXAMPLE,
    EXAMPLE_START,
    LINK,
    PROVIDER,
    CallbackQuery,
    FinishProviderSchema,
    FinishWish,
    LinkListQuery,
    ProviderCodeSchema,
    ProviderListQuery,
    StartQuery,
)
from blogapi.providers.service import ProviderService
from blogapi.translation.sentence import say
from blogapi.web.endpoint import Reply, endpoint
from blogapi.web.fields import Text
from blogapi.web.query import invalid_parameter
from blogapi.web.requests import client_address, language_of_reader

routes = web.RouteTableDef()
SERVICE: web.AppKey[ProviderService] = web.AppKey("providers", ProviderService)
_NAME = {"name": Text(metadata={"description": "The name of the provider."})}
_ORIGIN = re.compile(r"https?://[^/?]+")


def providers(request: web.Request) -> ProviderService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


async def _name_of_known(request: web.Request) -> str:
    name = request.match_info["name"]
    providers(request).check(name)
    return name


def _see(request: web.Request, step: Step) -> web.Response:
    """Send the browser on. The address holds a code, which is for its page alone."""
    response = web.Response(status=303, headers={hdrs.LOCATION: step.url, hdrs.CACHE_CONTROL: "private, no-store"})
    providers(request).cookie.put(response, step.cookie)
    return response


@routes.get("/v1/auth/providers")
@endpoint(needs=PUBLIC, query=ProviderListQuery, returns=PROVIDER, listed=True)
async def list_providers(request: web.Request, query: dict[str, Any]) -> Reply:
    """List the providers with whose accounts people can sign in."""
    return Reply(result=providers(request).list(page_request(request, query)), public=True)


@routes.get("/v1/auth/providers/{name}/start", allow_head=False)
@endpoint(needs=PUBLIC, path=_NAME, query=StartQuery, status=303, examples=EXAMPLE_START)
async def start_provider_sign_in(request: web.Request, query: dict[str, Any]) -> web.Response:
    """Begin to sign in with an account at a provider: a page for a browser to go to, not to fetch.

    The browser is sent to the provider, and later to `redirect`: with `code`, which is good for five minutes at
    `/finish` or `POST /v1/me/providers`, or with `error`, the code of a problem.
    """
    origin = _ORIGIN.match(query["redirect"])
    if origin is None or not request.config_dict[ORIGINS].knows(origin[0]):
        raise invalid_parameter("redirect", "origin_not_allowed", say("Pages of this origin may not call this server."))
    step = await providers(request).start(
        request.match_info["name"],
        query["redirect"],
        query["challenge"],
        providers(request).cookie.find(request),
        client_address(request),
    )
    return _see(request, step)


@routes.get("/v1/auth/providers/{name}/callback", allow_head=False)
@endpoint(needs=PUBLIC, path=_NAME, query=CallbackQuery, status=303, also=(414, 422), examples={"name": EXAMPLE})
async def return_from_provider(request: web.Request, query: dict[str, Any]) -> web.Response:
    """Come back from a provider: the address that it is told to send the browser to.

    It works once, and only in the browser that began.
    """
    answer = Answer(state=query["state"], code=query["code"], error=query["error"], issuer=query["iss"])
    cookie = providers(request).cookie.find(request)
    return _see(request, await providers(request).arrive(request.match_info["name"], answer, cookie))


@routes.post("/v1/auth/providers/{name}/finish")
@endpoint(
    needs=PUBLIC,
    on=_name_of_known,
    path=_NAME,
    body=FinishProviderSchema,
    returns=SIGNED_IN_SHAPE,
    also=(401, 403, 409),
    examples={"name": EXAMPLE},
)
async def finish_provider_sign_in(request: web.Request, name: str, wish: FinishWish) -> SignedIn:
    """Sign in with the code that came with `redirect`, for a pair of tokens or a cookie. The code is spent.

    At the first time an account is found by the e-mail address, if it is verified at the provider and here, or a new
    one is made where registration is open.
    """
    wanted = session_request(request, wish.mode, wish.device_token)
    return await deliver(request, await providers(request).finish(name, wish.code, wish.verifier, wanted))


@routes.get("/v1/me/providers")
@endpoint(needs=SIGNED_IN, query=LinkListQuery, returns=LINK, listed=True)
async def list_provider_links(request: web.Request, query: dict[str, Any]) -> Reply:
    """List the providers with whose accounts you sign in, newest first."""
    return Reply(result=await providers(request).links(signed_in(request), page_request(request, query)))


@routes.post("/v1/me/providers")
@endpoint(needs=SIGNED_IN, body=ProviderCodeSchema, returns=LINK, status=201, also=(409,))
async def link_provider(request: web.Request, wish: dict[str, str]) -> Reply:
    """Sign in with an account at a provider from now on: spend the code that came with `redirect`.

    It needs a sign-in within the last ten minutes, or `POST /v1/auth/reauthenticate`.
    """
    who, language = signed_in(request), language_of_reader(request)
    named: NamedLink = await providers(request).link(who, wish["code"], wish["verifier"], language)
    return Reply(result=named, headers={hdrs.LOCATION: "/v1/me/providers"})


@routes.delete("/v1/me/providers/{name}")
@endpoint(needs=SIGNED_IN, path=_NAME, status=204, also=(409,), examples={"name": EXAMPLE})
async def unlink_provider(request: web.Request) -> None:
    """No longer sign in with this provider. The last way to sign in stays.

    It needs a sign-in within the last ten minutes, or `POST /v1/auth/reauthenticate`.
    """
    name, language = request.match_info["name"], language_of_reader(request)
    await providers(request).unlink(signed_in(request), name, language)
