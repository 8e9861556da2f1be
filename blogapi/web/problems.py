"""Every problem that this API answers with: its status, its title, and what a client can do. One table, three users:

the error middleware (status, title), the pages under /docs/problems/, and the OpenAPI document.
"""

from __future__ import annotations

from dataclasses import dataclass

from blogapi.translation.sentence import Sentence, say


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem. `cure` is for the developer who met it."""

    status: int
    title: Sentence
    cure: str


PROBLEMS: dict[str, Problem] = {
    "bad_request": Problem(
        400, say("Bad request"), "The request is not valid HTTP, or this server does not accept it. Look at `detail`."
    ),
    "malformed_json": Problem(
        400,
        say("Malformed JSON"),
        "Send one JSON document in UTF-8: no NaN, no duplicate keys, no integers beyond 64 bits, at most 32 levels and "
        "20,000 members, 1,000 in one object.",
    ),
    "unknown_parameter": Problem(
        400,
        say("Unknown parameter"),
        "`errors` names the parameter, operator or field that this route does not know, and the nearest known one.",
    ),
    "invalid_parameter": Problem(
        400,
        say("Invalid parameter"),
        "`errors` names each parameter whose value is wrong. `Idempotency-Key` counts as one.",
    ),
    "invalid_cursor": Problem(
        400,
        say("Invalid cursor"),
        "A cursor belongs to one list with one filter and one sort. Start again without `cursor`.",
    ),
    "ambiguous_credentials": Problem(
        400, say("Ambiguous credentials"), "Send the session cookie or an Authorization header, not both."
    ),
    "unauthenticated": Problem(
        401, say("Not signed in"), "Sign in, or refresh your access token, and send it as `Authorization: Bearer ...`."
    ),
    "invalid_credentials": Problem(
        401,
        say("Wrong credentials"),
        "The login is unknown, the password is wrong, or the passkey was not accepted. The answer does not tell which.",
    ),
    "mfa_required": Problem(
        401,
        say("Second factor required"),
        "The password is right. Send `flow` to `POST /v1/auth/mfa` within ten minutes, with a second factor that "
        "`methods` lists.",
    ),
    "forbidden": Problem(
        403,
        say("Not allowed"),
        "Your role does not allow it, or the resource is not yours. `detail` says what is needed.",
    ),
    "cross_site": Problem(
        403,
        say("Cross-site request refused"),
        "A change that is made with a cookie has to come from this site or an allowed origin. Scripts use a token.",
    ),
    "insufficient_scope": Problem(
        403,
        say("The API key lacks a scope"),
        "Use an API key with the scope that `scope` names. Without `scope`, no API key can do this: sign in instead.",
    ),
    "registration_closed": Problem(
        403, say("Registration is closed"), "Ask an administrator of this blog for an invitation or an account."
    ),
    "reauthentication_required": Problem(
        403,
        say("Show once more who you are"),
        "Only for who has shown who they are within the last ten minutes: `POST /v1/auth/reauthenticate`, or sign in.",
    ),
    "provider_denied": Problem(
        403,
        say("The provider has let nobody in"),
        "The person has cancelled the sign-in, or the provider has refused it. It comes as `error` in the address to "
        "which the browser is sent back. Let them choose again.",
    ),
    "second_factor_required": Problem(
        403,
        say("Your role needs a second factor"),
        "Without one, you can read `GET /v1/me`, change your password, sign out and set one up: `POST /v1/auth/totp`, "
        "then `/confirm`, or a passkey (`/v1/auth/passkeys`). If you have one, show it: `POST /v1/auth/reauthenticate` "
        "with `totp` or `passkey`, or sign in.",
    ),
    "not_found": Problem(
        404, say("Not found"), "It does not exist, or you may not see it. The answer does not tell which."
    ),
    "method_not_allowed": Problem(405, say("Method not allowed"), "The header `Allow` lists the methods of this path."),
    "request_timeout": Problem(408, say("Request timeout"), "The body did not arrive in time. Send it again."),
    "conflict": Problem(
        409, say("Conflict"), "The current state of the resource does not allow this. `detail` says why."
    ),
    "too_many_preview_links": Problem(
        409, say("Too many preview links"), "Revoke a link that nobody needs any more, or all of them."
    ),
    "too_many_api_keys": Problem(409, say("Too many API keys"), "Delete a key that nobody needs any more."),
    "username_taken": Problem(409, say("Username taken"), "Choose another username."),
    "email_taken": Problem(
        409, say("E-mail address taken"), "There is an account with this address already. Sign in instead."
    ),
    "link_required": Problem(
        409,
        say("Sign in first, then link the provider"),
        "Nothing shows that an account here and this one at the provider are the same person's: its e-mail address is "
        "not verified there, or not here. Sign in another way and send a new code to `POST /v1/me/providers`. A new "
        "password by mail confirms the address, too.",
    ),
    "already_linked": Problem(
        409,
        say("Linked already"),
        "One account at a provider belongs to one user here, and each user has one account of each provider. `detail` "
        "says which of them is taken.",
    ),
    "last_sign_in_method": Problem(
        409,
        say("The last way to sign in"),
        "Without it nobody could sign in to the account. Set a password by mail (`POST /v1/auth/password/forgot`), or "
        "link another provider, and try again.",
    ),
    "slug_taken": Problem(
        409, say("Slug taken"), "Another post has this slug, or had it before. Choose another one, or leave it out."
    ),
    "language_taken": Problem(
        409,
        say("Language taken"),
        "Two translations of one post are never in the same language, neither their working copies nor their live "
        "ones. `GET /v1/posts/{id}/translations` shows them; take one away first (`PUT`).",
    ),
    "schema_conflict": Problem(
        409,
        say("Posts do not fit the schema"),
        "`count` posts have a `custom` that this `custom_schema` does not allow. `posts` names the first ten, with "
        "what is wrong. Change them or the schema.",
    ),
    "invalid_transition": Problem(
        409,
        say("Not possible in this state"),
        "`allowed` lists the transitions that the current state of the post allows.",
    ),
    "schedule_conflict": Problem(
        409,
        say("The times do not fit together"),
        "A post is unpublished after it is published. Change the other time first, or take both away (`unschedule`).",
    ),
    "secret_shown_once": Problem(
        409,
        say("The secret was shown before"),
        "The first request with this Idempotency-Key has succeeded, and its secret is not stored. Delete what stands "
        "at `location`, then send the request with a new Idempotency-Key.",
    ),
    "idempotency_in_progress": Problem(
        409,
        say("Still running"),
        "The first request with this Idempotency-Key has not finished. Wait as `Retry-After` says, then send it again.",
    ),
    "purged": Problem(410, say("Gone"), "It has been deleted for good."),
    "stale": Problem(
        412,
        say("Changed since you read it"),
        "`changed` names the fields that somebody else changed. Read again, then send your change with the new ETag.",
    ),
    "too_large": Problem(413, say("Too large"), "A body that holds a post has at most 2 MiB, any other 64 KiB."),
    "uri_too_long": Problem(
        414, say("Address too long"), "The address of a request, with its query, has at most 8 KiB."
    ),
    "unsupported_media_type": Problem(
        415,
        say("Unsupported media type"),
        "Send `application/json`, not compressed. PATCH also takes `application/merge-patch+json`.",
    ),
    "expectation_failed": Problem(
        417, say("Expectation failed"), "The only value of `Expect` that is known is `100-continue`."
    ),
    "invalid_fields": Problem(
        422,
        say("Some fields are not valid"),
        "`errors` lists every wrong field with its `pointer` (RFC 6901), a `code` and a `detail`.",
    ),
    "code_invalid": Problem(
        422,
        say("Code not valid"),
        "The code is wrong, was used already, or is too old; which, is not told. Ask for a new mail, wait for the next "
        "code of the app, ask for new options of a passkey, or, for `/flow`, sign in once more.",
    ),
    "idempotency_key_reused": Problem(
        422, say("Idempotency-Key used before"), "A key belongs to one request. For another body, use a new key."
    ),
    "too_complex": Problem(
        422,
        say("Too complex"),
        "The text takes too long to render. Make it shorter or simpler: less nesting, fewer tables and links.",
    ),
    "too_long_to_compare": Problem(
        422,
        say("Too long to compare"),
        "To tell what differs between these texts takes too long. Compare revisions that are closer to each other.",
    ),
    "precondition_required": Problem(
        428,
        say("If-Match is missing"),
        "Read the resource, and send its `ETag` as `If-Match`, so that no edit is lost.",
    ),
    "locked": Problem(
        429,
        say("Sign-in is locked for now"),
        "There were too many wrong passwords or codes for this login. Wait as many seconds as `Retry-After` says, or "
        "sign in from a device that has done so before (with its cookie or `device_token`), or set a new password by "
        "mail. An administrator can end it: `POST /v1/users/{id}/unlock`. A login that nobody has is locked in the "
        "same way.",
    ),
    "rate_limited": Problem(429, say("Too many requests"), "Wait as many seconds as `Retry-After` says."),
    "headers_too_large": Problem(431, say("Headers too large"), "Send fewer or shorter headers."),
    "internal": Problem(500, say("Internal error"), "It is a fault of the server. Tell its operator the `request_id`."),
    "provider_failed": Problem(
        502,
        say("The provider gave a bad answer"),
        "What the provider answered is not valid, so nobody was signed in. It comes as `error` in the address to which "
        "the browser is sent back; the log of this server says what was wrong.",
    ),
    "provider_unavailable": Problem(
        503,
        say("The provider does not answer"),
        "The provider cannot be reached now. It comes as `error` in the address to which the browser is sent back. Let "
        "the person try again, or sign in another way.",
    ),
    "unavailable": Problem(
        503,
        say("Not available now"),
        "Wait as `Retry-After` says, then try again. It is open whether a write happened: repeat it with the same "
        "`Idempotency-Key`.",
    ),
    "mail_unavailable": Problem(
        503, say("No mail"), "The operator has not set `mail.url`. What needs a mail does not work on this blog."
    ),
    "http_version_not_supported": Problem(505, say("HTTP version not supported"), "Use HTTP/1.1 or 1.0."),
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
