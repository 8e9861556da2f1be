"""Every operation of the OpenAPI document, with the examples that stand in it, on the demo content."""

import json

import pytest
from pyotp import TOTP

from blogapi.app import create_app
from blogapi.auth.service import AuthService
from blogapi.clock import utc_now
from blogapi.db.client import new_id
from blogapi.feature import routes_of
from blogapi.features import FEATURES
from blogapi.jobs.model import Kind
from blogapi.jobs.service import LongWork
from blogapi.mail.model import Mail
from blogapi.openapi.document import resolved
from blogapi.posts import examples
from blogapi.seeding.demo import ADMIN, create_demo
from blogapi.users.examples import NEWCOMER, NEWCOMER_EMAIL, NEWCOMER_PASSWORD
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD
from tests.contract import checked_client
from tests.openapi.test_document import document_of, operations
from tests.passkeys.authenticator import Authenticator

# There is none in the configuration, and no example could hold what it would say.
NEED_A_PROVIDER = {
    "get /v1/auth/providers/{name}/start": 404,
    "get /v1/auth/providers/{name}/callback": 404,
    "post /v1/auth/providers/{name}/finish": 404,
    "post /v1/me/providers": 422,
    "delete /v1/me/providers/{name}": 404,
}
OPERATIONS = [(method, path) for method, path, _ in operations(document_of(routes_of(FEATURES)))]


@pytest.fixture
async def demo(aiohttp_client, config, database):
    app = create_app(config, database)
    client = await checked_client(aiohttp_client, app)
    assert await create_demo(app[SERVICES], PASSWORD)
    return client


@pytest.fixture
async def document(demo):
    return await (await demo.get("/openapi.json")).json()


async def signed_in(client, login, password=PASSWORD):
    response = await client.post("/v1/auth/login", json={"login": login, "password": password})
    assert response.status == 200
    return await response.json()


