import asyncio
from dataclasses import replace
from functools import partial

import pytest
from bson import ObjectId

from blogapi.access.administrator import as_operator
from blogapi.errors import Conflict, Invalid, NotFound, Stale
from blogapi.users.model import ProfileChanged
from blogapi.users.service import acting_as
from blogapi.users.store import UserStore
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD, matching, until, with_etag
from tests.contract import faults

NEW = {"username": "grace", "email": "grace@example.org", "password": "correct horse battery"}


async def read(client, admin, person):
    return await with_etag(await client.get(f"/v1/users/{person.id}?view=admin", headers=admin.headers))


async def manage(client, admin, person, **changes):
    headers = matching(admin, await read(client, admin, person))
    return await client.patch(f"/v1/users/{person.id}", json=changes, headers=headers)


async def erase(client, admin, person):
    return await client.delete(f"/v1/users/{person.id}", headers=admin.headers)


async def test_admin_makes_an_account(client, admin):
    response = await client.post("/v1/users", json={**NEW, "role": "editor", "bio": "Hi."}, headers=admin.headers)
    assert response.status == 201
    user = await response.json()
    assert (user["role"], user["status"], user["bio"]) == ("editor", "active", "Hi.")
    there = await client.get(response.headers["Location"], headers=admin.headers)
    assert await there.json() == user
    assert there.headers["ETag"] == response.headers["ETag"]


async def test_account_that_an_admin_made_can_sign_in(client, admin):
    await client.post("/v1/users", json=NEW, headers=admin.headers)
    response = await client.post("/v1/auth/login", json={"login": "grace", "password": NEW["password"]})
    assert response.status == 200


async def test_same_key_makes_one_account(client, admin):
    headers = {**admin.headers, "Idempotency-Key": "once"}
    first = await client.post("/v1/users", json=NEW, headers=headers)
    second = await client.post("/v1/users", json=NEW, headers=headers)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert await second.json() == await first.json()


@pytest.mark.any_driver
@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"password": "short", "username": "me"}, {"/password": "too_short", "/username": "too_short"}),
        ({"username": "moderator"}, {"/username": "reserved"}),
        ({"role": "king"}, {"/role": "invalid_choice"}),
        ({"role": "king", "password": "1234567890"}, {"/role": "invalid_choice", "/password": "common_password"}),
        ({"status": "active"}, {"/status": "unknown_field"}),
    ],
)
async def test_bad_account_names_all_wrong_fields(client, admin, changes, wrong):
    response = await client.post("/v1/users", json={**NEW, **changes}, headers=admin.headers)
    assert await faults(response) == wrong


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_who_may_not_see_a_user_is_told_404_and_others_403(client, ada, bob, publish, method):
    path = f"/v1/users/{ada.id}"
    assert (await client.request(method, path, json={}, headers=bob.headers)).status == 404
    await publish(ada)
    assert (await client.request(method, path, json={}, headers=bob.headers)).status == 403
    assert (await client.request(method, path, json={})).status == 401


async def test_admin_changes_role_and_profile(client, admin, ada):
    response = await manage(client, admin, ada, role="editor", display_name="Ada L.")
    assert response.status == 200
    user = await response.json()
    assert (user["role"], user["display_name"], user["version"]) == ("editor", "Ada L.", 2)


async def test_new_role_bites_at_once(client, admin, ada):
    await manage(client, admin, ada, role="admin")
    assert (await client.get("/v1/users?view=admin", headers=ada.headers)).status == 200
    await manage(client, admin, ada, role="reader")
    assert (await client.get("/v1/users?view=admin", headers=ada.headers)).status == 403


async def test_change_needs_if_match_and_a_present_one(client, admin, ada):
    path, before = f"/v1/users/{ada.id}", await read(client, admin, ada)
    assert (await client.patch(path, json={"role": "reader"}, headers=admin.headers)).status == 428
    await manage(client, admin, ada, role="editor")
    response = await client.patch(path, json={"role": "reader"}, headers=matching(admin, before))
    assert response.status == 412
    problem = await response.json()
    assert (problem["changed"], problem["etag"]) == (["role"], (await read(client, admin, ada))["etag"])


@pytest.mark.any_driver
@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"status": "erased"}, {"/status": "invalid_choice"}),
        ({"status": "unclaimed"}, {"/status": "invalid_choice"}),
        ({"status": "gone"}, {"/status": "invalid_choice"}),
        ({"status": None}, {"/status": "required"}),
        ({"role": None}, {"/role": "required"}),
        ({"email": "x@example.org"}, {"/email": "unknown_field"}),
        ({"locale": "de"}, {"/locale": "unknown_field"}),
    ],
)
async def test_bad_change_is_refused(client, admin, ada, changes, wrong):
    response = await manage(client, admin, ada, **changes)
    assert await faults(response) == wrong


