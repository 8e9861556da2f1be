"""A person who leaves every kind of trace that there is. Whoever adds a feature adds what people do with it."""

from __future__ import annotations

from dataclasses import dataclass

from blogapi.access.administrator import as_operator
from blogapi.access.identity import Identity
from blogapi.invitations.model import NewInvitation
from blogapi.invitations.service import InvitationService
from blogapi.jobs.model import Kind
from blogapi.jobs.service import LongWork
from blogapi.mail.service import MailService
from blogapi.privacy.service import PrivacyService
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD, with_etag
from tests.passkeys.authenticator import Authenticator
from tests.providers.conftest import Browser

USERNAME, EMAIL, NEW_EMAIL = "lovelace_15", "countess@ockham.example", "ada@somerset.example"
DISPLAY_NAME, BIO, LABEL, DEVICE = "Augusta King", "Born in Piccadilly", "My engine", "Loom/1843"
AVATAR, LINK = "https://portraits.example/carpenter.png", "https://engine.example/notes"
# What tells who she was. Her own texts are hers to keep.
WORDS = (USERNAME, EMAIL, NEW_EMAIL, DISPLAY_NAME, BIO, LABEL, DEVICE, AVATAR, LINK)
# In the texts of posts, where nobody erases anything.
TEXT = f"{DISPLAY_NAME} ({EMAIL}) wrote this."


@dataclass
class Life:
    """What can be done with her account."""

    client: object
    id: str
    headers: dict[str, str]
    post_id: str

    async def sign_in(self, login=USERNAME, status=200):
        """Sign in, as somebody who has been there before does."""
        response = await self.client.post("/v1/auth/login", json={"login": login, "password": PASSWORD})
        assert response.status == status, await response.text()
        if status == 200:
            self.headers = {"Authorization": f"Bearer {(await response.json())['access_token']}"}
        return response

    async def me(self):
        return await with_etag(await self.client.get("/v1/me", headers=self.headers))


async def live(client, editor) -> Life:
    """Register, sign in, write, and ask for all that one can ask for."""

    async def done(method, url, status=200, **options):
        response = await client.request(method, url, **options)
        assert response.status == status, await response.text()
        return await with_etag(response) if status in (200, 201) else None

    services = client.app[SERVICES]
    for address in (EMAIL, NEW_EMAIL):
        await services[InvitationService].create(as_operator(), NewInvitation(email=address))
    await services[InvitationService].hand_over()
    once = {"Idempotency-Key": "registering"}
    new = {"username": USERNAME, "email": EMAIL, "password": PASSWORD, "display_name": DISPLAY_NAME}
    user = await done("POST", "/v1/auth/register", 201, json=new, headers=once)
    life = Life(client, user["id"], {}, "")
    for agent in (DEVICE, f"{DEVICE} mobile"):
        login = {"login": EMAIL.title(), "password": PASSWORD}
        answer = await done("POST", "/v1/auth/login", json=login, headers={"User-Agent": agent})
        headers = life.headers = {"Authorization": f"Bearer {answer['access_token']}", "User-Agent": DEVICE}
    profile = {"bio": BIO, "links": [{"label": LABEL, "url": LINK}], "avatar_url": AVATAR, "email": NEW_EMAIL}
    profile |= {"locale": "en", "timezone": "Europe/London"}
    await done("PATCH", "/v1/me", json=profile, headers={**headers, "If-Match": (await life.me())["etag"]})
    await done("POST", "/v1/me/api-keys", 201, json={"name": LABEL, "scopes": []}, headers=headers)
    await done("POST", "/v1/auth/totp", 201, headers=headers)
    passkey = Authenticator().create(await done("POST", "/v1/auth/passkeys/options", headers=headers))
    await done("POST", "/v1/auth/passkeys", 201, json={"credential": passkey, "name": LABEL}, headers=headers)
    browser = Browser(client)
    body = {"code": await browser.code(), "verifier": browser.verifier}
    await done("POST", "/v1/me/providers", 201, json=body, headers=headers)
    await services[UserService].outbox.hand_over()
    await services[MailService].deliver()
    for address in (EMAIL.upper(), NEW_EMAIL):
        await done("POST", "/v1/auth/password/forgot", 202, json={"email": address})

    async def write(by, name, more):
        key = {**by, "Idempotency-Key": name.replace(" ", "-")}
        post = await done("POST", "/v1/posts", 201, json={"title": name, "body": TEXT, **more}, headers=key)
        at = f"/v1/posts/{post['id']}"
        post = await done("PATCH", at, json={"body": f"{TEXT} Twice."}, headers={**by, "If-Match": post["etag"]})
        if name != "Draft":
            key = {**by, "If-Match": post["etag"], "Idempotency-Key": f"publish-{name[:4]}"}
            post = await done("POST", f"{at}/publish", json={}, headers=key)
        await done("PATCH", at, json={"body": f"{TEXT} Thrice."}, headers={**by, "If-Match": post["etag"]})
        return post["id"]

    async def schedule(post_id, verb):
        post = await done("GET", f"/v1/posts/{post_id}?view=working", headers=headers)
        at, key = {"at": "2100-01-01T00:00:00Z"}, {**headers, "If-Match": post["etag"]}
        await done("POST", f"/v1/posts/{post_id}/{verb}", json=at, headers=key)

    life.post_id = await write(headers, "Note G", {"tags": ["engines"]})
    await schedule(life.post_id, "unpublish")
    await schedule(await write(headers, "Draft", {}), "publish")
    await done("POST", f"/v1/posts/{life.post_id}/preview-links", 201, headers=headers)
    await write(editor.headers, "Together", {"authors": [editor.id, life.id]})
    await done("POST", "/v1/me/export", 202, headers=headers)
    await services[PrivacyService].exports.make()
    await services[LongWork].start(Kind("count", "things counted"), {}, Identity(user_id=life.id, role="author"))
    return life
