"""The settings of the blog over HTTP."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from blogapi.access.administrator import Administrator
from blogapi.access.credentials import find_identity, signed_in
from blogapi.access.needs import PUBLIC, role
from blogapi.access.scopes import SETTINGS_WRITE
from blogapi.settings.model import Settings, Wish
from blogapi.settings.schemas import ALL_SETTINGS, PUBLIC_SETTINGS, ReadSettingsQuery, SettingsEditSchema, settable
from blogapi.settings.service import SettingsService
from blogapi.web.endpoint import Reply, endpoint, if_match

routes = web.RouteTableDef()
SERVICE: web.AppKey[SettingsService] = web.AppKey("settings", SettingsService)


def settings(request: web.Request) -> SettingsService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


async def _fresh(request: web.Request) -> Settings:
    return await settings(request).fresh()


@routes.get("/v1/settings")
@endpoint(
    needs=PUBLIC, scope=SETTINGS_WRITE, query=ReadSettingsQuery, returns=(PUBLIC_SETTINGS, ALL_SETTINGS), cached=True
)
async def read_settings(request: web.Request, query: dict[str, Any]) -> Reply:
    """Read the settings of the blog.

    With `view=admin`, administrators read all of them.
    """
    if query["view"] is None:
        return Reply(result=await settings(request).current(), public=True)
    administrator = Administrator(await find_identity(request))
    return Reply(result=await settings(request).read(administrator), shape=ALL_SETTINGS)


@routes.patch("/v1/settings")
@endpoint(
    needs=role("admin"),
    scope=SETTINGS_WRITE,
    on=_fresh,
    body=SettingsEditSchema,
    merge=settable,
    returns=ALL_SETTINGS,
    match=True,
)
async def edit_settings(request: web.Request, before: Settings, wish: Wish) -> Settings:
    """Change the settings of the blog.

    All processes go by them within a second.
    """
    return await settings(request).edit(Administrator(signed_in(request)), before, wish, if_match(request))
