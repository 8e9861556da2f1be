"""What can be done with people, and by whom."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import partial

from blogapi.access.administrator import Administrator
from blogapi.access.identity import Byline, Identity, Viewer
from blogapi.audit.model import Entry
from blogapi.counting import recount
from blogapi.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    InvalidCredentials,
    NotFound,
    Stale,
    Unavailable,
)
from blogapi.events import Bus
from blogapi.limits.limiter import RateLimiter
from blogapi.mail.model import Mail
from blogapi.paging.page import Page, PageRequest
from blogapi.personal import Person
from blogapi.settings.service import SettingsService
from blogapi.translation.sentence import either, say
from blogapi.users.administrators import Administrators
from blogapi.users.credentials import Credentials
from blogapi.users.erasures import Erasures
from blogapi.users.logins import email_key, username_fault, username_key
from blogapi.users.mails import Outbox
from blogapi.users.making import Making, RenderBio
from blogapi.users.model import (
    SETTABLE_STATUSES,
    ManagedProfile,
    OwnProfile,
    Profile,
    ProfileChanged,
    StatusChanged,
    StoredPassword,
    User,
    UserFilter,
)
from blogapi.users.passwords import Passwords
from blogapi.users.registration import Registration
from blogapi.users.roster import AdminRoster
from blogapi.users.store import UserStore
from blogapi.users.trail import Trail

FindViewer = Callable[[], Awaitable[Viewer]]


class UserService:
    """Accounts, profiles and bylines."""

    def __init__(
        self,
        users: UserStore,
        roster: AdminRoster,
        passwords: Passwords,
        render_bio: RenderBio,
        bus: Bus,
        settings: SettingsService,
        verify_email: str,
        outbox: Outbox,
        trail: Trail,
        limiter: RateLimiter,
        grace: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._users, self._passwords = users, passwords
        self.measures = passwords.measures
        self._render_bio, self._bus, self._now = render_bio, bus, now
        self.outbox, self.trail = outbox, trail
        self.administrators = Administrators(roster, users)
        self.making = Making(users, self.administrators, passwords, render_bio, outbox, trail, settings, now)
        self.registration = Registration(users, self.making, outbox, settings, verify_email, now)
        self.credentials = Credentials(users, passwords, outbox, trail, limiter, self._change, now)
        self.erasures = Erasures(users, outbox, trail, bus, self._change, grace, now)

    # Reading

    async def find(self, user_id: str) -> User | None:
        """Anybody; None when nobody has this id."""
        return await self._users.find(user_id)

    async def get(self, user_id: str) -> User:
        """Anybody. Raises NotFound."""
        return await self._users.get(user_id)

    async def find_all(self, user_ids: Iterable[str]) -> Mapping[str, User]:
        """By id, those that exist, without their secrets and the log of their changes."""
        return await self._users.find_all(user_ids)

    async def made_with(self, invitation_ids: Iterable[str]) -> Mapping[str, User]:
        """The accounts that were made with these invitations, by invitation."""
        return await self._users.made_with(invitation_ids)

    async def read(self, viewer: Viewer, user_id: str) -> User:
        """A person as far as the viewer may know of them. Raises NotFound."""
        return _visible(await self._users.find(user_id), viewer, user_id)

    async def look_up(
        self, find_viewer: FindViewer, *, user_id: str = "", username: str = "", everything: bool = False
    ) -> User:
        """A person by id, or by username in any capitals. `find_viewer` is called only where it matters who asks.

        `everything` about them is for administrators, and so are people without a public profile: others do not find
        them. Raises NotFound, and for `everything` Unauthorized and Forbidden.
        """
        if everything:
            Administrator(await find_viewer())
        user = await (self._users.find_by_username(username) if username else self._users.find(user_id))
        viewer = None if user is not None and user.is_public else await find_viewer()
        return _visible(user, viewer, username or user_id)

    async def list(self, wanted: UserFilter, page: PageRequest) -> Page[User]:
        """People who have published."""
        return await self._users.list(replace(wanted, public=True), page)

    async def list_everybody(self, by: Administrator, wanted: UserFilter, page: PageRequest) -> Page[User]:
        """All people, also those who have not published, and erased ones."""
        return await self._users.list(replace(wanted, public=False), page)

    async def find_by_login(self, login: str) -> User | None:
        """By username or e-mail address; only an address has an @."""
        if "@" in email_key(login):
            return await self._users.find_by_email(login)
        return await self._users.find_by_username(login.strip())

    async def id_of_username(self, username: str) -> str | None:
        """None when nobody has it."""
        return await self._users.id_of_username(username)

    async def bylines(
        self, user_ids: Sequence[str], *, chosen_by: Viewer = None, kept: Iterable[str] = ()
    ) -> tuple[Byline, ...]:
        """Those who are to be authors, in the same order.

        `kept` are authors already and may stay, erased ones with their neutral name. The others must exist. Unless
        `chosen_by` is an editor or None, they must also be people whose name any writer may see. Raises Invalid: one
        error for each who is unknown, with pointers below `/authors`.
        """
        if chosen_by is not None and chosen_by.byline is not None and tuple(user_ids) == (chosen_by.user_id,):
            return (chosen_by.byline,)
        found, staying = await self._users.find_all(user_ids), frozenset(kept)
        may_be = {
            user_id: user.byline
            for user_id, user in found.items()
            if user_id in staying or _may_choose(chosen_by, user)
        }
        unknown = [
            FieldError(
                pointer=f"/authors/{place}",
                code="unknown_author",
                detail=say("There is no user {user!r}.", user=user_id),
            )
            for place, user_id in enumerate(user_ids)
            if user_id not in may_be
        ]
        if unknown:
            raise Invalid(unknown)
        return tuple(may_be[user_id] for user_id in user_ids)

    async def present_bylines(self, user_ids: Iterable[str]) -> Mapping[str, Byline]:
        """By id, of those that exist, in one query; erased people have their neutral name."""
        return await self._users.bylines(user_ids)

    # Changing

    async def edit_own(self, who: Identity, user: User, wish: OwnProfile, versions: frozenset[int]) -> User:
        """Change what people say about themselves. Raises Forbidden for somebody else, Stale, Conflict."""
        if who.user_id != user.id:
            raise Forbidden(say("You can change your own account only."))
        email = None if wish.email == user.email else wish.email
        if email is not None:
            await self.credentials.check_email(who, email)
        return await self._edit(who, user, wish, versions, email=email)

    async def manage(self, by: Administrator, user: User, wish: ManagedProfile, versions: frozenset[int]) -> User:
        """Change somebody's profile, role or status.

        Raises Stale, Invalid, and Conflict for the last administrator and for people who have no account.
        """
        user.require_version(versions)
        if user.status == "erased":
            raise Conflict(say("An erased user cannot be changed."))
        if wish.status != user.status:
            if wish.status not in SETTABLE_STATUSES:
                detail = say("Can be set to {choices}.", choices=either(SETTABLE_STATUSES))
                raise Invalid.field("/status", "invalid_choice", detail, choices=list(SETTABLE_STATUSES))
            if user.status == "unclaimed":
                raise Conflict(
                    say("This user is the author of imported posts and has no account to suspend or activate.")
                )
        return await self._edit(by.who, user, wish, versions)

    async def unlock(self, by: Administrator, user_id: str) -> None:
        """End a lock-out, at once and on every process. Raises NotFound."""
        user = await self._users.get(user_id)
        entry = self.trail.entry("user.unlocked", actor=by.who, target=user.id)
        await self._users.unlock(user.id, entry)
        await self.trail.hand_over_soon(user.id, [entry])

    async def erase(self, by: Administrator, user_id: str) -> User:
        """Remove everything that tells who somebody was. Their posts stay, with a neutral byline.

        Raises NotFound, and Conflict for the last administrator.
        """
        user = await self._users.get(user_id)
        entry = self.trail.entry("user.erased", actor=by.who, target=user_id)
        while user.status != "erased":
            try:
                return await self._change(user, user.erased(self._now()), entries=[entry])
            except Stale as error:
                user = error.current
        return await self._tell_again(user)

    async def forget(self, person: Person) -> None:
        """Remove what may stand in the document of an erased user beside what `User` says of them."""
        await self.outbox.drop(person.id)

    async def _edit(
        self, who: Viewer, user: User, wish: Profile, versions: frozenset[int], *, email: str | None = None
    ) -> User:
        user.require_version(versions)
        if username_key(wish.username) != user.username_key:
            fault = username_fault(wish.username)
            if fault is not None:
                raise Invalid([fault])
        wished = {field.name: getattr(wish, field.name) for field in fields(wish) if field.name != "email"}
        after = replace(user, **wished, username_key=username_key(wish.username))
        if after.bio != user.bio:
            after = replace(after, bio_html=await self._render_bio(after.bio, user.id))
        after, mails = (after, ()) if email is None else self.credentials.with_email(after, email)
        if after == user:
            return await self._tell_again(user)
        return await self._change(user, after, mails, self.trail.of_edit(who, user, after))

    async def _tell_again(self, user: User) -> User:
        # Nothing is new. This may be the retry of a change whose events did not reach all subscribers.
        if user.status in ("suspended", "erased"):
            await self._bus.publish(StatusChanged(user_id=user.id, status=user.status))
        await self._bus.publish(ProfileChanged(byline=user.byline))
        return user

    async def _change(
        self, before: User, after: User, mails: Sequence[Mail] = (), entries: Sequence[Entry] = ()
    ) -> User:
        leaves = before.is_acting_admin and not after.is_acting_admin
        if leaves:
            await self.administrators.leave(before)
        try:
            changed = await self._users.change(before, after, self._now(), mails, entries)
        except (Stale, Conflict, NotFound):
            # Nobody else can have demoted them: that takes being the one who removes them from the roster.
            if leaves:
                await self.administrators.join(before)
            raise
        if changed.is_acting_admin and not before.is_acting_admin:
            await self.administrators.join(changed)
        if mails:
            self.outbox.waiting.set()
        await self.trail.hand_over_soon(changed.id, entries)
        if changed.erasing is not None:
            self.erasures.waiting.set()
        if changed.status != before.status and (before.status, changed.status) != ("unverified", "active"):
            await self._bus.publish(StatusChanged(user_id=changed.id, status=changed.status))
        if changed.byline != before.byline:
            await self._bus.publish(ProfileChanged(byline=changed.byline))
        return changed

    # For other services

    async def prove(self, user: User | None, password: str) -> User:
        """The user, if this is their password and they may sign in. None stands for nobody.

        Every failure says the same and takes one hash. Raises InvalidCredentials, Unavailable.
        """
        stored = user.password if user is not None and self.registration.may_sign_in(user.status) else None
        if not await self._passwords.verify(password, stored) or user is None or stored is None:
            raise InvalidCredentials
        return await self._hashed_as_new_ones(user, password, stored)

    async def _hashed_as_new_ones(self, user: User, password: str, stored: StoredPassword) -> User:
        if not self._passwords.is_outdated(stored):
            return user
        try:
            stronger = await self._passwords.hash(password)
        except Unavailable:
            return user  # it can wait for the next sign-in
        changed = await self._users.replace_hash(user, stronger)
        if changed is None:
            raise InvalidCredentials
        return changed

    async def record_sign_in(self, user: User, mails: Sequence[Mail] = ()) -> User:
        """Note that somebody signs in who has shown who they are, with the mails that tell them of it.

        It calls off their erasure. Raises InvalidCredentials when they may not, or when their password was changed
        since they were looked up.
        """
        if not self.registration.may_sign_in(user.status):
            raise InvalidCredentials
        signed_in = await self._users.record_sign_in(user, self._now(), mails)
        if signed_in is None:
            raise InvalidCredentials
        if mails:
            self.outbox.waiting.set()
        return await self.erasures.call_off(signed_in)

    async def add_to_posts_count(self, user_ids: Iterable[str], delta: int) -> None:
        """Count public posts in or out."""
        await self._users.add_to_posts_count(user_ids, delta)

    async def recount_posts(
        self, user_id: str, count: Callable[[], Awaitable[int]], is_moving: Callable[[], Awaitable[bool]]
    ) -> bool:
        """Count anew and correct the count; False when others change it too often just now."""
        see, correct = partial(self._users.posts_count, user_id), partial(self._users.correct_posts_count, user_id)
        return await recount(see, count, is_moving, correct)

    async def renamed_before(self, moment: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """The people whose byline changed before then and is not shown everywhere yet, with the time of the change."""
        return await self._users.renamed_before(moment, limit)

    async def settle_rename(self, user_id: str, renamed_at: datetime) -> None:
        """Note that all posts show the byline of that time, or a later one."""
        await self._users.settle_rename(user_id, renamed_at)

    # For `doctor`

    def posts_counts(self) -> AsyncIterator[tuple[str, int]]:
        """Everybody's id with the count of public posts."""
        return self._users.posts_counts()

    def with_method(self, method: str) -> AsyncIterator[str]:
        """The ids of those of whom this second factor is noted."""
        return self._users.with_method(method)

    def all_bylines(self) -> AsyncIterator[Byline]:
        """Everybody's byline as it is now."""
        return self._users.all_bylines()


def _visible(user: User | None, viewer: Viewer, asked_for: str) -> User:
    if user is None or not (user.is_public or (viewer is not None and viewer.is_admin)):
        raise NotFound(say("There is no user {user!r}.", user=asked_for))
    return user


def _may_choose(who: Viewer, user: User) -> bool:
    if user.status == "erased":
        return False
    return who is None or who.is_editor or who.user_id == user.id or user.is_offered_as_author


def acting_as(user: User) -> Identity:
    """The identity with which the command line acts for somebody."""
    return Identity(user_id=user.id, role=user.role)
