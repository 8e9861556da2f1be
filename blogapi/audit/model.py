"""What the audit log records: every action that it knows, and what an entry says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from blogapi.access.identity import OPERATOR, Viewer
from blogapi.ids import Id


@dataclass(frozen=True, slots=True)
class Action:
    """Something that is recorded: the kind of what it is done to, and what happened, for the documentation."""

    target: str
    says: str


USER, SIGNING_KEY, INVITATION, SETTINGS, TAG = "user", "signing_key", "invitation", "settings", "tag"
TARGETS = (USER, SIGNING_KEY, INVITATION, SETTINGS, TAG)

ACTIONS: Mapping[str, Action] = {
    "user.registered": Action(
        USER, "Somebody made an account for themselves, maybe with an invitation (`invitation_id`)."
    ),
    "user.created": Action(USER, "An administrator made an account. `role` is its role."),
    "user.updated": Action(USER, "An administrator changed the profile of somebody else. `fields` are those changed."),
    "invitation.created": Action(INVITATION, "An administrator invited somebody to register with a `role`."),
    "invitation.deleted": Action(INVITATION, "An administrator withdrew an invitation."),
    "user.suspended": Action(USER, "An administrator suspended an account. Its sessions and API keys ended."),
    "user.reactivated": Action(USER, "An administrator made an account active."),
    "user.unlocked": Action(USER, "An administrator ended a lock-out."),
    "user.erasure_requested": Action(USER, "A user asked to be erased after the time of grace. All sessions ended."),
    "user.erasure_called_off": Action(USER, "A user who had asked to be erased signed in, and stays."),
    "user.exported": Action(
        USER, "The personal data of a user was asked for, by the user or on the command line, to be read for a day."
    ),
    "user.erased": Action(USER, "An account was erased, by an administrator or because its user had asked."),
    "security.role_changed": Action(USER, "An administrator changed a role, `from` one `to` another."),
    "security.login_failed": Action(
        USER,
        "A password or a second factor was wrong, or the account does not exist (no target) or may not sign in."
        " Repeated failures of a minute are one entry with their `count`.",
    ),
    "security.lockout": Action(
        USER,
        "There were too many wrong passwords for a login, which is locked for `seconds`, by the `limit` of that name in"
        " the configuration. Without a target, nobody has this login.",
    ),
    "security.refresh_reuse": Action(USER, "A spent refresh token came back. Its session (`session_id`) ended."),
    "security.passkey_count": Action(
        USER,
        "The count of a passkey (`passkey_id`) went back, so it was refused: it may have been copied.",
    ),
    "session.opened": Action(
        USER, "Somebody signed in. `kind` is that of the session, and `factors` is what they have shown."
    ),
    "session.ended": Action(
        USER,
        "A session (`session_id`) was ended, by its user, by an administrator, or as the oldest of too many.",
    ),
    "session.all_ended": Action(USER, "All sessions were ended, or all but one (`kept`)."),
    "password.changed": Action(USER, "A user changed the password. All other sessions ended."),
    "password.reset": Action(USER, "A password was set with the code of a mail. All sessions and API keys ended."),
    "email.change_requested": Action(USER, "A user asked for another e-mail address, which has to be confirmed."),
    "email.changed": Action(USER, "Another e-mail address was confirmed, and replaced the former one."),
    "email.verified": Action(USER, "An e-mail address was confirmed."),
    "second_factor.totp_added": Action(USER, "A user set up an authenticator app."),
    "second_factor.totp_removed": Action(USER, "A user removed the authenticator app, and the recovery codes with it."),
    "second_factor.totp_reset": Action(
        USER, "An operator removed the authenticator app and the recovery codes of somebody who had lost them."
    ),
    "second_factor.recovery_codes_renewed": Action(USER, "A user had new recovery codes made; the old ones are void."),
    "second_factor.recovery_code_used": Action(USER, "A recovery code was spent for a sign-in."),
    "api_key.created": Action(USER, "A user created an API key (`key_id`) with these `scopes`."),
    "api_key.revoked": Action(USER, "A user deleted an API key (`key_id`)."),
    "passkey.registered": Action(USER, "A user registered a passkey (`passkey_id`)."),
    "passkey.removed": Action(USER, "A user removed a passkey (`passkey_id`)."),
    "provider.linked": Action(
        USER,
        "An account at a `provider` was linked, so that its owner can sign in: by the user, or at a sign-in there.",
    ),
    "provider.unlinked": Action(USER, "A user removed the link to an account at a `provider`."),
    "settings.updated": Action(
        SETTINGS,
        "An administrator set these `fields` of the blog anew, as the `version` of that number. Of two entries with one"
        " number, the change of one was refused: it came too late.",
    ),
    "tag.updated": Action(TAG, "An editor changed a tag. `fields` are those changed."),
    "tag.merged": Action(TAG, "An editor merged a tag into another one (`into`)."),
    "tag.deleted": Action(TAG, "An editor deleted a tag (`slug`)."),
    "signing_key.rotated": Action(SIGNING_KEY, "A new key that signs access tokens was added."),
}
"""All actions, by their names, which never change. Whoever records another one adds it here."""

ACTOR_KINDS = (
    *("session", "api_key", "mail_code", "provider", "registration", "sign_in", "command_line", "server"),
    "anonymous",
)
# Ids, words of ours and numbers. What people type may be a name, an address or a password in the wrong field.
_WORD = re.compile(r"[A-Za-z0-9_.:/-]{0,100}")
_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did something, and with which credential (`ACTOR_KINDS`)."""

    kind: str
    user_id: Id | None = None
    session_id: Id | None = None
    key_id: Id | None = None

    @classmethod
    def of(cls, who: Viewer) -> Actor:
        """The one behind an identity. None is somebody who is not signed in."""
        if who is None:
            return ANONYMOUS
        if who.key_id is not None:
            return cls(kind="api_key", user_id=who.user_id, key_id=who.key_id)
        if who.session_id is not None:
            return cls(kind="session", user_id=who.user_id, session_id=who.session_id)
        return cls(kind="command_line", user_id=None if who.user_id == OPERATOR.user_id else who.user_id)

    @classmethod
    def by_mail(cls, user_id: str) -> Actor:
        """Somebody who is not signed in and has the code of a mail to this user."""
        return cls(kind="mail_code", user_id=user_id)

    @classmethod
    def registering(cls, user_id: str) -> Actor:
        """Somebody who makes this account for themselves."""
        return cls(kind="registration", user_id=user_id)

    @classmethod
    def signing_in(cls, user_id: str) -> Actor:
        """Somebody who has shown to be this user, and has no session yet."""
        return cls(kind="sign_in", user_id=user_id)

    @classmethod
    def by_provider(cls, user_id: str) -> Actor:
        """Somebody who is not signed in and has shown an account at a provider that is this user's."""
        return cls(kind="provider", user_id=user_id)


ANONYMOUS = Actor(kind="anonymous")
SERVER = Actor(kind="server")
"""A background job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What something was done to. Without an id, it is not known, or does not exist."""

    kind: str
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who did what to what, when, from where. `facts` are what else there is to know (`check_facts`)."""

    id: Id
    action: str
    at: datetime
    actor: Actor
    target: Target
    network: str = ""
    request_id: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries. Empty means any; several actions mean any of them."""

    actor: str | None = None
    target: str | None = None
    actions: tuple[str, ...] = ()
    since: datetime | None = None
    before: datetime | None = None


def check_facts(facts: Mapping[str, Any]) -> None:
    """Raises ValueError for what must not be in an entry: texts that people have typed, and more than a few words."""
    for name, value in facts.items():
        words = value if isinstance(value, list) else [value]
        if len(words) > _MOST or not all(_is_fact(word) for word in words):
            raise ValueError(f"{name} is no fact for the audit log: it takes a few ids, words of ours and numbers.")


def _is_fact(value: object) -> bool:
    return value is None or isinstance(value, bool | int) or (isinstance(value, str) and bool(_WORD.fullmatch(value)))
