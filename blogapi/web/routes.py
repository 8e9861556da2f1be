"""Adds routes to an app. Each must declare who may call it, and no method falls through to another route."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from aiohttp import web

from blogapi.web.endpoint import declared


def add_routes(app: web.Application, routes: Iterable[web.AbstractRouteDef]) -> None:
    """Raises ValueError for a route that does not declare who may call it."""
    wanted = list(routes)
    for route in wanted:
        if not isinstance(route, web.RouteDef) or declared(route.handler) is None:
            raise ValueError(f"{route} does not say who may call it: declare it with @endpoint.")
    app.add_routes(wanted)
    _refuse_shadowed_methods(app)


def _refuse_shadowed_methods(app: web.Application) -> None:
    """Else `PATCH /v1/posts/by-url`, which only GET knows, would be taken for a post of the id `by-url`."""
    resources = list(app.router.resources())
    patterns = [(info["pattern"], resource) for resource in resources if "pattern" in (info := resource.get_info())]
    for fixed in resources:
        path = fixed.get_info().get("path")
        if path is None or not isinstance(fixed, web.Resource):
            continue
        known = {route.method for route in fixed}
        shadowed = {route.method for pattern, other in patterns if pattern.fullmatch(path) for route in other}
        for method in sorted(shadowed - known):
            fixed.add_route(method, partial(_refuse_method, allowed=sorted(known)))


async def _refuse_method(request: web.Request, *, allowed: list[str]) -> web.StreamResponse:
    raise web.HTTPMethodNotAllowed(request.method, allowed)
