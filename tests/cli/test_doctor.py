import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bson import ObjectId

from blogapi.access.administrator import as_operator
from blogapi.access.identity import Identity
from blogapi.cli.main import make_main
from blogapi.config import AuthConfig, Config, LimitsConfig, MongoConfig, PasswordConfig
from blogapi.feature import Feature
from blogapi.features import FEATURES
from blogapi.operations import doctor
from blogapi.operations.doctor import Check, Problem, hints
from blogapi.posts.model import Draft
from blogapi.posts.rights import Editable, Publishable
from blogapi.posts.service import PostService
from blogapi.users.service import UserService, acting_as
from blogapi.wiring import build_services

pytestmark = pytest.mark.mongod
LONG_AGO = datetime.now(UTC) - timedelta(hours=2)


@pytest.fixture
def people(blog):
    """A healthy blog: an administrator, and a byline with two public posts that have revisions."""

    async def write(opened):
        users, posts = opened.services[UserService], opened.services[PostService]
        admin = acting_as(
            await users.making.create_admin(as_operator(), "adam", "adam@example.org", "correct horse battery")
        )
        ada = await users.making.unclaimed(as_operator(), "ada", "Ada")
        for number in range(2):
            wish = Draft(title=f"Post {number}", author_ids=(ada.id,), tags=("python",), status="published")
            post = await posts.writing.create(admin, wish)
            again = Draft(title="Another title", tags=("python",))
            await posts.writing.edit(Editable(post, admin), again, frozenset({1}))
        return {"adam": ObjectId(admin.user_id), "ada": ObjectId(ada.id)}

    return blog.work(write)


def forgotten_claim(documents, people):
    documents["slugs"].insert_one(
        {
            "_id": "never-used",
            "post_id": documents["posts"].find_one()["_id"],
            "claims": ["one"],
            "claimed_at": LONG_AGO,
        }
    )


def claim_for_a_post_that_never_came(documents, people):
    documents["slugs"].insert_one(
        {"_id": "never-used", "post_id": ObjectId(), "claims": ["one"], "claimed_at": LONG_AGO}
    )


def lost_claim(documents, people):
    documents["slugs"].delete_one({"_id": "post-1"})


def address_of_a_post_that_never_came(documents, people):
    documents["addresses"].insert_one({"_id": "/never", "post_id": ObjectId(), "claimed_at": LONG_AGO})


def address_of_a_purged_post(documents, people):
    post = {"_id": ObjectId(), "status": "purged", "version": 9}
    documents["posts"].insert_one(post)
    documents["addresses"].insert_one({"_id": "/gone", "post_id": post["_id"], "claimed_at": LONG_AGO})


def stale_live_byline(documents, people):
    documents["posts"].update_one({}, {"$set": {"live.authors.0.display_name": "Countess"}})


def stale_working_byline(documents, people):
    documents["posts"].update_one({}, {"$set": {"working.authors.0.avatar_url": "https://old.example.org/a.png"}})


def former_tag_left_behind(documents, people):
    documents["tags"].update_one({}, {"$set": {"slug": "snake", "slugs": ["python", "snake"]}})


def tag_that_is_missing(documents, people):
    documents["tags"].delete_many({})


def wrong_tag_count(documents, people):
    documents["tags"].update_one({"slug": "python"}, {"$inc": {"post_count": 1}})


def tag_count_of_nothing(documents, people):
    documents["posts"].update_many({}, {"$set": {"live.audience": "private"}})
    documents["users"].update_many({}, {"$set": {"counters.posts": 0}})


def wrong_author_count(documents, people):
    documents["users"].update_one({"_id": people["ada"]}, {"$set": {"counters.posts": 0}})


def count_of_somebody_who_wrote_nothing(documents, people):
    documents["users"].update_one({"_id": people["adam"]}, {"$set": {"counters.posts": 2}})


def orphaned_revisions(documents, people):
    documents["revisions"].insert_one({"_id": "x:1", "post_id": ObjectId(), "revision": 1})


def revisions_of_a_purged_post(documents, people):
    post = documents["posts"].find_one()
    documents["posts"].replace_one({"_id": post["_id"]}, {"status": "purged", "version": 9})
    documents["slugs"].delete_many({"post_id": post["_id"]})
    documents["tags"].update_one({"slug": "python"}, {"$set": {"post_count": 1}})
    documents["users"].update_one({"_id": people["ada"]}, {"$set": {"counters.posts": 1}})


