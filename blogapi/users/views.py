"""What clients see of people. The handler chooses the view, by who is asking."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from blogapi.access.identity import ROLES
from blogapi.clock import rfc3339, rfc3339_or_none
from blogapi.users.examples import (
    NEWCOMER_EMAIL,
    SINCE,
    WRITER,
    WRITER_DISPLAY_NAME,
    WRITER_NAME,
)
from blogapi.users.model import STATUSES, User
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Strict


class LinkShape(Strict):
    """A link on a profile."""

    label = fields.Str(required=True)
    url = fields.Str(required=True)


class ProfileShape(Strict):
    """The public fields of a user."""

    id = fields.Str(required=True)
    version = fields.Int(required=True, metadata={"description": "Grows by one with each change."})
    username = fields.Str(required=True)
    display_name = fields.Str(required=True)
    bio = fields.Str(required=True)
    bio_html = fields.Str(required=True, metadata={"description": "`bio` as sanitised HTML."})
    links = fields.List(fields.Nested(LinkShape), required=True)
    avatar_url = fields.Str(required=True, allow_none=True)
    posts_count = fields.Int(required=True, metadata={"description": "How many public posts the user has."})
    followers_count = fields.Int(required=True)
    following_count = fields.Int(required=True)
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)

    example = {
        "id": WRITER,
        "version": 1,
        "username": WRITER_NAME,
        "display_name": WRITER_DISPLAY_NAME,
        "bio": "",
        "bio_html": "",
        "links": [],
        "avatar_url": None,
        "posts_count": 4,
        "followers_count": 0,
        "following_count": 0,
        "created_at": SINCE,
        "updated_at": SINCE,
    }


class MfaShape(Strict):
    """The second factors of a user."""

    methods = fields.List(
        fields.Str(validate=Choice(["totp", "passkey"])),
        required=True,
        metadata={
            "description": "`totp`: an authenticator app; each sign-in with a password needs a second factor. "
            "`passkey`: at least one passkey."
        },
    )
    recovery_codes_left = fields.Int(required=True)


class AdminUserShape(ProfileShape):
    """A user with the private fields that administrators see."""

    email = fields.Str(required=True, allow_none=True)
    locale = fields.Str(required=True, allow_none=True, metadata={"description": "A language (BCP 47)."})
    timezone = fields.Str(required=True, allow_none=True, metadata={"description": "An IANA time zone."})
    role = fields.Str(required=True, validate=Choice(ROLES))
    status = fields.Str(
        required=True,
        validate=Choice(STATUSES),
        metadata={"description": "`unclaimed`: an author that an import made, without an account."},
    )
    mfa = fields.Nested(MfaShape, required=True)
    email_verified_at = fields.DateTime(required=True, allow_none=True)
    last_login_at = fields.DateTime(required=True, allow_none=True)
    erasure_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When the account will be erased, as its owner has asked. Signing in calls it off."},
    )

    example = {
        **ProfileShape.example,
        "email": NEWCOMER_EMAIL,
        "locale": "en",
        "timezone": None,
        "role": "author",
        "status": "active",
        "mfa": {"methods": ["totp"], "recovery_codes_left": 10},
        "email_verified_at": None,
        "last_login_at": SINCE,
        "erasure_at": None,
    }


class OwnUserShape(AdminUserShape):
    """Your own account."""

    pending_email = fields.Str(
        required=True,
        allow_none=True,
        metadata={"description": "The new address that still has to be confirmed by the mail sent to it."},
    )
    permissions = fields.List(fields.Str(), required=True, metadata={"description": "What your role allows you to do."})

    example = {**AdminUserShape.example, "pending_email": None, "permissions": ["create_posts", "publish_own_posts"]}


def profile_view(user: User) -> dict[str, Any]:
    """A person as everybody sees them."""
    change = user.last_public_change
    return {
        "id": user.id,
        "version": change.version,
        "username": user.username,
        "display_name": user.display_name,
        "bio": user.bio,
        "bio_html": user.bio_html,
        "links": _links(user),
        "avatar_url": user.avatar_url,
        "posts_count": user.counters.posts,
        "followers_count": user.counters.followers,
        "following_count": user.counters.following,
        "created_at": rfc3339(user.created_at),
        "updated_at": rfc3339(change.at),
    }


def admin_view(user: User) -> dict[str, Any]:
    """A person as administrators see them."""
    return {
        **profile_view(user),
        "version": user.version,
        "updated_at": rfc3339(user.updated_at),
        "email": user.email,
        "locale": user.locale,
        "timezone": user.timezone,
        "role": user.role,
        "status": user.status,
        "mfa": {"methods": list(user.mfa.methods), "recovery_codes_left": len(user.mfa.recovery_codes)},
        "email_verified_at": rfc3339_or_none(user.email_verified_at),
        "last_login_at": rfc3339_or_none(user.last_login_at),
        "erasure_at": rfc3339_or_none(user.erasure_at),
    }


def own_view(user: User) -> dict[str, Any]:
    """A person as they see themselves."""
    pending = user.pending_email
    return {
        **admin_view(user),
        "pending_email": None if pending is None else pending.email,
        "permissions": list(user.permissions),
    }


def own_fields(user: User) -> dict[str, Any]:
    """What `OwnProfileSchema` would load to make this user, for merge patches."""
    return {**_profile_fields(user), "email": user.email, "locale": user.locale, "timezone": user.timezone}


def managed_fields(user: User) -> dict[str, Any]:
    """What `ManagedProfileSchema` would load to make this user, for merge patches."""
    return {**_profile_fields(user), "role": user.role, "status": user.status}


def _profile_fields(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "display_name": user.display_name,
        "bio": user.bio,
        "links": _links(user),
        "avatar_url": user.avatar_url,
    }


def _links(user: User) -> list[dict[str, str]]:
    return [{"label": link.label, "url": link.url} for link in user.links]


PROFILE = Shape(ProfileShape, profile_view, for_everybody=True)
ADMIN = Shape(AdminUserShape, admin_view, says="administrators can also read the private fields of users")
OWN = Shape(OwnUserShape, own_view)
PROFILE_FIELDS = tuple(ProfileShape().fields)
ADMIN_FIELDS = tuple(AdminUserShape().fields)
