"""The export of personal data over HTTP."""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.payload import AsyncIterablePayload

from blogapi.access.credentials import signed_in
from blogapi.access.needs import SIGNED_IN
from blogapi.privacy.model import Export
from blogapi.privacy.schemas import EXPORT
from blogapi.privacy.service import PrivacyService
from blogapi.web.endpoint import Reply, endpoint

routes = web.RouteTableDef()
SERVICE: web.AppKey[PrivacyService] = web.AppKey("privacy", PrivacyService)
_PATH, _ZIP = "/v1/me/export", "application/zip"
_PRIVATE = {hdrs.CACHE_CONTROL: "private, no-store"}
_ASK_AGAIN_SECONDS = 5


def privacy(request: web.Request) -> PrivacyService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


@routes.post(_PATH)
@endpoint(needs=SIGNED_IN, returns=EXPORT, status=202)
async def ask_for_export(request: web.Request) -> Reply:
    """Have your personal data exported.

    You have to have shown who you are within the last ten minutes: sign in, or `POST /v1/auth/reauthenticate`. The
    export is a zip archive with your account, sessions, API keys, your posts as Markdown, and all their revisions.
    Fetch it from the same path within a day.
    """
    return Reply(result=await privacy(request).exports.ask(signed_in(request)), headers={hdrs.LOCATION: _PATH})


@routes.get(_PATH)
@endpoint(needs=SIGNED_IN, content_type=_ZIP, also=(202, 404))
async def fetch_export(request: web.Request) -> web.Response:
    """Fetch the export of your personal data.

    While it is being made the answer is 202 without a body: ask again after `Retry-After`. Then it is the archive,
    for whoever has shown who they are within the last ten minutes.
    """
    export = await privacy(request).exports.read(signed_in(request))
    if not export.is_ready:
        return web.Response(status=202, headers={**_PRIVATE, hdrs.RETRY_AFTER: str(_ASK_AGAIN_SECONDS)})
    day = export.asked_at.date().isoformat()
    headers = {**_PRIVATE, hdrs.CONTENT_DISPOSITION: f'attachment; filename="export-{day}.zip"'}
    # Sent behind the handler, so as long as it takes: the deadline of requests is not about that.
    return web.Response(body=_Archive(privacy(request), export), headers=headers)


class _Archive(AsyncIterablePayload):
    """The bytes of an export, read part by part while they are sent."""

    def __init__(self, service: PrivacyService, export: Export) -> None:
        super().__init__(service.exports.bytes_of(export), content_type=_ZIP)
        self._bytes = export.bytes

    @property
    def size(self) -> int:
        """For `Content-Length`: a client sees whether it has got all of it."""
        return self._bytes