def request_of(document, method, path):
    """What "Try it out" sends of an operation: its path, headers and body."""
    operation = document["paths"][path][method]
    known = {"path": {}, "header": {}, "query": {}}
    for parameter in [resolved(document, each) for each in operation["parameters"]]:
        if "example" in parameter:
            known[parameter["in"]][parameter["name"]] = parameter["example"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    return path.format(**known["path"]), known["query"], known["header"], body


async def code_for(client, letter):
    """The code of a link in a mail."""
    services = client.app[SERVICES]
    # Whatever was done before: there is nothing to be confirmed twice.
    await services.database["users"].update_one({"username": NEWCOMER}, {"$set": {"email_verified_at": None}})
    mail = Mail(id=new_id(), kind=letter, to=NEWCOMER_EMAIL, created_at=utc_now())
    written = await getattr(services[AuthService].letters, letter)(mail)
    return written.facts["link"].partition("token=")[2]


async def own_passkey(client, tokens, authenticator):
    """The id of a new one."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    options = await (await client.post("/v1/auth/passkeys/options", headers=headers)).json()
    body = {"credential": authenticator.create(options)}
    return (await (await client.post("/v1/auth/passkeys", json=body, headers=headers)).json())["id"]


async def own_body(client, path, body, tokens):
    """What an example cannot know is filled in; nobody else's secret would do."""
    if path == "/v1/auth/passkeys" and body is not None:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        options = await (await client.post("/v1/auth/passkeys/options", headers=headers)).json()
        return {**body, "credential": Authenticator().create(options)}
    if path == "/v1/auth/passkeys/login":
        await own_passkey(client, tokens, phone := Authenticator())
        options = await (await client.post("/v1/auth/passkeys/login/options")).json()
        return {**body, "credential": phone.get(options)}
    if path == "/v1/auth/email/verify":
        return {"token": await code_for(client, "verify_email")}
    if path == "/v1/auth/password/reset":
        return {**body, "token": await code_for(client, "reset_password")}
    return body


def test_example_that_nobody_can_know_says_what_to_do(document):
    """The page puts the token of its own session in its place, and tells the two apart by the blanks."""
    _, _, _, body = request_of(document, "post", "/v1/auth/refresh")
    assert body["refresh_token"].startswith("sign in on this page first")


# What needs an authenticator app, or takes one away. After each of them there is none, so that all can be tried out.
OF_APPS = ("/v1/auth/totp", "/v1/auth/totp/confirm", "/v1/auth/recovery-codes", "/v1/auth/mfa")


async def with_app(client, path, tokens, body):
    """Set up an authenticator app as far as the operation needs it, and fill in its code."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    offered = await (await client.post("/v1/auth/totp", headers=headers)).json()
    app, now = TOTP(offered["secret"]), int(utc_now().timestamp())
    if path == "/v1/auth/totp/confirm":
        return {"totp": app.at(now)}
    await client.post("/v1/auth/totp/confirm", json={"totp": app.at(now)}, headers=headers)
    if path != "/v1/auth/mfa":
        return body
    flow = await client.post("/v1/auth/login", json={"login": ADMIN, "password": PASSWORD})
    return {"flow": (await flow.json())["flow"], "totp": app.at(now + 30)}


async def without_app(client, tokens):
    """Remove it again."""
    await client.delete("/v1/auth/totp", headers={"Authorization": f"Bearer {tokens['access_token']}"})


async def somebody_who_leaves(client):
    """The tokens of a new account, and its entity tag."""
    new = {"username": "leaver", "email": "leaver@example.org", "password": PASSWORD}
    assert (await client.post("/v1/auth/register", json=new)).status == 201
    tokens = await signed_in(client, new["username"])
    me = await client.get("/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    return tokens, me.headers["ETag"]


async def attempt(client, document, method, path, tokens):
    filled, query, headers, body = request_of(document, method, path)
    body = await own_body(client, path, body, tokens)
    if (method, path) == ("delete", "/v1/me"):
        tokens, headers["If-Match"] = await somebody_who_leaves(client)  # the last administrator has to stay
    if path in OF_APPS[1:]:
        body = await with_app(client, path, tokens, body)
    if path == "/v1/auth/passkeys/{id}":
        filled = path.format(id=await own_passkey(client, tokens, Authenticator()))
    if path == "/v1/auth/refresh":
        body = {"refresh_token": tokens["refresh_token"]}  # nobody else's would do
    if path == "/v1/auth/sessions/{id}":
        filled = path.format(id=(await signed_in(client, ADMIN))["session_id"])  # each sign-in makes its own
    if path == "/v1/preview/{token}":
        filled = path.format(token=await preview_token(client, tokens))
    if path == "/v1/invitations/{id}":
        filled = path.format(id=await invited(client, tokens))  # the demo content invites nobody: that would be a mail
    if path == "/v1/jobs/{id}":
        filled = path.format(id=await started(client))
    if (method, path) == ("get", "/v1/me/export"):
        await client.post(path, headers={"Authorization": f"Bearer {tokens['access_token']}"})
    if {} not in document["paths"][path][method]["security"] and document["paths"][path][method]["security"]:
        headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return await client.request(method, filled, params=query, headers=headers, json=body, allow_redirects=False)


async def preview_token(client, tokens):
    """That of a new link."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    response = await client.post(f"/v1/posts/{examples.READ}/preview-links", headers=headers)
    return (await response.json())["token"]


async def started(client):
    """Long work that somebody asked for."""
    return (await client.app[SERVICES][LongWork].start(Kind("count", "things counted"), {}, None)).id


async def invited(client, tokens):
    """Somebody new each time."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    response = await client.post("/v1/invitations", json={"email": f"{new_id()}@example.org"}, headers=headers)
    return (await response.json())["id"]


# Who signs in has registered before.
BACKWARDS = [("post", "/v1/auth/register"), *(each for each in OPERATIONS[::-1] if each[1] != "/v1/auth/register")]


@pytest.mark.parametrize("operations", [OPERATIONS, BACKWARDS], ids=["in order", "backwards"])
async def test_example_of_every_operation_succeeds(demo, document, operations):
    """On one blog: none of them stands in the way of another."""
    admin = await signed_in(demo, ADMIN)
    answers = {}
    for method, path in operations:
        # Signing out ends the session that the others need, and these are about who has registered.
        tokens = await signed_in(demo, ADMIN) if path == "/v1/auth/logout" else admin
        if path in ("/v1/auth/password/change", "/v1/auth/reauthenticate"):
            tokens = await signed_in(demo, NEWCOMER, NEWCOMER_PASSWORD)
        response = await attempt(demo, document, method, path, tokens)
        answers[f"{method} {path}"] = response.status
        if path in OF_APPS:
            await without_app(demo, tokens)
    assert answers.pop("get /v1/posts/by-url") == 301  # it leads to the post
    for what, status in NEED_A_PROVIDER.items():
        assert answers.pop(what) == status
    assert {what: status for what, status in answers.items() if status not in (200, 201, 202, 204)} == {}


async def test_examples_change_what_they_speak_of(demo, document):
    """They are no examples of doing nothing."""
    admin = await signed_in(demo, ADMIN)
    for method, path in OPERATIONS:
        if method != "get" and "/v1/posts/{id}" in path and "preview-links" not in path:
            filled, _, headers, _ = request_of(document, method, path)
            post = f"/v1/posts/{filled.split('/')[3]}?view=working"
            before = await demo.get(post, headers={"Authorization": f"Bearer {admin['access_token']}"})
            assert before.headers["ETag"].split("-")[0] == headers["If-Match"].split("-")[0], (method, path)
            await attempt(demo, document, method, path, admin)
            after = await demo.get(post, headers={"Authorization": f"Bearer {admin['access_token']}"})
            assert after.headers["ETag"] != before.headers["ETag"], (method, path)


MERGING = [
    (method, path)
    for method, path, operation in operations(document_of(routes_of(FEATURES)))
    if any("Prefer" in json.dumps(each) for each in operation["parameters"])
]


@pytest.mark.parametrize(("method", "path"), MERGING)
async def test_change_of_an_earlier_version_can_be_merged(demo, document, method, path):
    """Here one that has been made already: it changes nothing."""
    tokens = await signed_in(demo, ADMIN)
    filled, _, _, _ = request_of(document, method, path)
    headers = {"Authorization": f"Bearer {tokens['access_token']}", "If-Match": '"999-0"', "Prefer": "merge"}
    response = await demo.request(method, filled, json={}, headers=headers)
    assert response.status == 200
    assert response.headers["Preference-Applied"] == "merge"
