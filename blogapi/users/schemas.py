"""What clients send about people, and ask for."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from blogapi.access.identity import ROLES
from blogapi.paging.cursors import PageQuery
from blogapi.translation.sentence import either, say
from blogapi.users.examples import (
    COLLEAGUE,
    COLLEAGUE_EMAIL,
    COLLEAGUE_PASSWORD,
)
from blogapi.users.logins import MAX_EMAIL, MAX_USERNAME, USERNAME_PATTERN, username_fault
from blogapi.users.model import (
    ADMIN_SORTS,
    MAX_BIO,
    MAX_DISPLAY_NAME,
    MAX_LINKS,
    PUBLIC_SORTS,
    SETTABLE_STATUSES,
    STATUSES,
    Link,
    ManagedProfile,
    NewUser,
    OwnProfile,
    UserFilter,
)
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
    TimeZone,
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
    timezone = TimeZone(load_default=None)

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
