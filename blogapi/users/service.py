"""What can be done with people, and by whom."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from blogapi.access.identity import Byline, Identity, Viewer
from blogapi.audit.model import Entry
from blogapi.config import RegistrationConfig
from blogapi.counting import recount
from blogapi.db.client import new_id
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
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.limits.limiter import RateLimiter
from blogapi.mail.model import Mail
from blogapi.paging.page import Page, PageRequest
from blogapi.personal import Person
from blogapi.translation.sentence import LANGUAGES, either, say
from blogapi.users.credentials import Credentials
from blogapi.users.erasures import Erasures
from blogapi.users.mails import Outbox
from blogapi.users.model import (
    SETTABLE_STATUSES,
    ManagedProfile,
    NewUser,
    OwnProfile,
    Profile,
    ProfileChanged,
    StatusChanged,
    StoredPassword,
    User,
    UserFilter,
    email_fault,
    email_key,
    username_fault,
    username_key,
)
from blogapi.users.passwords import Passwords
from blogapi.users.registration import Registration
from blogapi.users.rights import Administrator
from blogapi.users.roster import AdminRoster
from blogapi.users.store import UserStore
from blogapi.users.trail import Trail

# Who all share one turn when bios are rendered: those who have no account before this one.
_NOBODY_YET = ""
FindViewer = Callable[[], Awaitable[Viewer]]


class UserService:
    """Accounts, profiles and bylines."""

    def __init__(
        self,
        users: UserStore,
        roster: AdminRoster,
        passwords: Passwords,
        render_bio: Callable[[str, str], Awaitable[str]],
        bus: Bus,
        registration: RegistrationConfig,
        outbox: Outbox,
        trail: Trail,
        limiter: RateLimiter,
        grace: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._users, self._roster, self._passwords = users, roster, passwords
        self.measures = passwords.measures
        self._render_bio, self._bus, self._now = render_bio, bus, now
        self.outbox, self.trail = outbox, trail
        self.registration = Registration(users, outbox, self._make, registration, now)
        self.credentials = Credentials(users, passwords, outbox, trail, limiter, self._change, now)
        self.erasures = Erasures(users, outbox, trail, bus, self._change, grace, now)

    # Making accounts

    async def create(self, by: Administrator, new: NewUser, attempt: Attempt = ONCE) -> User:
        """Make an account for somebody else. Raises Invalid, Conflict, Unavailable."""
        return await self._make(new, attempt, by=by)

    async def create_admin(self, by: Administrator, username: str, email: str, password: str) -> User:
        """Make an administrator, from the command line. Raises Invalid, Conflict, Unavailable."""
        new = NewUser(username=username, email=email, password=password, role="admin")
        return await self._make(new, ONCE, by=by, allow_reserved=True)

    def faults(self, fields: Mapping[str, Any], *, allow_reserved: bool = False) -> list[FieldError]:
        """What is wrong with the username, the e-mail address and the password of a new account, as far as given."""
        username, email, password = (fields.get(name) for name in ("username", "email", "password"))
        found = [
            None if username is None else username_fault(username, allow_reserved=allow_reserved),
            None if email is None else email_fault(email),
        ]
        if password is not None:
            found += self._passwords.faults(password, username=username or "", email=email or "")
        return [fault for fault in found if fault]

    async def _make(
        self,
        new: NewUser,
        attempt: Attempt,
        *,
        by: Administrator | None = None,
        allow_reserved: bool = False,
        status: str = "active",
        tells: str | None = None,
        is_shadow: bool = False,
        invitation_id: str | None = None,
        is_proven: bool = False,
        language: str = LANGUAGES[0],
    ) -> User:
        login = {"username": new.username, "email": new.email, "password": new.password}
        if faults := self.faults(login, allow_reserved=allow_reserved):
            raise Invalid(faults)
        now = self._now()
        user = User(
            id=attempt.resource_id or new_id(),
            username=new.username,
            username_key=username_key(new.username),
            email=new.email.strip(),
            email_key=None if is_shadow else email_key(new.email),
            password=None if new.password is None else await self._passwords.hash(new.password),
            display_name=new.display_name or new.username,
            bio=new.bio,
            bio_html=await self._render_bio(new.bio, _NOBODY_YET),
            links=new.links,
            avatar_url=new.avatar_url,
            role=new.role or self.registration.config.role,
            status=status,
            # Who has the code of an invitation reads the mailbox.
            email_verified_at=now if is_proven or invitation_id is not None else None,
            invitation_id=invitation_id,
            created_at=now,
            updated_at=now,
        )
        mails = [] if tells is None else self.outbox.mails(tells, user, to=new.email, language=language)
        if by is None:
            invited = {} if invitation_id is None else {"invitation_id": invitation_id}
            entry = self.trail.entry("user.registered", actor=None, target=user.id, **invited)
        else:
            entry = self.trail.entry("user.created", actor=by.who, target=user.id, role=user.role)
        user = await self._insert(user, attempt, mails, [entry])
        if user.is_acting_admin:
            await self._roster.add(user.id)
        return user

    async def _insert(self, user: User, attempt: Attempt, mails: Sequence[Mail], entries: Sequence[Entry]) -> User:
        try:
            await self._users.insert(user, mails, entries)
        except Conflict:
            if attempt.resource_id is None:
                raise
            try:
                # An earlier attempt at this very request got that far.
                return await self._users.get(attempt.resource_id)
            except NotFound:
                pass
            raise
        if mails:
            self.outbox.waiting.set()
        await self.trail.hand_over_soon(user.id, entries)
        return user

    async def unclaimed(self, by: Administrator, username: str, display_name: str, attempt: Attempt = ONCE) -> User:
        """The byline that an import needs: whoever has this username, or a new one without an account.

        Raises Invalid for what is no username.
        """
        fault = username_fault(username, allow_reserved=True)
        if fault:
            raise Invalid([fault])
        known = await self._users.find_by_username(username)
        if known is not None:
            return known
        now = self._now()
        user = User(
            id=attempt.resource_id or new_id(),
            username=username,
            username_key=username_key(username),
            display_name=display_name or username,
            role="author",
            status="unclaimed",
            created_at=now,
            updated_at=now,
        )
        try:
            await self._users.insert(user)
        except Conflict:
            # Of two imports at once, the slower one finds what the other one made.
            found = await self._users.find_by_username(username)
            if found is None:
                raise
            return found
        return user

    # Reading

    async def find(self, user_id: str) -> User | None:
        """Anybody; None when nobody has this id."""
        return await self._users.find(user_id)

    async def get(self, user_id: str) -> User:
        """Anybody. Raises NotFound."""
        return await self._users.get(user_id)

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
        await self._users.drop_mails(person.id)

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
            await self._leave_roster(before)
        try:
            changed = await self._users.change(before, after, self._now(), mails, entries)
        except (Stale, Conflict, NotFound):
            # Nobody else can have demoted them: that takes being the one who removes them from the roster.
            if leaves:
                await self._roster.add(before.id)
            raise
        if changed.is_acting_admin and not before.is_acting_admin:
            await self._roster.add(changed.id)
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

    async def _leave_roster(self, user: User) -> None:
        if await self._roster.leave(user.id):
            return
        if user.id in await self._roster.members():
            raise Conflict(say("The last administrator cannot be demoted, suspended or deleted."))
        raise Conflict(say("Somebody else is changing this administrator now. Read again, then retry."))

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

    def all_bylines(self) -> AsyncIterator[Byline]:
        """Everybody's byline as it is now."""
        return self._users.all_bylines()

    async def acting_admins(self) -> frozenset[str]:
        """The ids of those who can manage people now."""
        return await self._users.acting_admins()

    async def misplaced_admins(self) -> dict[str, bool]:
        """Where the roster is wrong, by id: True is missing on it, False is no administrator."""
        listed, acting = await self._roster.members(), await self._users.acting_admins()
        return {user_id: user_id in acting for user_id in sorted(listed ^ acting)}

    async def reconcile_admins(self) -> int:
        """Make the roster name those who are administrators; returns how many entries were wrong."""
        listed, acting = await self._roster.members(), await self._users.acting_admins()
        for user_id in acting - listed:
            await self._roster.add(user_id)
        if listed - acting:
            await self._roster.remove(listed - acting)
        return len(listed ^ acting)


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
