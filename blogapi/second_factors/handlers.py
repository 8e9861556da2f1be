"""An authenticator app and recovery codes over HTTP. API keys are not accepted."""

from __future__ import annotations

from aiohttp import hdrs, web

from blogapi.access.credentials import signed_in
from blogapi.access.needs import SIGNED_IN
from blogapi.second_factors.model import RecoveryCodes
from blogapi.second_factors.schemas import RECOVERY_CODES, SHOWN_TOTP, ConfirmTotpSchema
from blogapi.second_factors.service import SecondFactors
from blogapi.web.endpoint import Reply, endpoint

routes = web.RouteTableDef()
SERVICE: web.AppKey[SecondFactors] = web.AppKey("second_factors", SecondFactors)


def second_factors(request: web.Request) -> SecondFactors:
    """The service of this feature."""
    return request.config_dict[SERVICE]


@routes.post("/v1/auth/totp")
@endpoint(needs=SIGNED_IN, before_second_factor=True, returns=SHOWN_TOTP, status=201, also=(409,))
async def offer_totp(request: web.Request) -> Reply:
    """Begin to set up an authenticator app: get a secret for it.

    You have to have shown who you are within the last ten minutes: sign in, or `POST /v1/auth/reauthenticate`. The
    secret does nothing until a code confirms it, and is forgotten after 15 minutes.
    """
    shown = await second_factors(request).offer_totp(signed_in(request))
    return Reply(result=shown, headers={hdrs.LOCATION: "/v1/auth/totp"})


@routes.post("/v1/auth/totp/confirm")
@endpoint(needs=SIGNED_IN, before_second_factor=True, body=ConfirmTotpSchema, returns=RECOVERY_CODES, also=(409,))
async def confirm_totp(request: web.Request, wish: dict[str, str]) -> RecoveryCodes:
    """Confirm the authenticator app with a code. From now on each sign-in with a password needs one.

    The answer holds ten recovery codes, for when the app is lost. Sessions that are open stay open.
    """
    return await second_factors(request).confirm_totp(signed_in(request), wish["totp"])


@routes.delete("/v1/auth/totp")
@endpoint(needs=SIGNED_IN, status=204)
async def remove_totp(request: web.Request) -> None:
    """Remove your authenticator app and your recovery codes."""
    await second_factors(request).remove_totp(signed_in(request))


@routes.post("/v1/auth/recovery-codes")
@endpoint(needs=SIGNED_IN, returns=RECOVERY_CODES, also=(409,))
async def renew_recovery_codes(request: web.Request) -> RecoveryCodes:
    """Get ten new recovery codes. Those of before are void.

    How many are left says `mfa` in `GET /v1/me`.
    """
    return await second_factors(request).renew_recovery_codes(signed_in(request))
