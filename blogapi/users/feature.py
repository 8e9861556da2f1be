"""The door of people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

from blogapi.audit.service import AuditService
from blogapi.feature import Feature, Wiring
from blogapi.jobs.runner import every
from blogapi.mail.service import MailService
from blogapi.operations.doctor import Check, Problem
from blogapi.personal import PersonalData
from blogapi.settings.service import SettingsService
from blogapi.users import handlers
from blogapi.users.mails import Outbox
from blogapi.users.passwords import Passwords
from blogapi.users.roster import AdminRoster
from blogapi.users.service import UserService
from blogapi.users.store import PUBLIC_PART, UserStore
from blogapi.users.trail import Trail
from blogapi.users.waiting import Waiting


def build(wiring: Wiring) -> UserService:
    """The service of people, with what hashes their passwords."""
    passwords = Passwords.configured(wiring.config)
    wiring.on_start.append(passwords.start)
    waiting = Waiting(wiring.database)
    return UserService(
        UserStore(wiring.database),
        AdminRoster(wiring.database),
        passwords,
        wiring.renderer.small,
        wiring.bus,
        wiring[SettingsService],
        wiring.config.registration.verify_email,
        Outbox(waiting, wiring[MailService], wiring.now),
        Trail(waiting, wiring[AuditService]),
        wiring.limiter,
        timedelta(days=wiring.config.privacy.grace_days),
        wiring.now,
    )


async def _hand_over_mails(users: UserService) -> int:
    return await users.outbox.hand_over()


async def _hand_over_entries(users: UserService) -> int:
    return await users.trail.hand_over()


async def _remove_unproven(users: UserService) -> int:
    return await users.registration.remove_unproven()


def checks(wiring: Wiring) -> Iterable[Check]:
    """What `doctor` looks for among people."""
    users = wiring[UserService]

    async def roster() -> AsyncIterator[Problem]:
        for user_id, is_missing in (await users.administrators.misplaced()).items():
            yield Problem(f"{user_id}: {'missing' if is_missing else 'not an administrator'}", reconcile)

    async def reconcile() -> bool:
        await users.administrators.reconcile()
        return not await users.administrators.misplaced()

    yield Check("administrators' roster", roster)


USERS = Feature(
    name="users",
    service=UserService,
    build=build,
    key=handlers.SERVICE,
    stores=(UserStore,),
    personal=(
        PersonalData(
            collection=UserStore.collection,
            found_by=("_id",),
            erase=frozenset(
                {
                    *("email", "email_key", "pending_email", "email_verified_at", "password", "outbox"),
                    *("bio", "bio_html", "links", "avatar_url", "locale", "timezone", "last_login_at"),
                    *("epoch", "unlocks", "kept_session", "keys_since", "passkeys_since"),
                    *("mfa", "erasure_at", "erasing"),
                }
            ),
            pseudonym=frozenset({"username", "username_key", "display_name", "role"}),
            keep=frozenset(
                {
                    *("_id", "version", "status", "counters", "count_moves", "changes", "public_change"),
                    *("created_at", "updated_at", "renamed_at", "invitation_id", "unlogged", "schema"),
                }
            ),
            exported=(
                *("_id", "username", "email", "email_verified_at", "pending_email.email", "display_name", "bio"),
                *("links", "avatar_url", "locale", "timezone", "role", "status", "last_login_at", "mfa.methods"),
                *("counters", "erasure_at", "created_at", "updated_at"),
            ),
            forget=UserService.forget,
        ),
        # Ids only. Whoever is erased has left it before.
        PersonalData(collection=AdminRoster.collection, keep=frozenset({"_id", "members"})),
    ),
    routes=handlers.routes,
    jobs=(
        every(10, _hand_over_mails, done="mails handed over", sooner=lambda users: users.outbox.waiting),
        every(60, _hand_over_entries, done="entries handed over to the audit log"),
        every(3600, _remove_unproven, done="accounts removed whose address nobody had confirmed"),
    ),
    checks=checks,
    measures=lambda wiring: wiring[UserService].measures(),
    shows={UserStore.collection: PUBLIC_PART},
)