def administrator_missing_from_the_roster(documents, people):
    documents["meta"].update_one({"_id": "admins"}, {"$set": {"members": []}})


def stranger_on_the_roster(documents, people):
    documents["meta"].update_one({"_id": "admins"}, {"$push": {"members": people["ada"]}})


def passkey_that_nobody_noted(documents, people):
    """Who registered it was killed before that."""
    documents["passkeys"].insert_one({"user_id": people["adam"], "credential_id": "one", "epoch": 0})


def passkey_noted_that_is_gone(documents, people):
    documents["users"].update_one({"_id": people["adam"]}, {"$set": {"mfa.methods": ["passkey"]}})


def passkey_noted_that_is_good_no_more(documents, people):
    """It was registered before somebody showed that the address is theirs."""
    passkey_that_nobody_noted(documents, people)
    documents["users"].update_one({"_id": people["adam"]}, {"$set": {"passkeys_since": 1, "mfa.methods": ["passkey"]}})


def missing_index(documents, people):
    documents["posts"].drop_index("public_by_tag")


def edit_by_an_earlier_version(documents, people):
    """It knows of no digests."""
    documents["posts"].update_one({}, {"$set": {"working.body": "new", "working.digested_revision": 1}})


def copy_of_an_earlier_version(documents, people):
    documents["posts"].update_one({}, {"$unset": {"live.heavy_digest": "", "live.digested_revision": ""}})


DAMAGES = [
    (edit_by_an_earlier_version, "digests of other revisions"),
    (copy_of_an_earlier_version, "digests of other revisions"),
    (forgotten_claim, "claims of unused slugs"),
    (claim_for_a_post_that_never_came, "claims of unused slugs"),
    (lost_claim, "slugs without a claim"),
    (address_of_a_post_that_never_came, "addresses without a post"),
    (address_of_a_purged_post, "addresses without a post"),
    (stale_live_byline, "stale bylines"),
    (stale_working_byline, "stale bylines"),
    (former_tag_left_behind, "posts with former tags"),
    (tag_that_is_missing, "posts with former tags"),
    (wrong_tag_count, "post counts of tags"),
    (tag_count_of_nothing, "post counts of tags"),
    (wrong_author_count, "post counts of authors"),
    (count_of_somebody_who_wrote_nothing, "post counts of authors"),
    (orphaned_revisions, "revisions without a post"),
    (revisions_of_a_purged_post, "revisions without a post"),
    (administrator_missing_from_the_roster, "administrators' roster"),
    (stranger_on_the_roster, "administrators' roster"),
    (passkey_that_nobody_noted, "passkeys noted as second factors"),
    (passkey_noted_that_is_gone, "passkeys noted as second factors"),
    (passkey_noted_that_is_good_no_more, "passkeys noted as second factors"),
    (missing_index, "missing indexes"),
]


async def nothing():
    pass


def examine(blog, *, fix=False, settle=nothing, **clock):
    """What is found, by check."""

    async def look(opened):
        services = build_services(opened.config, opened.database, **clock)
        return await doctor.examine(services.checks, settle=settle, fix=fix)

    findings = blog.work(look, with_indexes=False)
    return {finding.check: finding for finding in findings if finding.found}


def state(documents):
    """All that is in the database, but for the moments and tokens of claims."""
    collections = {name: list(documents[name].find().sort("_id")) for name in documents.list_collection_names()}
    collections["slugs"] = [{**slug, "claimed_at": None, "claims": None} for slug in collections["slugs"]]
    return collections


@pytest.mark.parametrize("claims", ["old", "new"])
def test_healthy_blog_is_left_alone(blog, documents, people, claims):
    post = documents["posts"].find_one()
    documents["addresses"].insert_one({"_id": "/kept", "post_id": post["_id"], "claimed_at": datetime.now(UTC)})
    if claims == "old":
        documents["addresses"].update_many({}, {"$set": {"claimed_at": LONG_AGO}})
        documents["slugs"].update_many({}, {"$set": {"claimed_at": LONG_AGO}})
    before = state(documents)
    assert examine(blog, fix=True) == {}
    assert state(documents) == before


