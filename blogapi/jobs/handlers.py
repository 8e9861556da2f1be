"""How far long work is, over HTTP."""

from __future__ import annotations

from aiohttp import web

from blogapi.access.credentials import signed_in
from blogapi.access.needs import SIGNED_IN
from blogapi.access.scopes import POSTS_READ
from blogapi.jobs.schemas import JOB, JobSchema, how_far
from blogapi.jobs.service import LongWork
from blogapi.web.endpoint import Reply, endpoint
from blogapi.web.fields import Identifier

routes = web.RouteTableDef()
SERVICE: web.AppKey[LongWork] = web.AppKey("jobs", LongWork)
_ID = {"id": Identifier(metadata={"description": "The id of the job."})}


@routes.get("/v1/jobs/{id}")
@endpoint(needs=SIGNED_IN, scope=POSTS_READ, path=_ID, returns=JOB, examples={"id": JobSchema.example["id"]})
async def read_job(request: web.Request) -> Reply:
    """Read how far a job is.

    For whoever started it, and for editors. An answer 202 leads here. While the job is open, `Retry-After` says when to
    ask again.
    """
    return how_far(await request.config_dict[SERVICE].read(signed_in(request), request.match_info["id"]))
