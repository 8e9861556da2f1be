"""Keys come, sign and go, and nobody is signed out by it, on whatever process."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest

from blogapi.audit.service import AuditService
from blogapi.audit.store import AuditStore
from blogapi.config import AuthConfig
from blogapi.config.secret import derive_key
from blogapi.errors import Conflict
from blogapi.signing.service import KeyRing
from blogapi.signing.store import SigningKeyStore
from blogapi.wiring import build_services
from tests.conftest import PASSWORD
from tests.signing.conftest import ring_of

SECRET = "a test secret that is long enough 0123456789"


async def sign_in(client):
    response = await client.post("/v1/auth/login", json={"login": "ada", "password": PASSWORD})
    return await response.json()


async def status(client, tokens):
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return (await client.get("/v1/me", headers=headers)).status


async def published(client):
    response = await client.get("/.well-known/jwks.json")
    assert response.status == 200
    return [key["kid"] for key in (await response.json())["keys"]]


def kid_of(tokens):
    return jwt.get_unverified_header(tokens["access_token"])["kid"]


async def test_key_set_has_public_keys_for_everybody_to_keep(client):
    response = await client.get("/.well-known/jwks.json")
    assert response.headers["Cache-Control"] == "public, max-age=300"
    (key,) = (await response.json())["keys"]
    assert {**key, "kid": "", "x": ""} == {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": "",
        "x": "",
    }


async def test_token_is_verified_by_the_key_set_alone(client, ada):
    keys = jwt.PyJWKSet.from_dict(await (await client.get("/.well-known/jwks.json")).json())
    key = keys[jwt.get_unverified_header(ada.access_token)["kid"]]
    claims = jwt.decode(ada.access_token, key.key, algorithms=["EdDSA"])
    assert (claims["sub"], claims["sid"]) == (ada.id, ada.session_id)


async def test_new_key_is_published_before_it_signs(client, other, ada, rotate, clock):
    before = kid_of(await sign_in(client))
    new = (await rotate()).kid
    for process in (client, other):
        await ring_of(process).refresh_key_ring()
        assert await published(process) == [new, before]
    clock.forward(minutes=9, seconds=59)
    assert kid_of(await sign_in(client)) == before
    clock.forward(seconds=1)
    assert kid_of(await sign_in(client)) == new


async def test_nobody_is_signed_out_by_a_rotation(client, other, ada, rotate, clock):
    """Neither on the process that knows of the new key, nor on one that has not read it yet."""
    old = await sign_in(client)
    await rotate()
    clock.forward(minutes=5)
    older = await sign_in(other)
    clock.forward(minutes=5)
    await ring_of(client).refresh_key_ring()
    new = await sign_in(client)
    assert kid_of(new) not in (kid_of(old), kid_of(older))
    for process in (client, other):
        assert [await status(process, tokens) for tokens in (old, older, new)] == [200, 200, 200]
        renewed = await process.post("/v1/auth/refresh", json={"refresh_token": old["refresh_token"]})
        assert renewed.status == 200


async def test_process_that_has_not_heard_of_a_rotation_signs_what_all_others_take(client, other, ada, rotate, clock):
    await published(other)
    await rotate()
    clock.forward(hours=20)
    late = await sign_in(other)
    await ring_of(client).refresh_key_ring()
    assert kid_of(late) != kid_of(await sign_in(client))
    assert await status(client, late) == 200


async def test_key_goes_when_all_of_its_tokens_have_ended(client, ada, rotate, clock):
    old = (await published(client))[0]
    new = (await rotate()).kid
    clock.forward(minutes=10, hours=24, seconds=3599)
    assert await ring_of(client).refresh_key_ring() == 0
    assert await published(client) == [new, old]
    clock.forward(seconds=1)
    assert await ring_of(client).refresh_key_ring() == 1
    await ring_of(client).refresh_key_ring()
    assert await published(client) == [new]


async def test_number_of_a_key_that_has_gone_is_not_given_again(client, rotate, clock):
    first = await rotate()
    clock.forward(days=2)
    assert await ring_of(client).refresh_key_ring() == 1
    assert (await rotate()).generation == first.generation + 1


async def test_rotation_is_not_repeated_while_a_new_key_waits(client, rotate, clock):
    await rotate()
    clock.forward(minutes=9)
    with pytest.raises(Conflict, match="already"):
        await rotate()
    clock.forward(minutes=1)
    assert (await rotate()).generation == 3


async def test_later_rotation_at_once_outdoes_an_earlier_one_that_waits(client, ada, rotate, clock):
    await rotate()
    at_once = await rotate(ahead=timedelta(0))
    await ring_of(client).refresh_key_ring()
    assert kid_of(await sign_in(client)) == at_once.kid
    clock.forward(minutes=11)
    assert kid_of(await sign_in(client)) == at_once.kid


async def test_process_whose_clock_is_late_uses_the_key_that_there_is(client, ada, clock):
    await published(client)
    clock.forward(hours=-1)
    assert await status(client, await sign_in(client)) == 200
    assert len(await published(client)) == 1


async def test_token_of_before_the_key_ring_is_good_until_it_ends(client, ada, clock):
    claims = jwt.decode(ada.access_token, options={"verify_signature": False})
    token = jwt.encode(claims, derive_key(SECRET, "access-token"), algorithm="HS256")
    assert await status(client, {"access_token": token}) == 200
    clock.forward(seconds=606)
    assert await status(client, {"access_token": token}) == 401


async def test_names_that_somebody_invents_have_the_database_asked_once_a_second(client, ada, database):
    claims = jwt.decode(ada.access_token, options={"verify_signature": False})
    key = (await ring_of(client).signer()).private
    forged = [jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": f"{n:043}"}) for n in range(50)]
    reads, start = [], time.monotonic()
    database.on_read.append(reads.append)
    answers = await asyncio.gather(*(status(client, {"access_token": token}) for token in forged))
    database.on_read.remove(reads.append)
    assert set(answers) == {401}
    assert reads.count("signing_keys") <= 1 + (time.monotonic() - start)
    assert "sessions" not in reads


async def test_who_uses_a_token_costs_one_read(client, ada, database):
    assert await status(client, {"access_token": ada.access_token}) == 200
    reads = []
    database.on_read.append(reads.append)
    assert (await client.get("/v1/me/posts", headers=ada.headers)).status == 200
    assert (await client.get("/.well-known/jwks.json")).status == 200
    database.on_read.remove(reads.append)
    assert reads == ["sessions", "posts"]


async def test_private_halves_lie_sealed_in_the_database(client, database):
    private = (await ring_of(client).signer()).private.private_bytes_raw()
    (document,) = [each async for each in database["signing_keys"].find({})]
    assert private not in bytes(document["sealed"])
    assert set(document) == {"_id", "kid", "sealed", "created_at", "signs_from", "schema"}


async def test_keys_of_another_secret_sign_nothing_and_prove_nothing(client, ada, config, database, clock, caplog):
    """As after a secret that got out: whoever has it and the database has those keys, too."""
    other = replace(config, auth=AuthConfig(secret="another secret that is long enough 012345"))
    ring = build_services(other, database, now=clock)[KeyRing]
    old, new = await ring_of(client).signer(), await ring.signer()
    assert new.generation == old.generation + 1
    assert await ring.find(old.kid) is None
    assert "another auth.secret" in caplog.text


async def test_sealed_key_is_worth_nothing_in_the_place_of_another(client, rotate, database):
    first = await ring_of(client).signer()
    second = await rotate()
    stolen = await database["signing_keys"].find_one({"_id": first.generation})
    await database["signing_keys"].update_one({"_id": second.generation}, {"$set": {"sealed": stolen["sealed"]}})
    await ring_of(client).refresh_key_ring()
    assert await published(client) == [first.kid]


@pytest.fixture
def rings(mongod_database, clock):
    """Of as many processes, none of which has read anything yet."""
    audit = AuditService(AuditStore(mongod_database), timedelta(days=1), clock)
    return [KeyRing(SigningKeyStore(mongod_database), b"k" * 32, audit, clock) for _ in range(32)]


@pytest.mark.mongod
async def test_many_processes_that_start_at_once_make_one_key(rings, mongod_database):
    signers = await asyncio.gather(*(ring.signer() for ring in rings))
    assert len({signer.kid for signer in signers}) == 1
    assert await mongod_database["signing_keys"].count_documents({}) == 1


@pytest.mark.mongod
async def test_one_of_many_rotations_at_once_wins(rings, mongod_database):
    await rings[0].signer()
    outcomes = await asyncio.gather(*(ring.rotate() for ring in rings), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(Conflict) == len(rings) - 1
    assert await mongod_database["signing_keys"].count_documents({}) == 2