@pytest.mark.parametrize(("damage", "check"), DAMAGES, ids=[damage.__name__ for damage, _ in DAMAGES])
def test_damage_is_found_and_repaired(blog, documents, people, damage, check):
    damage(documents, people)
    damaged = state(documents)
    assert set(examine(blog)) == {check}
    assert state(documents) == damaged

    finding = examine(blog, fix=True)[check]
    assert finding.fixed == finding.found == len(finding.problems)
    assert examine(blog) == {}


@pytest.mark.parametrize(
    "damage",
    [forgotten_claim, lost_claim, stale_live_byline, stale_working_byline, wrong_tag_count, wrong_author_count],
    ids=lambda damage: damage.__name__,
)
def test_repair_restores_what_was(blog, documents, people, damage):
    whole = state(documents)
    damage(documents, people)
    examine(blog, fix=True)
    assert state(documents) == whole


def test_newest_claims_are_left_alone(blog, documents, people):
    forgotten_claim(documents, people)
    documents["slugs"].update_one({"_id": "never-used"}, {"$set": {"claimed_at": datetime.now(UTC)}})
    assert examine(blog) == {}
    later = datetime.now(UTC) + timedelta(hours=2)
    assert set(examine(blog, now=lambda: later)) == {"claims of unused slugs"}


def test_former_slugs_of_a_post_stay_claimed(blog, documents, people):
    async def publish(opened):
        posts = opened.services[PostService]
        admin = Identity(user_id=str(people["adam"]), role="admin")
        held = await posts.reading.read(admin, slug="post-0")
        wish = Draft(title="New", slug="new", body="x")
        post = await posts.writing.edit(held, wish, frozenset({held.post.version}))
        await posts.states.publish(Publishable(post, admin), frozenset({post.version}))

    blog.work(publish)
    documents["slugs"].update_many({}, {"$set": {"claimed_at": LONG_AGO}})
    assert examine(blog, fix=True) == {}
    assert documents["slugs"].count_documents({"_id": {"$in": ["post-0", "new"]}}) == 2


def test_work_in_progress_is_no_finding(blog, documents, people):
    """A post was published and its tags are counted a moment later: after the first look, before the second."""
    wrong_tag_count(documents, people)

    async def count():
        documents["tags"].update_one({"slug": "python"}, {"$inc": {"post_count": -1}})

    assert examine(blog, fix=True, settle=count) == {}
    assert documents["tags"].find_one({"slug": "python"})["post_count"] == 2


def test_slug_that_two_posts_show_is_left_to_people(blog, documents, people):
    documents["slugs"].update_one({"_id": "post-1"}, {"$set": {"post_id": ObjectId()}})
    finding = examine(blog, fix=True)["slugs without a claim"]
    assert (finding.found, finding.fixed) == (1, 0)


def test_byline_of_an_erased_person_becomes_neutral(blog, documents, people):
    blog.work(lambda opened: opened.services[UserService].erase(as_operator(), str(people["ada"])))
    stale_live_byline(documents, people)
    assert set(examine(blog, fix=True)) == {"stale bylines"}
    assert documents["posts"].find_one()["live"]["authors"][0]["display_name"] == "Deleted user"


def test_move_that_nobody_counted_is_counted(blog, documents, people):
    """No server runs that would have done it."""
    post = documents["posts"].find_one()
    documents["posts"].update_one({"_id": post["_id"]}, {"$set": {"live.audience": "private"}})
    mark = {"id": ObjectId(), "at": LONG_AGO, "tags": ["python"], "author_ids": [people["ada"]]}
    documents["posts"].update_one({"_id": post["_id"]}, {"$push": {"uncounted": mark}})
    assert set(examine(blog)) == {"moves left uncounted", "post counts of tags", "post counts of authors"}
    (found,) = examine(blog, fix=True).values()
    assert (found.check, found.found, found.fixed) == ("moves left uncounted", 1, 1)
    assert examine(blog) == {}
    assert documents["tags"].find_one({"slug": "python"})["post_count"] == 1


def test_missing_revision_is_left_to_people(blog, documents, people):
    documents["revisions"].delete_one({"revision": 1})
    finding = examine(blog, fix=True)["missing revisions"]
    assert (finding.found, finding.fixed) == (1, 0)
    assert finding.problems[0].startswith("1 of post ")


