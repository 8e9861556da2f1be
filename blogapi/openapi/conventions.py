"""What every document says, whatever its routes: conventions, credentials, pages and problems."""

from __future__ import annotations

from blogapi.openapi.json_schemas import COMPONENTS, JsonSchema

ABOUT = """\
The JSON API of a blog. What holds everywhere:

* **Bodies** are JSON in UTF-8 with names in `snake_case`. A body that holds a post has at most 2 MiB, any other 64 KiB.
  Unknown fields and unknown parameters are refused.
* **Times** are RFC 3339 in UTC with milliseconds; their names end in `_at`. **Ids** are opaque strings.
* **Lists** come in pages. To get the next page, send `page.next` as `cursor`, or follow the `Link` header. Commas in a
  filter mean *any of these*; several filters mean *all of these*.
* **Fields** that a schema requires are in every answer, unless the request has chosen others with `fields`.
* **Errors** are problem documents (RFC 9457). Their `code` never changes; [/docs/problems](/docs/problems) explains
  each. `title` and `detail` are in the language of `Accept-Language`: English, German, French or Spanish. A path that
  does not exist answers 404. A method that a path does not have answers 405 with `Allow`.
* **Edits** need `If-Match` with the `ETag` of what you read, so that nobody overwrites somebody else's work.
  `"<version>-0"` is as good for who knows the `version` alone. A tag of anything else is stale (412). With
  `Prefer: merge` a `PATCH` is applied all the same, as long as others have changed other fields since.
* **Retries** of a `POST` are safe with an `Idempotency-Key`.
* **Credentials** are an access token or the session cookie, never both. A request that changes something with the
  cookie has to come from this site or from an allowed origin. A program sends an API key, as a Bearer token or as the
  user name of Basic credentials. An operation names the scope that the key needs; without one, it takes no API keys.
* **Roles**, weakest first: `reader`, `contributor` (writes drafts), `author` (publishes own posts), `editor` (changes
  any post), `admin`. A post can be changed by its own authors and by editors.
* **Copies** of a post: authors and editors change its *working copy*. Publishing makes that the *live copy*, which is
  what readers see.
"""
SECURITY: JsonSchema = {
    "token": {"type": "http", "scheme": "bearer", "description": "The `access_token` of a sign-in, or an API key."},
    "key": {"type": "http", "scheme": "basic", "description": "An API key as the user name. The password is ignored."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-session",
        "description": "Set by a sign-in with `mode: cookie`, and sent by browsers. Over plain http it is `session`.",
    },
}
PAGE: JsonSchema = {
    "type": "object",
    "description": "The position of a page in its list.",
    "properties": {
        "limit": {"type": "integer", "minimum": 1, "maximum": 100, "description": "At most this many items."},
        "next": {
            "type": ["string", "null"],
            "description": "Send it as `cursor` to get the next page. Null on the last page.",
        },
        "total": {
            "type": "integer",
            "minimum": 0,
            "description": "How many items the whole list has. Only with `count=exact`.",
        },
    },
    "required": ["limit", "next"],
    "additionalProperties": False,
}
PAGE_EXAMPLE: JsonSchema = {"limit": 20, "next": None}
PROBLEM_ERROR: JsonSchema = {
    "type": "object",
    "description": "One wrong field (`pointer`) or one wrong parameter (`parameter`).",
    "properties": {
        "pointer": {"type": "string", "description": "The field, as a JSON Pointer into the body (RFC 6901)."},
        "parameter": {"type": "string", "description": "The name of the parameter."},
        "code": {"type": "string", "description": "What kind of mistake it is. Never changes."},
        "detail": {"type": "string", "description": "What is wrong, for people, in their language."},
        "params": {"type": "object", "description": "The numbers and words in `detail`, for a text of your own."},
        "nearest": {"type": "string", "description": "The known name that is most like the unknown one."},
    },
    "required": ["code", "detail"],
    "additionalProperties": True,
}
PROBLEM_SCHEMA: JsonSchema = {
    "type": "object",
    "description": "An error (RFC 9457). Ignore members that you do not know: more may come.",
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "The path of a page that explains this kind of problem.",
        },
        "title": {"type": "string", "description": "The kind of problem, for people, in their language."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What is wrong with this request, for people, in their language."},
        "instance": {"type": "string", "description": "The path of the request."},
        "code": {"type": "string", "description": "The kind of problem, for programs. Never changes."},
        "request_id": {"type": "string", "description": "The same as the header `X-Request-Id`."},
        "errors": {
            "type": "array",
            "items": {"$ref": f"{COMPONENTS}ProblemError"},
            "description": "Every wrong field or parameter.",
        },
        "version": {"type": "integer", "description": "With `stale`: the current version."},
        "etag": {"type": "string", "description": "With `stale`: the current ETag."},
        "changed": {
            "type": ["array", "null"],
            "items": {"type": "string"},
            "description": "With `stale`: the fields that changed since you read. Null when that is no longer known.",
        },
        "scope": {"type": "string", "description": "With `insufficient_scope`: the scope that the API key needs."},
        "flow": {"type": "string", "description": "With `mfa_required`: what `/v1/auth/mfa` finishes."},
        "methods": {
            "type": "array",
            "items": {"type": "string"},
            "description": "With `mfa_required`: the second factors that are accepted.",
        },
        "location": {
            "type": "string",
            "description": "With `secret_shown_once`: the path of what the first request created.",
        },
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "description": "With `invalid_transition`: the transitions that the current state allows.",
        },
        "count": {"type": "integer", "description": "With `schema_conflict`: how many posts do not fit."},
        "posts": {
            "type": "array",
            "items": {"type": "object"},
            "description": "With `schema_conflict`: the first ten of them, each with `id` and `errors`.",
        },
        "checks": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "From `/readyz`: what was checked, and whether it is `ok`.",
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "additionalProperties": True,
}

# What examples of problems have beside what all have.
FURTHER: dict[str, JsonSchema] = {
    "stale": {"version": 3, "etag": '"3-0"', "changed": ["tags", "title"]},
    "invalid_fields": {
        "errors": [
            {"pointer": "/title", "code": "too_long", "detail": "At most 200 characters.", "params": {"max": 200}},
        ]
    },
}
