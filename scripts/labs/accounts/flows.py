"""What people do with their accounts. Each flow ends in a state that is known, whatever was cut off on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pyotp

from scripts.labs.accounts.mailbox import NoMail
from scripts.labs.accounts.person import Person, Violation, code_of, is_spent

_MAIL_SECONDS = 90
_TRIES = 6


async def register(person: Person) -> None:
    """An account, whose mail comes and confirms the address."""
    new = {"username": person.name, "email": person.email, "password": person.password}
    answer = await person.ask("POST", "/v1/auth/register", new, person.new_key())
    person.expect(answer, 201)
    await confirm(person)
    await person.sign_in()
    if (await person.me())["status"] != "active":
        raise Violation(f"{person.name}: the address was confirmed, and the account is not active")


async def confirm(person: Person) -> None:
    """Follow the link in the mail to the present address."""
    code = await person.mailbox.code(person.email, "verify-email", _MAIL_SECONDS)
    answer = await person.ask("POST", "/v1/auth/email/verify", {"token": code})
    if answer.status != 200 and not is_spent(answer):
        raise Violation(f"{person.name}: {answer.status} for the code of an address: {answer.body[:300]!r}")


async def forget_the_password(person: Person) -> None:
    """Get back in by mail. What was open before is closed then."""
    before, former, password = person.session, person.password, person.new_password()
    for _ in range(_TRIES):
        person.expect(await person.ask("POST", "/v1/auth/password/forgot", {"email": person.email}), 202)
        code = await person.mailbox.code(person.email, "reset-password", _MAIL_SECONDS)
        answer = await person.ask("POST", "/v1/auth/password/reset", {"token": code, "password": password})
        if answer.status != 204 and not is_spent(answer):
            person.expect(answer, 204)
        if answer.status == 204 or (await person.log_in(password)).status == 200:
            break
        # The second mail of a request that was sent twice is no good once the first was answered.
    else:
        raise Violation(f"{person.name}: no code of {_TRIES} was good")
    person.password = password
    await person.sign_in()
    person.expect(await person.log_in(former), 401)
    await person.must_be_out(before, "a reset of the password")


async def change_the_password(person: Person) -> None:
    """The session goes on, others end."""
    other, former, password = person.session, person.password, person.new_password()
    await person.sign_in()
    wish = {"current_password": former, "password": password}
    answer = await person.ask("POST", "/v1/auth/password/change", wish, person.session)
    # Refused is what an attempt did that was cut off.
    person.expect(answer, 204, 422)
    person.password = password
    await person.me()
    person.expect(await person.log_in(former), 401)
    await person.must_be_out(other, "a change of the password")


async def change_the_address(person: Person) -> None:
    """To the other one of two; the old one is told."""
    former = person.email
    email = f"{person.name}@example.{'net' if former.endswith('org') else 'org'}"
    await person.sign_in()  # what was shown a moment ago is fresh
    for _ in range(_TRIES):
        headers = {**person.session, "If-Match": (await person.me())["etag"]}
        answer = await person.ask("PATCH", "/v1/me", {"email": email}, headers)
        if answer.status != 412:  # it came through before
            person.expect(answer, 200)
        if (await person.me())["pending_email"] == email:
            break
    else:
        raise Violation(f"{person.name}: an address that was asked for is not waiting")
    person.email = email
    await confirm(person)
    if (await person.me())["email"] != email:
        raise Violation(f"{person.name}: the new address was confirmed and is not there")
    await person.mailbox.subject(former, "changed", _MAIL_SECONDS)


async def sign_out_everywhere(person: Person) -> None:
    """All sessions end at once."""
    other = person.session
    await person.sign_in()
    person.expect(await person.ask("POST", "/v1/auth/logout?all=true", headers=person.session), 204, 401)
    for session in (other, person.session):
        await person.must_be_out(session, "signing out everywhere")
    await person.sign_in()


async def refresh(person: Person) -> None:
    """A pair of tokens for a pair; an answer that was lost is given again."""
    body = {"refresh_token": person.tokens["refresh_token"]}
    answer = person.expect(await person.ask("POST", "/v1/auth/refresh", body), 200)
    person.tokens = answer.json()
    await person.me()


async def make_a_key(person: Person) -> None:
    """For a program, which can do something until the key is deleted."""
    await person.sign_in()
    wish = {"name": "Drill", "scopes": ["users:read"]}
    answer = await person.ask("POST", "/v1/me/api-keys", wish, {**person.session, **person.new_key()})
    if code_of(answer) == "secret_shown_once":  # in an answer that was cut off
        person.expect(await person.ask("DELETE", answer.json()["location"], headers=person.session), 204, 404)
        return
    key = person.expect(answer, 201).json()
    used = {"Authorization": f"Bearer {key['key']}"}
    person.expect(await person.ask("GET", "/v1/me", headers=used), 200)
    deleted = await person.ask("DELETE", f"/v1/me/api-keys/{key['id']}", headers=person.session)
    person.expect(deleted, 204, 404)
    await person.must_be_out(used, "the deletion of a key")


async def add_a_second_factor(person: Person) -> None:
    """An authenticator app; then a password alone opens nothing, and a recovery code is good once."""
    await person.sign_in()
    secret = person.expect(await person.ask("POST", "/v1/auth/totp", headers=person.session), 201).json()["secret"]
    wish = {"totp": pyotp.TOTP(secret).now()}
    answer = await person.ask("POST", "/v1/auth/totp/confirm", wish, person.session)
    if answer.status != 200:
        # The app is confirmed, and its recovery codes were in an answer that was cut off: there are others.
        person.expect(answer, 409)
        answer = await person.ask("POST", "/v1/auth/recovery-codes", headers=person.session)
    codes = person.expect(answer, 200, 201).json()["recovery_codes"]
    for code in codes[:_TRIES]:
        answer = await person.log_in(person.password)
        if code_of(answer) != "mfa_required" or b"access_token" in answer.body:
            raise Violation(f"{person.name}: let in without a second factor: {answer.status}")
        shown = {"flow": answer.json()["flow"], "recovery_code": code}
        answer = await person.ask("POST", "/v1/auth/mfa", shown)
        if answer.status == 200:
            break
        if not is_spent(answer):
            person.expect(answer, 200)
    else:
        raise Violation(f"{person.name}: no recovery code of {_TRIES} was good")
    person.tokens = answer.json()
    again = {"flow": (await person.log_in(person.password)).json()["flow"], "recovery_code": code}
    person.expect(await person.ask("POST", "/v1/auth/mfa", again), 422)
    person.expect(await person.ask("DELETE", "/v1/auth/totp", headers=person.session), 204, 404)
    await person.sign_in()


FLOWS: tuple[Callable[[Person], Awaitable[None]], ...] = (
    forget_the_password,
    change_the_password,
    change_the_address,
    sign_out_everywhere,
    refresh,
    make_a_key,
    add_a_second_factor,
)


async def live(person: Person, is_over: Callable[[], bool]) -> None:
    """Register, and then one flow after the other. Notes a violation and ends with it."""
    try:
        await register(person)
        person.tally.flows["register"] += 1
        while not is_over():
            flow = person.chance.choice(FLOWS)
            try:
                await flow(person)
            except (Violation, NoMail) as error:
                raise Violation(f"{flow.__name__}: {error}") from error
            person.tally.flows[flow.__name__] += 1
    except (Violation, NoMail) as error:
        person.tally.violations.append(str(error))
    finally:
        person.close()
