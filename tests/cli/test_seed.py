import json

import pytest

from blogapi.paging.page import PageRequest
from blogapi.posts.model import PublicFilter
from blogapi.posts.service import PostService
from blogapi.tags.service import TagService
from blogapi.users.service import UserService
from tests.servers import LONG

SEED = ("seed", "--body-kb", "1", "--users", "5", "--tags", "7")
needs_mongod = pytest.mark.mongod


def content(documents):
    """Everything in the posts, in the order of their ids."""
    return list(documents["posts"].find().sort("_id"))


@needs_mongod
def test_second_run_adds_nothing_and_says_so(blog, documents):
    first = blog.json(*SEED, "--posts", "250")
    assert {"posts_created": 250, "users_created": 5, "tags_created": 7, "posts_unchanged": 0}.items() <= first.items()
    before = content(documents)

    second = blog.json(*SEED, "--posts", "250")
    assert second["posts_created"] == second["users_created"] == second["tags_created"] == 0
    assert second["posts_unchanged"] == 250
    assert content(documents) == before
    assert "Nothing to do" in blog(*SEED, "--posts", "250").stdout


@needs_mongod
def test_same_seed_makes_the_same_however_many_runs_it_takes(blog, documents):
    blog.json(*SEED, "--posts", "260", "--seed", "7")
    at_once = content(documents)
    for name in ("posts", "slugs", "tags", "users"):
        documents[name].delete_many({})

    blog.json(*SEED, "--posts", "30", "--seed", "7")
    assert blog.json(*SEED, "--posts", "260", "--seed", "7")["posts_created"] == 230
    assert content(documents) == at_once


@needs_mongod
def test_other_seed_makes_other_posts_beside(blog, documents):
    blog.json(*SEED, "--posts", "40", "--seed", "1")
    assert blog.json(*SEED, "--posts", "40", "--seed", "2")["posts_created"] == 40
    titles = [post["working"]["title"] for post in content(documents)]
    assert len(titles) == 80
    assert len(set(titles)) > 70


@needs_mongod
def test_run_finishes_what_a_killed_one_left(blog, documents):
    blog.json(*SEED, "--posts", "60")
    whole = content(documents)
    # Killed between the claims and the posts, and before it had counted.
    documents["posts"].delete_many({"_id": {"$gte": whole[45]["_id"]}})
    documents["tags"].update_many({}, {"$set": {"post_count": 0}})
    documents["users"].update_many({}, {"$set": {"counters.posts": 3}})

    assert blog.json(*SEED, "--posts", "60")["posts_created"] == 15
    assert content(documents) == whole
    assert blog.json("doctor")["ok"]


@needs_mongod
def test_slug_that_another_post_has_is_numbered(blog, documents):
    blog.json(*SEED, "--posts", "3", "--drafts", "0")
    taken = content(documents)[1]
    documents["posts"].delete_one({"_id": taken["_id"]})
    documents["slugs"].update_one(
        {"_id": taken["working"]["slug"]}, {"$set": {"post_id": content(documents)[0]["_id"]}}
    )

    blog.json(*SEED, "--posts", "3", "--drafts", "0")
    again = documents["posts"].find_one({"_id": taken["_id"]})
    assert again["working"]["slug"] == f"{taken['working']['slug']}-2"
    assert again["live"]["slug"] == again["working"]["slug"]
    assert again["live_slugs"] == [again["working"]["slug"]]


@needs_mongod
def test_two_at_once_make_it_once(blog, documents):
    with blog.start(*SEED, "--posts", "400", "--json") as one, blog.start(*SEED, "--posts", "400", "--json") as other:
        made = [json.loads(process.communicate(timeout=LONG)[0]) for process in (one, other)]
    assert sum(result["posts_created"] for result in made) == 400
    assert sum(result["users_created"] for result in made) == 5
    assert len(content(documents)) == 400
    assert blog.json("doctor")["ok"]


@needs_mongod
def test_posts_are_of_every_kind(blog, documents):
    blog.json(*SEED, "--posts", "600", "--drafts", "20")
    posts = content(documents)
    assert {post["status"] for post in posts} == {"draft", "published", "archived"}
    assert {post["visibility"] for post in posts} == {"public", "unlisted", "members", "private"}
    assert {post["working"]["lang"] for post in posts} == {"en", "de", "fr", "es", "ja"}
    assert {post["featured"] for post in posts} == {True, False}
    assert len({post["live"]["published_at"].year for post in posts if post["live"]}) > 5
    assert 0.1 < sum(post["status"] == "draft" for post in posts) / 600 < 0.3


@needs_mongod
@pytest.mark.parametrize(("drafts", "public"), [("0", True), ("100", False)])
def test_drafts_are_a_percentage(blog, documents, drafts, public):
    blog.json(*SEED, "--posts", "30", "--drafts", drafts)
    assert {post["status"] == "draft" for post in content(documents)} == {not public}


@needs_mongod
def test_readers_find_posts_authors_and_tags(blog):
    blog.json(*SEED, "--posts", "40")

    async def read(opened):
        services = opened.services
        page = await services[PostService].reading.list_public(PublicFilter(), (), PageRequest(limit=100), None)
        post = await services[PostService].reading.find_public(slug=page.items[0]["slug"])
        author = await services[UserService].read(None, post["authors"][0]["id"])
        tags = await services[TagService].list(PageRequest(limit=100), "slug")
        by_author = await services[PostService].reading.list_public(
            PublicFilter(), (author.username,), PageRequest(limit=100), None
        )
        return page.items, post, author, tags.items, by_author.items

    posts, post, author, tags, by_author = blog.work(read)
    assert post["html"].startswith("<p>")
    assert author.status == "unclaimed"
    assert author.counters.posts == len(by_author)
    counted = {tag.slug: tag.post_count for tag in tags}
    assert counted == {slug: sum(slug in post["tags"] for post in posts) for slug in counted}
    assert sum(counted.values()) == sum(len(post["tags"]) for post in posts)


@needs_mongod
def test_result_is_a_table_for_people(blog):
    lines = [line.split() for line in blog(*SEED, "--posts", "2").stdout.splitlines()]
    assert ["People", "5"] in lines
    assert any(line[:2] == ["Posts", "2"] for line in lines)


@needs_mongod
def test_production_is_spared(blog, documents):
    settings = {
        "ENVIRONMENT": "production",
        "AUTH__SECRET": "n3vX_w8KqLzR5tBdYh2mPc7JsGf4Tr0ub4dorQx1",
        "AUTH__BCRYPT_ROUNDS": "10",
    }
    result = blog(*SEED, "--posts", "1", **settings)
    assert result.exit_code == 78
    assert "made-up content does not belong into production" in result.stderr
    assert documents["posts"].count_documents({}) == 0


@pytest.mark.any_driver
@needs_mongod
def test_missing_extra_is_named(blog, tmp_path):
    (tmp_path / "faker.py").write_text("raise ImportError\n")
    blog.environ["PYTHONPATH"] = str(tmp_path)
    with blog.start(*SEED, "--posts", "1") as process:
        _, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 78
    assert stderr.startswith("blogapi: Made-up content needs the extra `seed`")
