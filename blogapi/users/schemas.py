"""What clients send and receive about people. The handler chooses the view, by who is asking."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from blogapi.access.identity import ROLES
from blogapi.clock import rfc3339, rfc3339_or_none
from blogapi.paging.cursors import PageQuery
from blogapi.translation.sentence import either, say
from blogapi.users.examples import (
    COLLEAGUE,
    COLLEAGUE_EMAIL,
    COLLEAGUE_PASSWORD,
    NEWCOMER_EMAIL,
    SINCE,
    WRITER,
    WRITER_DISPLAY_NAME,
    WRITER_NAME,
)
from blogapi.users.model import (
    ADMIN_SORTS,
    MAX_BIO,
    MAX_DISPLAY_NAME,
    MAX_EMAIL,
    MAX_LINKS,
    MAX_USERNAME,
    PUBLIC_SORTS,
    SETTABLE_STATUSES,
    STATUSES,
    USERNAME_PATTERN,
    Link,
    ManagedProfile,
    NewUser,
    OwnProfile,
    User,
    UserFilter,
    username_fault,
)
from blogapi.web.endpoint import Shape
from blogapi.web.fields import (
    Choice,
    CommaList,
    Items,
    LanguageTag,
    Line,
    Message,
    Record,
    Size,
    Strict,
    Text,
    Url,
    wrong,
)
from blogapi.web.query import FieldsQuery

_SORTS = tuple(dict.fromkeys([*PUBLIC_SORTS, *ADMIN_SORTS]))
# The service says all that is wrong with these three at once; here they are only described.
_USERNAME = {"pattern": f"^{USERNAME_PATTERN}$", "minLength": 3, "maxLength": MAX_USERNAME}
_EMAIL = {"format": "email", "maxLength": MAX_EMAIL}
PASSWORD = {
    "format": "password",
    "maxLength": 256,
    "description": "At least 10 characters by default (`auth.password.min_length`). Common ones are refused.",
}


# Coming in


class _Username(Text):
    """A username that nobody has to have yet."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata=_USERNAME, **kwargs)

    def _validate(self, value: Any) -> None:
        super()._validate(value)
        fault = username_fault(value)
        # Who has a reserved name, from the command line or an import, may keep it: the service sees a change only.
        if fault is not None and fault.code != "reserved":
            raise wrong(fault.code, fault.detail, **fault.params)


@cache
def _timezones() -> frozenset[str]:
    """The names in the database of IANA. A host's own folder also holds what is none, such as `localtime`."""
    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {"Factory"}  # which stands for: not set yet


def _is_timezone(name: str) -> None:
    if name not in _timezones():
        raise wrong("invalid_choice", say("Must be the name of a time zone, such as Europe/Berlin."))


def _is_status(name: str) -> None:
    # Whoever has another one may keep it: the service sees a change only.
    if name not in STATUSES:
        choices = list(SETTABLE_STATUSES)
        raise wrong("invalid_choice", say("Can be set to {choices}.", choices=either(choices)), choices=choices)


ROLE = {"description": "Left out, it is the role that the setting `registration.role` names."}


