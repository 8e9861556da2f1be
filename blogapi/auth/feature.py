"""The door of signing in."""

from __future__ import annotations

from datetime import timedelta

from blogapi.access.bearer import BearerToken
from blogapi.access.cookie import SessionCookie
from blogapi.audit.service import AuditService
from blogapi.auth import account_handlers, handlers, pages, passkey_handlers, session_handlers
from blogapi.auth.devices import Devices
from blogapi.auth.failures import FailedSignIns
from blogapi.auth.guesses import Guesses
from blogapi.auth.letters import MAILS, AccountLetters
from blogapi.auth.live import LiveSessions
from blogapi.auth.model import SessionLimits
from blogapi.auth.opening import Opening
from blogapi.auth.reauthenticating import Reauthenticating
from blogapi.auth.recovery import Recovery
from blogapi.auth.refreshing import Refreshing
from blogapi.auth.service import AuthService
from blogapi.auth.sessions import Sessions
from blogapi.auth.sign_in import SignIn
from blogapi.auth.sign_up import SignUp
from blogapi.auth.store import DeviceStore, SessionStore
from blogapi.auth.tokens import Tokens
from blogapi.feature import Feature, Subscription, Wiring
from blogapi.invitations.service import InvitationService
from blogapi.jobs.runner import every
from blogapi.mail.service import MailService
from blogapi.passkeys.service import PasskeyService
from blogapi.personal import PersonalData
from blogapi.proofs.service import Proofs
from blogapi.second_factors.model import SecondFactorShown
from blogapi.second_factors.service import SecondFactors
from blogapi.signing.service import KeyRing
from blogapi.users.model import ErasureAsked, StatusChanged
from blogapi.users.service import UserService


def build(wiring: Wiring) -> AuthService:
    """The service of sessions and of what gets people back into one."""
    config, now, users, limiter, audit = (
        wiring.config,
        wiring.now,
        wiring[UserService],
        wiring.limiter,
        wiring[AuditService],
    )
    sessions, devices = SessionStore(wiring.database), Devices(DeviceStore(wiring.database), now)
    tokens, proofs = Tokens.configured(config, wiring[KeyRing], now), wiring[Proofs]
    second_factors, passkeys = wiring[SecondFactors], wiring[PasskeyService]
    limits = SessionLimits(
        idle=timedelta(days=config.auth.session_idle_days),
        longest=timedelta(days=config.auth.session_max_days),
        most=config.auth.max_sessions,
    )
    failures = FailedSignIns(audit)
    wiring.on_stop.append(failures.close)
    guesses = Guesses(users, devices, limiter, failures, audit)
    opening = Opening(sessions, users, devices, tokens, limiter, audit, limits, now)
    live = LiveSessions(sessions, tokens, second_factors, limits, now)
    recovery = Recovery(users, sessions, devices, proofs, wiring[MailService], limiter, guesses, wiring.bus, now)
    return AuthService(
        sign_up=SignUp(users, wiring[InvitationService], limiter),
        sign_in=SignIn(users, second_factors, passkeys, proofs, guesses, opening),
        live=live,
        refreshing=Refreshing(live, sessions, tokens, audit, limits, now),
        reauthenticating=Reauthenticating(sessions, tokens, recovery, second_factors, passkeys, guesses, now),
        sessions=Sessions(sessions, devices, users, audit, now),
        recovery=recovery,
        letters=AccountLetters(users, proofs, config.link_base),
        failures=failures,
    )


async def _tell_repeated_failures(auth: AuthService) -> int:
    return await auth.failures.tell_repeated()


def credentials(wiring: Wiring) -> tuple[SessionCookie, BearerToken]:
    """The kinds of credentials that a sign-in gives out."""
    auth = wiring[AuthService]
    return SessionCookie(wiring.config, auth.live.identify_cookie), BearerToken(auth.live.identify_token)


AUTH = Feature(
    name="auth",
    service=AuthService,
    build=build,
    key=handlers.SERVICE,
    stores=(SessionStore, DeviceStore),
    personal=(
        PersonalData(
            collection=SessionStore.collection,
            found_by=("user_id",),
            exported=("kind", "device", "ip", "factors", "created_at", "last_seen_at", "expires_at"),
        ),
        PersonalData(collection=DeviceStore.collection, found_by=("user_id",)),
    ),
    routes=(
        *handlers.routes,
        *session_handlers.routes,
        *account_handlers.routes,
        *passkey_handlers.routes,
        *pages.routes,
    ),
    jobs=(every(60, _tell_repeated_failures, done="audit entries written about repeated failures to sign in"),),
    mails=dict.fromkeys(MAILS, AuthService.letter),
    subscriptions=(
        Subscription(StatusChanged, AuthService.status_changed),
        Subscription(ErasureAsked, AuthService.erasure_asked),
        Subscription(SecondFactorShown, AuthService.factor_shown),
    ),
    credentials=credentials,
)
