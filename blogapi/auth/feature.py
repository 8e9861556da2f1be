"""The door of signing in."""

from __future__ import annotations

from datetime import timedelta

from blogapi.access.bearer import BearerToken
from blogapi.access.cookie import SessionCookie
from blogapi.audit.service import AuditService
from blogapi.auth import account_handlers, handlers, pages, passkey_handlers, session_handlers
from blogapi.auth.devices import Devices
from blogapi.auth.failures import FailedSignIns
from blogapi.auth.letters import AccountLetters
from blogapi.auth.model import Lifetime
from blogapi.auth.recovery import Recovery
from blogapi.auth.service import AuthService
from blogapi.auth.sign_in import SignIn
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
    config, now, users, limiter = wiring.config, wiring.now, wiring[UserService], wiring.limiter
    sessions, proofs, tokens = (
        SessionStore(wiring.database),
        wiring[Proofs],
        Tokens.configured(config, wiring[KeyRing], now),
    )
    audit = wiring[AuditService]
    failures = FailedSignIns(audit)
    devices = Devices(DeviceStore(wiring.database), now)
    lifetime = Lifetime(timedelta(days=config.auth.session_idle_days), timedelta(days=config.auth.session_max_days))
    second_factors, passkeys = wiring[SecondFactors], wiring[PasskeyService]
    return AuthService(
        sessions,
        users,
        tokens,
        devices,
        limiter,
        wiring[InvitationService],
        audit,
        failures,
        Recovery(users, sessions, devices, proofs, wiring[MailService], limiter, failures, wiring.bus, now),
        second_factors,
        passkeys,
        AccountLetters(users, proofs, config.link_base),
        SignIn(
            sessions, users, second_factors, passkeys, proofs, tokens, limiter, audit, failures, devices, lifetime, now
        ),
        lifetime,
        now,
    )


async def _tell_repeated_failures(auth: AuthService) -> int:
    return await auth.failures.tell_repeated()


def credentials(wiring: Wiring) -> tuple[SessionCookie, BearerToken]:
    """The kinds of credentials that a sign-in gives out."""
    auth = wiring[AuthService]
    return SessionCookie(wiring.config, auth.identify_cookie), BearerToken(auth.identify_token)


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
    mails={
        "verify_email": lambda auth, mail: auth.letters.verify_email(mail),
        "confirm_email": lambda auth, mail: auth.letters.confirm_email(mail),
        "email_changed": lambda auth, mail: auth.letters.email_changed(mail),
        "reset_password": lambda auth, mail: auth.letters.reset_password(mail),
        "already_registered": lambda auth, mail: auth.letters.already_registered(mail),
        "new_device": lambda auth, mail: auth.letters.new_device(mail),
        "password_changed": lambda auth, mail: auth.letters.password_changed(mail),
    },
    subscriptions=(
        Subscription(StatusChanged, AuthService.status_changed),
        Subscription(ErasureAsked, AuthService.erasure_asked),
        Subscription(SecondFactorShown, AuthService.factor_shown),
    ),
    credentials=credentials,
)