class LinkSchema(Strict):
    """A link on a profile."""

    label = Line(required=True, validate=Size(min=1, max=80))
    url = Url(schemes="https?", required=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Link:
        return Link(**data)


class _ProfileSchema(Strict):
    bio = Text(
        load_default="",
        validate=Size(max=MAX_BIO),
        metadata={"description": "About the user, in Markdown: paragraphs, emphasis, code, links and lists."},
    )
    links = Items(Record(LinkSchema), load_default=(), validate=Size(max=MAX_LINKS))
    avatar_url = Url(load_default=None)


class AccountSchema(Strict):
    """What every new account has."""

    username = Line(required=True, metadata=_USERNAME)
    email = Line(required=True, metadata=_EMAIL)
    password = Text(required=True, load_only=True, metadata=PASSWORD)
    display_name = Line(load_default=None, validate=Size(min=1, max=MAX_DISPLAY_NAME))


class NewUserSchema(_ProfileSchema, AccountSchema):
    """A new account for somebody else."""

    role = Text(
        load_default=None,
        validate=Choice(ROLES),
        metadata=ROLE,
    )

    example = {
        "username": COLLEAGUE,
        "email": COLLEAGUE_EMAIL,
        "password": COLLEAGUE_PASSWORD,
        "display_name": "Jo Lind",
        "role": "editor",
    }

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> NewUser:
        return NewUser(**{**data, "links": tuple(data["links"])})


class _NamedProfileSchema(_ProfileSchema):
    username = _Username(required=True)
    display_name = Line(required=True, validate=Size(min=1, max=MAX_DISPLAY_NAME))


class OwnProfileSchema(_NamedProfileSchema):
    """Changes to your own account. A field that you leave out stays, and null removes its value."""

    email = Line(
        required=True,
        metadata={**_EMAIL, "description": "A new one is `pending_email` until the mail to it is confirmed."},
    )
    locale = LanguageTag(load_default=None, metadata={"description": "A language (BCP 47)."})
    timezone = Text(
        load_default=None,
        validate=_is_timezone,
        metadata={"description": "The IANA name of a time zone, such as `Europe/Berlin`."},
    )

    example = {
        "bio": "Writes about **bees**.",
        "links": [{"label": "My garden", "url": "https://garden.example/"}],
        "avatar_url": None,
        "timezone": "Europe/Berlin",
    }

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> OwnProfile:
        return OwnProfile(**{**data, "links": tuple(data["links"])})


class ManagedProfileSchema(_NamedProfileSchema):
    """Changes to an account by an administrator. A field that is left out stays, and null removes its value."""

    role = Text(required=True, validate=Choice(ROLES))
    status = Text(
        required=True,
        validate=_is_status,
        metadata={"description": "Only `active` and `suspended` can be set.", "enum": list(SETTABLE_STATUSES)},
    )

    example = {"display_name": "Mira J. Holt", "role": "editor"}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> ManagedProfile:
        return ManagedProfile(**{**data, "links": tuple(data["links"])})


class ReadUserQuery(Strict):
    """How to read a user."""

    view = Text(
        load_default=None,
        validate=Choice(["admin"]),
        metadata={"description": "`admin` adds the private fields. For administrators only."},
    )


class UserListQuery(PageQuery, ReadUserQuery, FieldsQuery):
    """Filters and sorts of the list of users."""

    role = CommaList(
        ROLES.__contains__,
        otherwise=lambda name: say("{name!r} is not a role.", name=name),
        load_default=(),
        metadata={"description": "Roles. Only with `view=admin`.", "items": {"type": "string", "enum": list(ROLES)}},
    )
    status = CommaList(
        STATUSES.__contains__,
        otherwise=lambda name: say("{name!r} is not a status.", name=name),
        load_default=(),
        metadata={"description": "Only with `view=admin`.", "items": {"type": "string", "enum": list(STATUSES)}},
    )
    sort = Text(
        load_default=None,
        validate=Choice(_SORTS),
        metadata={"description": "`username` is the default, `-created_at` with `view=admin`. A `-` means descending."},
    )

    @validates_schema
    def belongs_to_view(self, data: dict[str, Any], **_: Any) -> None:
        """Raises ValidationError for a filter or a sort that the other view has."""
        if data.get("view") == "admin":
            wrongs = [] if data.get("sort") in (None, *ADMIN_SORTS) else ["sort"]
        else:
            wrongs = [name for name in ("role", "status") if data.get(name)]
            wrongs += [] if data.get("sort") in (None, *PUBLIC_SORTS) else ["sort"]
        if wrongs:
            message = Message(say("Not available in this view."), "invalid_choice")
            raise ValidationError({name: [message] for name in wrongs})

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        public = data["view"] is None
        sort = data["sort"] or (PUBLIC_SORTS if public else ADMIN_SORTS)[0]
        return {**data, "filter": UserFilter(roles=data["role"], statuses=data["status"], public=public, sort=sort)}


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


# Going out


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


def _links(user: User) -> list[dict[str, str]]:
    return [{"label": link.label, "url": link.url} for link in user.links]


PROFILE = Shape(ProfileShape, profile_view, for_everybody=True)
ADMIN = Shape(AdminUserShape, admin_view, says="administrators can also read the private fields of users")
OWN = Shape(OwnUserShape, own_view)
PROFILE_FIELDS = tuple(ProfileShape().fields)
ADMIN_FIELDS = tuple(AdminUserShape().fields)
