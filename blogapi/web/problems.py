"""Every problem that this API answers with: its status, its title, and what a client can do. One table, three users:

the error middleware (status, title), the pages under /docs/problems/, and the OpenAPI document.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem. `cure` is for the developer who met it."""

    status: int
    title: str
    cure: str


PROBLEMS: dict[str, Problem] = {
    "bad_request": Problem(
        400, "Bad request", "The request is not valid HTTP or not what this server accepts. Look at `detail`."
    ),
    "malformed_json": Problem(
        400,
        "Malformed JSON",
        "Send one JSON document in UTF-8: no NaN, no duplicate keys, no integers beyond 64 bits, at most 32 levels and "
        "20,000 members, 1,000 in one object.",
    ),
    "unknown_parameter": Problem(
        400,
        "Unknown parameter",
        "`errors` names the parameter, operator or field name that this route does not know, and the nearest one.",
    ),
    "invalid_parameter": Problem(
        400, "Invalid parameter", "`errors` names each query parameter whose value is wrong, or `Idempotency-Key`."
    ),
    "invalid_cursor": Problem(
        400,
        "Invalid cursor",
        "Cursors belong to one list with one filter and sort. Start again without `cursor`, or follow `page.next`.",
    ),
    "ambiguous_credentials": Problem(
        400, "Ambiguous credentials", "Send the session cookie or an Authorization header, not both."
    ),
    "unauthenticated": Problem(
        401, "Not signed in", "Sign in, or refresh your access token, and send it as `Authorization: Bearer ...`."
    ),
    "invalid_credentials": Problem(
        401, "Wrong login or password", "The answer is the same for an unknown user and for a wrong password."
    ),
    "forbidden": Problem(403, "Not allowed", "Your role or your relation to this resource does not allow it."),
    "cross_site": Problem(
        403,
        "Cross-site request refused",
        "An unsafe request with a cookie has to come from this site or an allowed origin. Scripts use a token.",
    ),
    "registration_closed": Problem(
        403, "Registration is closed", "Accounts are made by an administrator of this blog."
    ),
    "not_found": Problem(404, "Not found", "It does not exist, or you may not see it."),
    "method_not_allowed": Problem(405, "Method not allowed", "`Allow` lists the methods of this path."),
    "request_timeout": Problem(408, "Request timeout", "The body did not arrive in time. Send it again."),
    "conflict": Problem(409, "Conflict", "The present state of the resource does not allow this."),
    "username_taken": Problem(409, "Username taken", "Choose another username."),
    "email_taken": Problem(409, "E-mail address taken", "There is an account with this address. Sign in instead."),
    "slug_taken": Problem(409, "Slug taken", "Another post has or had this slug. Choose another or leave it out."),
    "invalid_transition": Problem(
        409, "Not possible in this state", "`allowed` lists the steps that the post's present state allows."
    ),
    "idempotency_in_progress": Problem(
        409, "Still running", "The first request with this Idempotency-Key has not finished. Retry after a moment."
    ),
    "purged": Problem(410, "Gone", "It has been removed for good."),
    "stale": Problem(
        412,
        "Changed since you read it",
        "Read it again, look at `changed`, and repeat your change with the present ETag in If-Match.",
    ),
    "too_large": Problem(
        413, "Too large", "A body holds at most 2 MiB where a post is written, 64 KiB elsewhere. `detail` says it, too."
    ),
    "uri_too_long": Problem(414, "Address too long", "An address, query included, has at most 8 KiB. Ask for less."),
    "unsupported_media_type": Problem(
        415, "Unsupported media type", "Send application/json (PATCH: or application/merge-patch+json), not compressed."
    ),
    "expectation_failed": Problem(417, "Expectation failed", "Send no `Expect`, or `Expect: 100-continue`."),
    "invalid_fields": Problem(
        422,
        "Some fields are not valid",
        "`errors` lists all of them: `pointer` (RFC 6901), `code`, `detail`, `params`.",
    ),
    "idempotency_key_reused": Problem(
        422, "Idempotency-Key used before", "A key belongs to one request. Use a new key for another body."
    ),
    "too_complex": Problem(
        422,
        "Too complex",
        "The text takes too long to render. Make it shorter or simpler: less nesting, fewer tables and links.",
    ),
    "precondition_required": Problem(
        428, "If-Match is missing", "Read the resource and send its ETag as If-Match, so that no edit is lost."
    ),
    "rate_limited": Problem(429, "Too many requests", "Wait for as many seconds as Retry-After says."),
    "headers_too_large": Problem(431, "Headers too large", "Send fewer or shorter headers."),
    "internal": Problem(500, "Internal error", "It is our fault. Tell the operator the `request_id`."),
    "unavailable": Problem(
        503,
        "Not available now",
        "Retry after a moment. A write may or may not have happened: repeat it with the same Idempotency-Key.",
    ),
    "http_version_not_supported": Problem(505, "HTTP version not supported", "Speak HTTP/1.1 (or 1.0) to this port."),
}

# For errors that aiohttp raises itself, and for those of its parser.
CODE_OF_STATUS = {
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    417: "expectation_failed",
    431: "headers_too_large",
    500: "internal",
    503: "unavailable",
    505: "http_version_not_supported",
}
