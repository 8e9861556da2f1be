"""Signing in with accounts elsewhere, and linking them. What is whose, and who may.

The order of writes: a code is spent first, then an account is made, then the link, then the session. Whoever is cut off
between two of them begins again, and finds what was made: the account by its verified address, the link by its account.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from urllib.parse import urlencode

from blogapi.access.identity import Identity
from blogapi.audit.model import Actor
from blogapi.audit.service import AuditService
from blogapi.auth.model import PROVIDER, SessionRequest, SignedIn
from blogapi.auth.service import AuthService
from blogapi.db.client import new_id
from blogapi.errors import BlogError, CodeInvalid, Conflict, InvalidCredentials, NotFound, Unavailable
from blogapi.limits.limiter import RateLimiter
from blogapi.mail.model import Letter, Mail
from blogapi.mail.service import MailService
from blogapi.paging.page import Page, PageRequest, Position
from blogapi.providers.client import OpenIdProvider
from blogapi.providers.cookie import FlowCookie
from blogapi.providers.flows import Flows
from blogapi.providers.model import (
    Account,
    AlreadyLinked,
    Answer,
    Flow,
    LastSignInMethod,
    Leaving,
    LinkRequired,
    NamedLink,
    Provider,
    ProviderDenied,
    ProviderFailed,
    ProviderLink,
    ProviderUnavailable,
    Step,
)
from blogapi.providers.store import LinkStore
from blogapi.second_factors.letters import FactorLetters
from blogapi.translation.sentence import say
from blogapi.users.logins import email_fault, is_same_mailbox
from blogapi.users.model import PasswordReset, User
from blogapi.users.service import UserService
from blogapi.web.networks import limit_key

# Each attempt that others overtake finds what they have made, so two would do.
_ATTEMPTS = 5
MAILS = PROVIDER_LINKED, PROVIDER_UNLINKED = "provider_linked", "provider_unlinked"
log = logging.getLogger("blogapi.providers")


class ProviderService:
    """What people can do with the providers of the configuration."""

    def __init__(
        self,
        providers: Iterable[OpenIdProvider],
        links: LinkStore,
        flows: Flows,
        users: UserService,
        auth: AuthService,
        cookie: FlowCookie,
        limiter: RateLimiter,
        audit: AuditService,
        mail: MailService,
        letters: FactorLetters,
        now: Callable[[], datetime],
    ) -> None:
        self._providers = {known.provider.name: known for known in sorted(providers, key=lambda of: of.provider.name)}
        self._by_issuer = {known.issuer: known.provider for known in self._providers.values()}
        self._links, self._flows, self._users, self._auth = links, flows, users, auth
        self.cookie, self._limiter, self._now = cookie, limiter, now
        self._audit, self._mail, self._letters = audit, mail, letters

    async def letter(self, mail: Mail) -> Letter | None:
        """What a mail about a link to a provider says when it is sent."""
        return await self._letters.write(mail)

    def list(self, page: PageRequest) -> Page[Provider]:
        """All of them, by name."""
        names = [name for name in self._providers if page.after is None or name > str(page.after.value)]
        shown = [self._providers[name].provider for name in names[: page.limit]]
        return Page(
            items=shown,
            position_of=lambda place: Position(shown[place].name, shown[place].name),
            next=Position(shown[-1].name, shown[-1].name) if len(names) > page.limit else None,
            total=len(self._providers) if page.count else None,
        )

    def check(self, name: str) -> None:
        """Raises NotFound where there is no provider of this name."""
        self._known(name)

    # Through the browser

    async def start(self, name: str, redirect: str, challenge: str, cookie: str, address: str) -> Step:
        """Where somebody goes who wants to sign in. Raises NotFound, RateLimited, Unavailable."""
        provider = self._known(name)
        await self._limiter.hit("sign_in_address", limit_key(address))
        flow, state = await self._flows.begin(name, redirect, challenge)
        try:
            url = await provider.authorization_url(flow, state)
        except (ProviderFailed, ProviderUnavailable) as error:
            return Step(url=_back(flow, error=_told(provider, error)), cookie=cookie)
        return Step(url=url, cookie=self._flows.remembered(flow, cookie))

    async def arrive(self, name: str, answer: Answer, cookie: str) -> Step:
        """Where somebody goes on who comes back from the provider: to their front end, with a code or with an error.

        Raises NotFound, and CodeInvalid for what did not begin in this browser.
        """
        provider = self._known(name)
        flow, rest = self._flows.find(name, answer.state, cookie)
        if flow is None:
            raise CodeInvalid("/state")
        try:
            await self._flows.spend_state(flow, answer.state)
            account = await provider.account(flow, answer)
        except (CodeInvalid, ProviderDenied, ProviderFailed, ProviderUnavailable) as error:
            return Step(url=_back(flow, error=_told(provider, error)), cookie=rest)
        return Step(url=_back(flow, code=await self._flows.code_for(account, flow.challenge)), cookie=rest)

    # With the code

    async def finish(self, name: str, code: str, verifier: str, wanted: SessionRequest) -> SignedIn:
        """A session for who has signed in at the provider. At the first time an account is linked or made for them.

        Raises NotFound, CodeInvalid, LinkRequired, AlreadyLinked, Forbidden, InvalidCredentials, MfaRequired,
        RateLimited, Unavailable.
        """
        provider = self._known(name)
        await self._limiter.hit("sign_in_address", limit_key(wanted.caller.address))
        account = await self._flows.redeem(code, verifier)
        if account.issuer != provider.issuer:
            raise CodeInvalid("/code")
        user = await self._user_of(account, wanted.caller.language)
        return await self._auth.sign_in.open(user, (PROVIDER,), wanted)

    async def link(self, who: Identity, code: str, verifier: str, language: str) -> NamedLink:
        """Have somebody sign in with this account from now on. Doing it again changes nothing.

        Raises ReauthenticationRequired, CodeInvalid, AlreadyLinked.
        """
        who.require_fresh(self._now())
        account = await self._flows.redeem(code, verifier)
        provider = self._by_issuer.get(account.issuer)
        if provider is None:
            raise CodeInvalid("/code")
        user = await self._users.get(who.user_id)
        for _ in range(_ATTEMPTS):
            known = await self._good_link(account)
            if known is not None and known[0].user_id != user.id:
                raise AlreadyLinked(say("This account at the provider belongs to somebody else here."))
            link = known[0] if known is not None else None
            if link is None:
                link = await self._link(user, account, who.epoch, Actor.of(who), language)
            if link is not None:
                return NamedLink(link=link, provider=provider)
        raise Unavailable

    async def links(self, who: Identity, page: PageRequest) -> Page[NamedLink]:
        """With which accounts somebody signs in, newest first."""
        user = await self._users.get(who.user_id)
        found = await self._links.list(user, self._by_issuer, page)
        items = [NamedLink(link=link, provider=self._by_issuer[link.issuer]) for link in found.items]
        return Page(items=items, position_of=found.position_of, next=found.next, total=found.total)

    async def unlink(self, who: Identity, name: str, language: str) -> None:
        """Raises ReauthenticationRequired, NotFound, and LastSignInMethod where nobody could sign in without it.

        Of two that are removed at once, each sees that the other one is leaving: both may stay, never do both go.
        """
        who.require_fresh(self._now())
        issuer, user = self._known(name).issuer, await self._users.get(who.user_id)
        leaving = Leaving(id=new_id(), at=self._now())
        link = await self._links.begin_leaving(user, issuer, leaving)
        if link is None:
            raise NotFound(say("Your account is not linked to {name}.", name=name))
        others = await self._links.all_of(user, [known for known in self._by_issuer if known != issuer])
        if user.password is None and all(other.is_leaving(self._now()) for other in others):
            await self._links.stay(link, leaving)
            raise LastSignInMethod
        await self._tell(PROVIDER_UNLINKED, user, leaving.id, language)
        await self._audit.record("provider.unlinked", actor=who, target=user.id, once=link.id, provider=name)
        await self._links.delete(link)

    async def password_reset(self, event: PasswordReset) -> None:
        """Remove links of before, which are good for nothing any more."""
        user = await self._users.find(event.user_id)
        if user is not None:
            await self._links.delete_before(user.id, user.keys_since)

    # Whose account it is

    async def _user_of(self, account: Account, language: str) -> User:
        for _ in range(_ATTEMPTS):
            known = await self._good_link(account)
            if known is not None:
                return known[1]
            try:
                known_user = await self._by_address(account)
                user = known_user or await self._newcomer(account)
            except Conflict as error:
                if error.code != "email_taken":
                    raise
                continue  # somebody was first, with the same account probably
            # Who comes for the first time knows what they have just done.
            told_in = None if known_user is None else language
            if await self._link(user, account, user.epoch, Actor.by_provider(user.id), told_in) is not None:
                return user
        raise Unavailable

    async def _good_link(self, account: Account) -> tuple[ProviderLink, User] | None:
        """The link of an account with its user. One that is good for nothing any more is removed."""
        link = await self._links.find(account.issuer, account.subject)
        if link is None:
            return None
        user = await self._users.find(link.user_id)
        if user is None or user.status == "erased" or link.epoch < user.keys_since:
            await self._links.delete(link)
            return None
        return link, user

    async def _link(
        self, user: User, account: Account, epoch: int, actor: Actor, language: str | None
    ) -> ProviderLink | None:
        """A new link, of which the user is told in this language. None when somebody was faster. Raises AlreadyLinked.

        `epoch` is that in which the user has shown who they are: after a reset by mail since then, the link is good for
        nothing.
        """
        other = await self._links.find_of(user.id, account.issuer)
        if other is not None and other.subject != account.subject:
            if other.epoch >= user.keys_since:
                # An address that a provider has given to somebody else must not open what was the first one's.
                detail = say("The account here is linked to another account of this provider. Remove that link first.")
                raise AlreadyLinked(detail)
            await self._links.delete(other)
        link = ProviderLink(
            id=new_id(),
            user_id=user.id,
            issuer=account.issuer,
            subject=account.subject,
            email=account.email,
            epoch=epoch,
            linked_at=self._now(),
        )
        if language is not None:
            await self._tell(PROVIDER_LINKED, user, link.id, language)
        name = self._by_issuer[account.issuer].name
        await self._audit.record("provider.linked", actor=actor, target=user.id, provider=name)
        return link if await self._links.insert(link) else None

    async def _by_address(self, account: Account) -> User | None:
        """Who has shown here, as they did there, that the address is theirs. None for an address that is nobody's.

        Raises LinkRequired, InvalidCredentials.
        """
        email = account.proven_email
        if email is None or email_fault(email) is not None:
            raise LinkRequired(
                say("The provider does not confirm your e-mail address. Sign in another way, then link the provider.")
            )
        user = await self._users.find_by_login(email)
        if user is None:
            return None
        if user.email_verified_at is None or not is_same_mailbox(user.email or "", email):
            # Anybody can register with an address that is not theirs, and wait for its owner to move in.
            raise LinkRequired(
                say(
                    "There is an account with your e-mail address, but the address has not been confirmed here. Sign in"
                    " with the password and link the provider, or ask for a new password by mail."
                )
            )
        if not self._users.registration.may_sign_in(user.status):
            raise InvalidCredentials
        return user

    async def _newcomer(self, account: Account) -> User:
        """An account for somebody who has none. Raises Forbidden, Conflict, Unavailable."""
        return await self._users.registration.register_proven(
            account.proven_email or "", wishes=_wishes(account), display_name=account.name
        )

    async def _tell(self, kind: str, user: User, mail_id: str, language: str) -> None:
        """Before the change: a mail about nothing is harmless, and a change without its mail is not."""
        mail = Mail(id=mail_id, kind=kind, user_id=user.id, language=language, created_at=self._now())
        await self._mail.queue(mail)

    def _known(self, name: str) -> OpenIdProvider:
        provider = self._providers.get(name)
        if provider is None:
            raise NotFound(say("There is no provider {name!r}.", name=name))
        return provider


def _wishes(account: Account) -> Sequence[str]:
    """What a username could be made of. Never of an e-mail address, which is nobody's to publish."""
    return [text for text in (account.username, account.name) if text and "@" not in text]


def _back(flow: Flow, **parameters: str) -> str:
    return f"{flow.redirect}{'&' if '?' in flow.redirect else '?'}{urlencode(parameters)}"


def _told(provider: OpenIdProvider, error: BlogError) -> str:
    """The code that the front end is told, and a line for who runs this server."""
    if isinstance(error, ProviderFailed):
        log.warning("sign-in with %s failed: %s", provider.provider.name, error.reason)
    elif isinstance(error, ProviderUnavailable):
        log.warning("sign-in with %s failed: it cannot be reached", provider.provider.name)
    return error.code
