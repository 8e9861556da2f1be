"""The states of posts over HTTP: submitting, publishing, archiving and the like."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from aiohttp import web

from blogapi.access.needs import role
from blogapi.access.scopes import POSTS_PUBLISH, POSTS_WRITE
from blogapi.posts import examples
from blogapi.posts.handlers import POST_ID, posts, with_right
from blogapi.posts.model import Post
from blogapi.posts.rights import Editable, Publishable
from blogapi.posts.schemas import PublishSchema, ReviewNoteSchema, UnpublishSchema
from blogapi.posts.states.transitions import (
    ARCHIVE,
    DISCARD,
    PUBLISH,
    REJECT,
    RESTORE,
    SUBMIT,
    UNPUBLISH,
    UNSCHEDULE,
    Right,
    Transition,
)
from blogapi.posts.views import WORKING
from blogapi.web.endpoint import NoBody, attempt, endpoint, if_match
from blogapi.web.fields import Strict

routes = web.RouteTableDef()

transition_endpoint = partial(endpoint, path=POST_ID, returns=WORKING, match=True, idempotent=True)
"""What all routes declare that change a post as a whole."""


def for_who_has(right: type[Editable]) -> dict[str, Any]:
    """What a route declares that takes this right."""
    scope = POSTS_PUBLISH if issubclass(right, Publishable) else POSTS_WRITE
    return {"needs": role(right.ROLE), "scope": scope, "on": with_right(right)}


def _transition(
    transition: Transition[Right], says: str, examples: Mapping[str, Any], body: type[Strict] = NoBody
) -> None:
    """Declare the route of a transition that needs nothing but its row in the table, and a note if it has a `body`.

    What it `says` is a summary, and maybe a paragraph more, as in a docstring.
    """

    async def apply(request: web.Request, right: Right, wish: dict[str, Any] | None = None) -> Post:
        expected, states = if_match(request), posts(request).states
        return await states.apply(transition, right, expected, attempt(request), note=wish["note"] if wish else "")

    apply.__name__, apply.__doc__ = f"{transition.verb}_post", says
    declared = transition_endpoint(**for_who_has(transition.needs), body=body, examples=examples)
    routes.post(f"/v1/posts/{{id}}/{transition.verb}")(declared(apply))


_transition(
    SUBMIT,
    "Submit a draft for review.\n\nIts authors can go on editing it: `submitted_revision` is the one to be reviewed.",
    {"id": examples.SUBMITTED},
    ReviewNoteSchema,
)
_transition(
    REJECT,
    "Reject a post that is in review.\n\nIt is a draft again, with a note for its authors.",
    {"id": examples.REJECTED, "If-Match": examples.SECOND_VERSION},
    ReviewNoteSchema,
)


@routes.post("/v1/posts/{id}/publish")
@transition_endpoint(**for_who_has(PUBLISH.needs), body=PublishSchema, examples={"id": examples.PUBLISHED})
async def publish_post(request: web.Request, right: Publishable, wish: dict[str, Any]) -> Post:
    """Publish a post, now or at a given time.

    Readers see the working copy, or the given revision; of a post in review, the submitted one. They see it from now
    on, or from the time `at`: later edits are not in what is scheduled. Publish again to show them later changes.
    """
    schedules, expected = posts(request).schedules, if_match(request)
    return await schedules.publish(right, expected, wish["at"], revision=wish["revision"], attempt=attempt(request))


@routes.post("/v1/posts/{id}/unpublish")
@transition_endpoint(**for_who_has(UNPUBLISH.needs), body=UnpublishSchema, examples={"id": examples.UNPUBLISHED})
async def unpublish_post(request: web.Request, right: Publishable, wish: dict[str, Any]) -> Post:
    """Unpublish a post, now or at a given time.

    Readers do not see it any more, and it is a draft again. With `at`, that happens then.
    """
    return await posts(request).schedules.unpublish(right, if_match(request), wish["at"], attempt(request))


_transition(
    UNSCHEDULE,
    "Take the schedule of a post away.\n\n"
    "It is neither published nor unpublished by itself any more. A scheduled one becomes a draft.",
    {"id": examples.UNSCHEDULED, "If-Match": examples.SECOND_VERSION},
)
_transition(
    ARCHIVE, "Archive a post: hide it from readers and keep it out of lists of drafts.", {"id": examples.ARCHIVED}
)
_transition(
    RESTORE,
    "Restore a post from the archive or the trash.",
    {"id": examples.RESTORED, "If-Match": examples.SECOND_VERSION},
)


@routes.post("/v1/posts/{id}/discard")
@transition_endpoint(
    **for_who_has(DISCARD.needs),
    examples={"id": examples.DISCARDED, "If-Match": examples.SECOND_VERSION},
)
async def discard_changes(request: web.Request, right: Editable) -> Post:
    """Discard unpublished changes.

    The working copy becomes the same as the live copy again.
    """
    return await posts(request).revisions.discard(right, if_match(request), attempt(request))