def test_exit_code_tells_whether_something_is_left(blog, documents, people):
    wrong_author_count(documents, people)
    orphaned_revisions(documents, people)
    found = blog.json("doctor", "--settle", "0", status=1)
    assert found["ok"] is False
    assert {check["check"]: check["found"] for check in found["checks"] if check["found"]} == {
        "post counts of authors": 1,
        "revisions without a post": 1,
    }
    fixed = blog.json("doctor", "--settle", "0", "--fix")
    assert fixed["ok"] is True
    assert sum(check["fixed"] for check in fixed["checks"]) == 2
    assert blog("doctor").exit_code == 0


@pytest.mark.parametrize(
    ("damage", "collection"),
    [
        (wrong_tag_count, "tags"),
        (wrong_author_count, "users"),
        (stale_live_byline, "posts"),
        (copy_of_an_earlier_version, "posts"),
        (lost_claim, "slugs"),
        (administrator_missing_from_the_roster, "meta"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_repair_that_the_database_refuses_is_a_failure(blog, documents, people, damage, collection):
    """As on a full disk: it goes on reading, and every write is an error."""
    damage(documents, people)
    documents.command("collMod", collection, validator={"room": {"$exists": True}})
    try:
        result = blog("doctor", "--fix", "--settle", "0")
    finally:
        documents.command("collMod", collection, validator={})
    assert result.exit_code == 1
    assert result.stderr.startswith("blogapi: The database refused it")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("told", ["as before", "in another way"])
def test_repair_that_does_not_hold_is_a_failure(blog, told):
    """It was written, and a look finds it wrong again: taken back by an election, or by somebody else."""
    looks = itertools.count()

    async def repair():
        return True

    async def look():
        said = next(looks) if told == "in another way" else 0
        # The first two looks are before the repair, and have to agree.
        yield Problem(f"tea: {max(said, 1)} instead of 5", repair, "tea")

    odd = Feature(name="odd", checks=lambda _: [Check("odd counts", look)])
    commands = replace(blog, main=make_main("odd", (*FEATURES, odd)))
    result = commands("doctor", "--fix", "--settle", "0", "--json")
    (found,) = [check for check in json.loads(result.stdout)["checks"] if check["check"] == "odd counts"]
    assert (result.exit_code, found["found"], found["fixed"]) == (1, 1, 0)


def test_repair_that_somebody_takes_back_is_a_failure(blog, documents, people):
    """Through the whole: the count is written, and is another one when it is looked at again."""

    async def look(opened):
        opened.database.on_write.append(
            lambda write: write.collection == "tags" and documents["tags"].update_one({}, {"$inc": {"post_count": 7}})
        )
        services = build_services(opened.config, opened.database)
        return await doctor.examine(services.checks, settle=nothing, fix=True)

    wrong_tag_count(documents, people)
    (finding,) = [finding for finding in blog.work(look, with_indexes=False) if finding.found]
    assert (finding.check, finding.found, finding.fixed) == ("post counts of tags", 1, 0)


def test_table_names_what_was_found(blog, documents, people):
    wrong_tag_count(documents, people)
    result = blog("doctor", "--settle", "0")
    assert result.exit_code == 1
    assert "post counts of tags: python: 3 instead of 2" in result.stdout
    assert ["post", "counts", "of", "tags", "1", "0"] in [line.split() for line in result.stdout.splitlines()]


def test_empty_database_is_advised_to_have_an_administrator(blog):
    blog("indexes")
    result = blog.json("doctor")
    assert result["ok"] is True
    assert any("create-admin" in hint for hint in result["hints"])


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (Config(root=Path()), "environment is development"),
        (Config(root=Path()), "mongo.url is empty"),
        (Config(root=Path(), limits=LimitsConfig(enabled=False)), "limits.enabled"),
        (Config(root=Path(), auth=AuthConfig(bcrypt_rounds=9)), "auth.bcrypt_rounds"),
        (Config(root=Path(), auth=AuthConfig(password=PasswordConfig(refuse_common=False))), "refuse_common"),
    ],
)
def test_weak_configuration_is_hinted_at(config, said):
    assert any(said in hint for hint in hints(config, has_admin=True))
    strong = Config(root=Path(), environment="production", mongo=MongoConfig(url="mongodb://db1.example.org"))
    assert hints(strong, has_admin=True) == []