@pytest.mark.parametrize("status", ["gone", "erased"])
async def test_status_that_cannot_be_set_is_told_those_that_can(client, admin, ada, status):
    error = (await (await manage(client, admin, ada, status=status)).json())["errors"][0]
    assert error["params"] == {"choices": ["active", "suspended"]}
    assert error["detail"] == "Can be set to active or suspended."


async def test_suspension_ends_every_session_and_refuses_new_ones(client, admin, ada):
    assert (await manage(client, admin, ada, status="suspended")).status == 200
    assert (await client.get("/v1/me", headers=ada.headers)).status == 401
    refreshed = await client.post("/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
    assert refreshed.status == 401
    again = await client.post("/v1/auth/login", json={"login": "ada", "password": PASSWORD})
    assert (await again.json())["code"] == "invalid_credentials"


async def test_reactivation_revives_no_session(client, admin, ada):
    await manage(client, admin, ada, status="suspended")
    await manage(client, admin, ada, status="active")
    assert (await client.get("/v1/me", headers=ada.headers)).status == 401
    again = await client.post("/v1/auth/login", json={"login": "ada", "password": PASSWORD})
    assert again.status == 200


async def test_unclaimed_byline_has_no_account_to_activate(client, admin, users):
    byline = await users.making.unclaimed(as_operator(), "carl", "Carl")
    assert (await manage(client, admin, byline, display_name="Carl C.")).status == 200
    assert (await manage(client, admin, byline, status="active")).status == 409


async def test_erasure_leaves_nothing_of_the_person(client, admin, ada, publish, database):
    await publish(ada)
    me = await with_etag(await client.get("/v1/me", headers=ada.headers))
    personal = {"bio": "I am Ada.", "avatar_url": "https://example.org/ada.png", "locale": "en", "timezone": "UTC"}
    await client.patch("/v1/me", json=personal, headers=matching(ada, me))
    response = await erase(client, admin, ada)
    assert response.status == 204
    assert response.headers["ETag"].startswith('"3-')

    async def kept():
        return str(await database["users"].find_one({"status": "erased"}))

    assert not [word for word in ("Ada", "bcrypt", "https:", "UTC") if word in await kept()]

    async def is_gone():  # by the address, she is found elsewhere
        return "ada@" not in await kept()

    await until(is_gone)
    assert await database["sessions"].count_documents({"user_id": ObjectId(ada.id)}) == 0
    assert (await client.get("/v1/me", headers=ada.headers)).status == 401
    assert (await client.get(f"/v1/users/{ada.id}")).status == 404
    assert (await client.get("/v1/users")).status == 200
    user = await read(client, admin, ada)
    assert (user["status"], user["username"], user["email"]) == ("erased", f"erased-{ada.id}", None)
    assert (user["display_name"], user["posts_count"]) == ("Deleted user", 1)


async def test_erased_person_can_come_back_under_the_same_name(client, admin, ada):
    await erase(client, admin, ada)
    new = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    assert (await client.post("/v1/auth/register", json=new)).status == 201


async def test_erasing_twice_is_the_same_as_once(client, admin, ada):
    first = await erase(client, admin, ada)
    second = await erase(client, admin, ada)
    assert (second.status, second.headers["ETag"]) == (204, first.headers["ETag"])


async def test_erased_user_cannot_be_changed(client, admin, ada):
    await erase(client, admin, ada)
    assert (await manage(client, admin, ada, status="active")).status == 409


async def test_erasure_is_told_with_a_neutral_byline(client, admin, ada):
    told = []

    async def listen(event):
        told.append(event.byline)

    client.app[SERVICES].bus.subscribe(ProfileChanged, listen)
    await erase(client, admin, ada)
    assert [(byline.id, byline.display_name) for byline in told] == [(ada.id, "Deleted user")]


async def test_retry_of_an_erasure_tells_the_byline_that_could_not_be_told(client, admin, ada, told_at_second_try):
    assert (await erase(client, admin, ada)).status == 503
    assert (await erase(client, admin, ada)).status == 204
    assert told_at_second_try == [(ada.id, "Deleted user")]


@pytest.mark.parametrize("retry", [erase, partial(manage, status="suspended")], ids=["erasure", "suspension"])
async def test_retry_ends_the_sessions_that_could_not_be_ended(client, admin, ada, database, retry):
    before = await database["sessions"].find_one({"user_id": ObjectId(ada.id)})
    await retry(client, admin, ada)
    await database["sessions"].insert_one(before)  # as if the server had died before it could end it
    await retry(client, admin, ada)
    assert await database["sessions"].count_documents({"user_id": ObjectId(ada.id)}) == 0


async def test_edit_that_changes_nothing_ends_no_session(client, admin, ada):
    await manage(client, admin, ada, status="active")
    assert (await client.get("/v1/me", headers=ada.headers)).status == 200


@pytest.mark.parametrize("changes", [{"role": "editor"}, {"status": "suspended"}])
async def test_last_admin_cannot_be_demoted_or_suspended(client, admin, changes):
    response = await manage(client, admin, admin, **changes)
    assert response.status == 409
    assert (await response.json())["code"] == "conflict"
    assert (await client.get("/v1/users?view=admin", headers=admin.headers)).status == 200


async def test_last_admin_cannot_be_erased(client, admin):
    assert (await erase(client, admin, admin)).status == 409


async def test_admin_may_go_when_another_one_stays(client, admin, sign_up):
    other = await sign_up("eva", role="admin")
    assert (await manage(client, admin, admin, role="reader")).status == 200
    assert (await manage(client, other, other, role="reader")).status == 409


async def test_suspended_admin_does_not_count(client, admin, sign_up):
    other = await sign_up("eva", role="admin")
    await manage(client, admin, other, status="suspended")
    assert (await manage(client, admin, admin, role="reader")).status == 409
    await manage(client, admin, other, status="active")
    assert (await manage(client, admin, admin, role="reader")).status == 200


async def test_promoted_user_counts(client, admin, ada):
    await manage(client, admin, ada, role="admin")
    assert (await manage(client, admin, admin, role="reader")).status == 200


async def test_demotion_that_came_too_late_takes_nobody_off_the_roster(client, admin, sign_up, users, database):
    other = await sign_up("eva", role="admin")
    before = await users.get(other.id)
    await manage(client, admin, other, bio="changed meanwhile")
    response = await client.patch(
        f"/v1/users/{other.id}", json={"role": "reader"}, headers={**admin.headers, "If-Match": '"1-0"'}
    )
    assert response.status == 412
    with pytest.raises(Stale):
        await users._change(before, replace(before, role="reader"))
    assert len((await database["meta"].find_one({"_id": "admins"}))["members"]) == 2


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_admins_who_demote_each_other_one_stays(client, sign_up, database):
    admins = [await sign_up(f"boss{n}", role="admin") for n in range(4)]
    seen = [await read(client, admins[0], person) for person in admins]
    wishes = [
        client.patch(f"/v1/users/{seen[n]['id']}", json={"role": "reader"}, headers=matching(admins[n - 1], seen[n]))
        for n in range(4)
    ]
    await asyncio.gather(*wishes)
    remaining = await database["users"].find({"role": "admin"}).to_list(None)
    roster = (await database["meta"].find_one({"_id": "admins"}))["members"]
    assert len(remaining) >= 1
    assert {user["_id"] for user in remaining} == set(roster)


async def test_roster_is_reconciled(client, admin, sign_up, users, database, ada):
    other = await sign_up("eva", role="admin")
    wrong = [ObjectId(ada.id), ObjectId(admin.id)]  # one too many, and one is missing
    await database["meta"].update_one({"_id": "admins"}, {"$set": {"members": wrong}})
    assert await users.administrators.reconcile() == 2
    assert await users.administrators.reconcile() == 0
    assert (await manage(client, other, admin, role="reader")).status == 200
    assert (await manage(client, other, other, role="reader")).status == 409


async def test_admin_is_made_from_the_command_line(client, users):
    made = await users.making.create_admin(as_operator(), "admin", "root@localhost", "correct horse battery")
    assert (made.role, made.status, made.username) == ("admin", "active", "admin")
    response = await client.post("/v1/auth/login", json={"login": "admin", "password": "correct horse battery"})
    assert response.status == 200


async def test_admin_from_the_command_line_obeys_the_same_rules(users):
    with pytest.raises(Invalid) as refusal:
        await users.making.create_admin(as_operator(), "a", "nowhere", "short")
    assert {error.pointer for error in refusal.value.errors} == {"/username", "/email", "/password"}


async def test_bylines_come_in_the_order_that_was_asked_for(users, ada, bob):
    found = await users.bylines([bob.id, ada.id])
    assert [(byline.id, byline.username) for byline in found] == [(bob.id, "bob"), (ada.id, "ada")]


async def test_unknown_authors_are_all_named(client, users, ada, bob, admin):
    await erase(client, admin, bob)
    with pytest.raises(Invalid) as refusal:
        await users.bylines([ada.id, "0" * 24, bob.id, "nonsense"])
    assert {(error.pointer, error.code) for error in refusal.value.errors} == {
        (f"/authors/{n}", "unknown_author") for n in (1, 2, 3)
    }


async def test_present_bylines_leave_out_who_is_unknown_and_have_the_erased(client, users, ada, bob, admin):
    await erase(client, admin, bob)
    found = await users.present_bylines([bob.id, ada.id, "0" * 24, "nonsense"])
    names = {user_id: byline.display_name for user_id, byline in found.items()}
    assert names == {ada.id: "Ada", bob.id: "Deleted user"}


async def refused_authors(users, ids, who=None, **choice):
    chosen_by = who and acting_as(await users.get(who.id))
    try:
        await users.bylines(ids, chosen_by=chosen_by, **choice)
    except Invalid as refusal:
        return {(error.pointer, error.code) for error in refusal.errors}
    return set()


async def test_author_cannot_learn_a_name_by_choosing_it(client, users, ada, admin, sign_up):
    carl, reader, suspended = (
        await users.making.unclaimed(as_operator(), "carl", "Carl"),
        await sign_up("rita", role="reader"),
        await sign_up("sue"),
    )
    await manage(client, admin, suspended, status="suspended")
    hidden = [carl.id, reader.id, suspended.id, "0" * 24]
    wanted = {(f"/authors/{n}", "unknown_author") for n in (1, 2, 3, 4)}
    assert await refused_authors(users, [ada.id, *hidden], ada) == wanted


@pytest.mark.parametrize("role", ["reader", "contributor", "author", "editor"])
async def test_author_can_choose_who_writes_or_is_public(users, ada, publish, sign_up, role):
    other = await sign_up("otto", role=role)
    assert bool(await refused_authors(users, [ada.id, other.id], ada)) == (role == "reader")
    await publish(other)
    assert not await refused_authors(users, [ada.id, other.id], ada)


async def test_who_chooses_can_choose_themselves(users, sign_up):
    reader = await sign_up("rita", role="reader")
    assert not await refused_authors(users, [reader.id], reader)


async def test_editor_can_choose_anybody_but_the_erased(client, users, editor, admin, ada, sign_up):
    carl, reader = await users.making.unclaimed(as_operator(), "carl", "Carl"), await sign_up("rita", role="reader")
    await erase(client, admin, ada)
    assert await refused_authors(users, [carl.id, reader.id, ada.id], editor) == {("/authors/2", "unknown_author")}


async def test_who_is_an_author_already_stays_one(client, users, ada, bob, admin):
    await erase(client, admin, bob)
    assert not await refused_authors(users, [ada.id, bob.id], ada, kept=[bob.id])


async def test_unclaimed_byline_is_made_once(users):
    first = await users.making.unclaimed(as_operator(), "carl", "Carl")
    second = await users.making.unclaimed(as_operator(), "Carl", "Someone else")
    assert (second.id, second.display_name, second.status) == (first.id, "Carl", "unclaimed")
    assert (first.email, first.password, first.role) == (None, None, "author")


async def test_unclaimed_byline_of_a_known_username_is_that_person(users, ada):
    assert (await users.making.unclaimed(as_operator(), "ada", "Ada")).id == ada.id


async def test_unclaimed_byline_needs_a_username(users):
    with pytest.raises(Invalid):
        await users.making.unclaimed(as_operator(), "Not A Username", "x")


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_imports_at_once_make_one_byline(users, database):
    made = await asyncio.gather(*(users.making.unclaimed(as_operator(), "carl", "Carl") for _ in range(16)))
    assert len({user.id for user in made}) == 1
    assert await database["users"].count_documents({}) == 1


async def test_username_is_looked_up_however_it_is_capitalised(users, ada):
    assert await users.id_of_username("ADA") == ada.id
    assert await users.id_of_username("nobody") is None


async def test_count_is_corrected_unless_it_moved_meanwhile(client, ada, publish):
    store = UserStore(client.app[SERVICES].database)
    await publish(ada, 3)
    assert [count async for _, count in store.posts_counts()] == [3]
    seen = await store.posts_count(ada.id)
    assert not await store.correct_posts_count(ada.id, replace(seen, value=2), 7)
    await publish(ada, 1)
    assert not await store.correct_posts_count(ada.id, seen, 7)
    assert await store.correct_posts_count(ada.id, await store.posts_count(ada.id), 7)
    assert (await store.get(ada.id)).counters.posts == 7


async def test_unknown_id_is_not_found(users):
    for user_id in ("0" * 24, "nonsense"):
        with pytest.raises(NotFound):
            await users.get(user_id)


async def test_id_that_is_in_use_is_a_conflict(client, users, ada):
    user = await users.get(ada.id)
    with pytest.raises(Conflict):
        await UserStore(client.app[SERVICES].database).insert(user)
