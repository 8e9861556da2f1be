"""Saving what was found: what readers see of it, what a second run does, and what people did here meanwhile."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blogapi.clock import rfc3339, utc_now
from blogapi.db.indexes import create_indexes
from blogapi.deadline import OVER
from blogapi.errors import NotFound, Unavailable
from blogapi.feature import stores_of
from blogapi.features import FEATURES
from blogapi.importers.markdown import read_folder
from blogapi.importers.model import Entry, Refusal, Skipped, Tag
from blogapi.importers.run import Stopped, import_folder
from blogapi.pool import renderer
from blogapi.pool.processes import Processes
from blogapi.posts.model import Draft
from blogapi.posts.rights import Editable, Publishable, operator_in_the_name_of
from blogapi.posts.service import PostService
from blogapi.tags.store import TagStore
from blogapi.users.service import UserService
from blogapi.users.store import UserStore
from blogapi.wiring import SERVICES, build_services
from tests.conftest import matching, until, with_etag

DATA = Path(__file__).parents[1] / "data"
DAY = datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
ENTRY = Entry(
    source="blog",
    path="first.md",
    title="First",
    body="Some *text*.",
    body_format="markdown",
    slug="first",
    former_slugs=("the-first",),
    former_urls=("/2020/the-first.html",),
    published_at=DAY,
    authors=("Jane Doe",),
    tags=(Tag(slug="c-sharp", name="C#"),),
)
CHANGED = replace(ENTRY, title="First, corrected", body="Better *text*.")


@pytest.fixture
def services(client):
    return client.app[SERVICES]


@pytest.fixture
def save(services):
    """Imports entries: `await save(ENTRY, ...)`."""

    async def save(*found, **options):
        return await import_folder(services, iter(found), **options)

    return save


def counts(report):
    names = ("created", "unchanged", "updated", "skipped", "refused")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


async def is_all_counted(database):
    return not await database["posts"].count_documents({"uncounted.0": {"$exists": True}})


async def everything(database):
    # A mark of what was counted goes without waiting for a majority, of which a read may know a moment later.
    await until(lambda: is_all_counted(database))
    return {
        store.collection: await database[store.collection].find().sort("_id").to_list(None)
        for store in stores_of(FEATURES)
    }


async def public_posts(client):
    response = await client.get("/v1/posts?limit=100&fields=title,slug,published_at,authors,tags")
    return (await response.json())["items"]


async def read(client, slug="first", **options):
    response = await client.get(f"/v1/posts/by-slug/{slug}", **options)
    assert response.status == 200, await response.text()
    return await with_etag(response)


# The first run


@pytest.mark.parametrize(("name", "posts"), [("rust-blog", 4), ("jekyll-news", 7)])
async def test_sample_of_a_real_blog_is_published_with_its_dates(client, save, name, posts):
    found = list(read_folder(DATA / name))
    report = await save(*found)
    assert (report.created, report.refused) == (posts, 0)
    dates = {entry.title: rfc3339(entry.published_at) for entry in found if isinstance(entry, Entry)}
    assert {post["title"]: post["published_at"] for post in await public_posts(client)} == dates


async def test_post_has_what_its_file_has(client, save):
    await save(ENTRY)
    post = await read(client)
    assert (post["title"], post["body"], post["tags"]) == ("First", "Some *text*.", ["c-sharp"])
    assert post["published_at"] == post["created_at"] == "2020-02-03T04:05:06.000Z"
    assert [author["display_name"] for author in post["authors"]] == ["Jane Doe"]
    assert (await (await client.get("/v1/tags/c-sharp")).json())["name"] == "C#"


async def test_former_slug_redirects_and_old_urls_are_kept(client, save, editor):
    await save(ENTRY)
    response = await client.get("/v1/posts/by-slug/the-first", allow_redirects=False)
    assert response.status == 301
    assert response.headers["Location"].endswith("/v1/posts/by-slug/first")
    working = await read(client, slug="first?view=working", headers=editor.headers)
    assert working["origin"] == {"source": "blog", "path": "first.md", "urls": ["/2020/the-first.html"]}


async def test_draft_stays_a_draft(client, save, editor):
    await save(replace(ENTRY, is_draft=True))
    assert await public_posts(client) == []
    drafts = await (await client.get("/v1/posts?status=draft", headers=editor.headers)).json()
    assert [post["title"] for post in drafts["items"]] == ["First"]


async def test_post_dated_in_the_future_is_a_draft_and_noted(client, save):
    report = await save(replace(ENTRY, published_at=utc_now() + timedelta(days=1)))
    assert await public_posts(client) == []
    assert ["dated in the future" in note.text for note in report.notes] == [True]


@pytest.mark.parametrize(
    ("times", "note"),
    [
        ({"opens_at": datetime(2099, 1, 1, tzinfo=UTC)}, "to be published in the future (2099-01-01T00:00:00.000Z)"),
        ({"closes_at": datetime(2021, 1, 1, tzinfo=UTC)}, "expired where it comes from (2021-01-01T00:00:00.000Z)"),
    ],
)
async def test_post_that_its_readers_may_not_see_now_is_a_draft_and_noted(client, save, times, note):
    report = await save(replace(ENTRY, **times))
    assert await public_posts(client) == []
    assert [told.text for told in report.notes] == [f"{note}, so it is a draft"]


async def test_post_whose_embargo_is_over_is_published(client, save):
    opens = utc_now() + timedelta(days=1)
    waiting = replace(ENTRY, opens_at=opens)
    await save(waiting)
    assert counts(await save(waiting, now=lambda: opens)) == {"updated": 1}
    assert (await read(client))["published_at"] == rfc3339(DAY)


async def test_post_that_expires_later_is_public_and_told_of(client, save):
    closes = utc_now() + timedelta(days=1)
    expiring = replace(ENTRY, closes_at=closes)
    report = await save(expiring)
    assert len(await public_posts(client)) == 1
    assert [note.text.partition(" on ")[0] for note in report.notes] == ["expires"]
    again = await save(expiring, now=lambda: closes)
    assert [note.text for note in again.notes] == ["skipped: expired where it comes from, but published here"]


async def translated(client, slug="first"):
    return [(each["lang"], each["title"]) for each in (await read(client, slug))["translations"]]


def in_language(lang, **more):
    about = {"slug": f"first-{lang}", "former_slugs": (), "former_urls": (), "work": "first", **more}
    return replace(ENTRY, path=f"first.{lang}.md", lang=lang, title=f"First in {lang}", **about)


ENGLISH = replace(ENTRY, lang="en", work="first")


async def test_languages_of_one_work_are_translations_of_each_other(client, save, editor):
    report = await save(ENGLISH, in_language("de"), in_language("fr"))
    assert (counts(report), report.notes) == ({"created": 3}, [])
    assert await translated(client) == [("de", "First in de"), ("fr", "First in fr")]
    report = await save(ENGLISH, in_language("de"), in_language("fr"), in_language("es"))
    assert counts(report) == {"unchanged": 3, "created": 1}
    assert await translated(client) == [("de", "First in de"), ("es", "First in es"), ("fr", "First in fr")]
    # What people take apart here stays so.
    post = await read(client, "first-de")
    path = f"/v1/posts/{post['id']}/translations"
    known = await with_etag(await client.get(path, headers=editor.headers))
    body = {"posts": [post["id"]]}
    assert (await client.put(path, json=body, headers=matching(editor, known))).status == 200
    await save(ENGLISH, in_language("de"), in_language("fr"), in_language("es"))
    assert await translated(client, "first-de") == []


async def test_languages_that_cannot_be_joined_are_told(client, save):
    report = await save(ENGLISH, in_language("en"))
    assert [note.text for note in report.notes] == [
        "its languages are not joined: Another translation of this post is in the same language."
    ]
    assert await translated(client) == []


async def test_page_without_a_date_is_there_from_now_on(client, save):
    page = replace(ENTRY, kind="page", published_at=None)
    before = utc_now()
    assert counts(await save(page)) == {"created": 1}
    post = await read(client)
    assert (post["kind"], await public_posts(client)) == ("page", [])
    assert datetime.fromisoformat(post["published_at"]) >= before - timedelta(milliseconds=1)
    assert counts(await save(page)) == {"unchanged": 1}
    assert counts(await save(replace(page, title="Corrected"))) == {"updated": 1}
    again = await read(client)
    assert (again["title"], again["published_at"]) == ("Corrected", post["published_at"])


async def test_page_that_names_nobody_is_left_out_without_an_author(save, ada):
    page = replace(ENTRY, kind="page", published_at=None, authors=())
    assert counts(await save(page)) == {"skipped": 1}
    assert counts(await save(page, author=ada.username)) == {"created": 1}


async def test_two_tags_of_one_slug_are_two_tags_in_every_run(client, save):
    tags = [Tag(slug="bar", name=name) for name in ("Bar", "Bär", "BAR")]
    await save(
        *[replace(ENTRY, path=f"{n}.md", slug=f"of-{n}", former_slugs=(), tags=(tag,)) for n, tag in enumerate(tags)]
    )
    await save(replace(ENTRY, path="new.md", slug="new", former_slugs=(), tags=(tags[1],)))
    assert [(await read(client, slug))["tags"] for slug in ("of-0", "of-1", "of-2", "new")] == [
        ["bar"],
        ["bar-2"],
        ["bar"],
        ["bar-2"],
    ]
    assert (await (await client.get("/v1/tags/bar-2")).json())["name"] == "Bär"


async def test_note_on_a_byline_is_told_although_its_first_file_is_refused(save, ada):
    refused = replace(ENTRY, path="1.md", title="", slug="refused", former_slugs=(), authors=("Ada",))
    report = await save(refused, replace(ENTRY, path="2.md", authors=("Ada",)))
    assert (report.created, report.refused) == (1, 1)
    assert [(note.file, note.text) for note in report.notes] == [
        ("1.md", "somebody else has the account 'ada', so 'Ada' is the byline 'Ada-2'")
    ]


async def test_folder_without_a_post_is_told(save):
    report = await save(Skipped(file="README.md", reason="no front matter"))
    assert report.posts == 0
    assert report.notes[-1].text == "there is no post in this folder"
    assert (await save(ENTRY)).posts == (await save(Refusal(file="a.md", reason="is bad"))).posts == 1


async def test_taken_slugs_are_numbered_and_noted(client, save):
    report = await save(*[replace(ENTRY, path=f"{n}.md", former_slugs=()) for n in range(3)])
    assert {post["slug"] for post in await public_posts(client)} == {"first", "first-2", "first-3"}
    assert [note.text for note in report.notes] == [
        f"another post has the slug 'first', so it is 'first-{n}'" for n in (2, 3)
    ]


async def test_several_blogs_live_in_one_database(client, save):
    await save(ENTRY)
    other = replace(ENTRY, source="other", title="Other", slug="other", former_slugs=())
    assert counts(await save(other)) == {"created": 1}
    assert counts(await save(ENTRY, other)) == {"unchanged": 2}
    assert {post["title"] for post in await public_posts(client)} == {"First", "Other"}


async def test_bad_entry_is_refused_and_the_rest_goes_on(client, save):
    heard = []
    untitled = replace(ENTRY, path="untitled.md", title="", slug="untitled", former_slugs=())
    found = [Skipped(file="README.md", reason="no front matter"), Refusal(file="bad.md", reason="is bad"), untitled]
    report = await save(*found, ENTRY, on_progress=heard.append)
    assert counts(report) == {"created": 1, "skipped": 1, "refused": 2}
    assert [(refusal.file, refusal.reason) for refusal in report.refusals] == [
        ("bad.md", "is bad"),
        ("untitled.md", "title: A post needs a title before it is published."),
    ]
    assert [(note.file, note.text) for note in report.notes] == [("README.md", "skipped: no front matter")]
    assert sum(heard) == 4


# Authors


async def test_text_that_takes_too_long_is_refused_and_the_rest_goes_on(client, services, save):
    services.renderer._cpu_seconds = 0.05
    long = replace(ENTRY, path="long.md", slug="long", body="word *a* " * 25_000)
    report = await save(long, replace(ENTRY, path="second.md"))
    assert counts(report) == {"created": 1, "refused": 1}
    (refusal,) = report.refusals
    assert refusal.file == "long.md"
    assert "takes too long to render" in refusal.reason
    assert [post["title"] for post in await public_posts(client)] == ["First"]


async def test_text_that_nobody_can_render_is_refused_and_the_rest_goes_on(monkeypatch, save):
    broken = Processes("tests.pool.tasks", niceness=0)
    monkeypatch.setattr(renderer, "LONG_TEXTS", broken)
    monkeypatch.setattr(renderer, "_DEADLINE_SECONDS", 0.5)
    broken.start()
    for pid in broken.pids:
        os.kill(pid, signal.SIGSTOP)
    long = replace(ENTRY, path="long.md", slug="long", body="word *a* " * 25_000)
    report = await save(long, replace(ENTRY, path="second.md"))
    assert counts(report) == {"created": 1, "refused": 1}
    broken.close()


async def test_authors_become_bylines_without_an_account(client, services, save, admin):
    await save(replace(ENTRY, authors=("Jane Doe", "mojombo")))
    authors = (await read(client))["authors"]
    assert [author["username"] for author in authors] == ["jane-doe", "mojombo"]
    assert {(await services[UserService].get(author["id"])).status for author in authors} == {"unclaimed"}


async def test_one_name_is_one_person_whatever_its_capitals(client, save):
    await save(ENTRY, replace(ENTRY, path="2.md", slug="second", authors=("jane doe", "JANE DOE")))
    first, second = await read(client), await read(client, "second")
    assert first["authors"] == second["authors"]


async def test_two_names_of_one_username_are_two_people_in_every_run(client, save):
    names = ("Jose Diaz", "José Díaz", "José Diaz")
    await save(*[replace(ENTRY, path=f"{n}.md", slug=f"by-{n}", authors=(name,)) for n, name in enumerate(names)])
    await save(*[replace(ENTRY, path=f"+{n}.md", slug=f"too-{n}", authors=(name,)) for n, name in enumerate(names)])
    for n, name in enumerate(names):
        ((author,), again) = [(await read(client, f"{slug}-{n}"))["authors"] for slug in ("by", "too")]
        assert again == [author]
        assert author["display_name"] == name
        assert author["username"] == ("jose-diaz" if n == 0 else f"jose-diaz-{n + 1}")


async def test_account_that_has_the_name_of_an_author_is_not_given_the_posts(client, save, ada):
    report = await save(replace(ENTRY, authors=("Ada",)))
    assert [author["username"] for author in (await read(client))["authors"]] == ["Ada-2"]
    assert [note.text for note in report.notes] == [
        "somebody else has the account 'ada', so 'Ada' is the byline 'Ada-2'"
    ]


async def test_editor_is_given_posts_under_their_name(client, save, editor):
    await save(replace(ENTRY, authors=("Edith",)))
    assert [author["id"] for author in (await read(client))["authors"]] == [editor.id]


async def test_author_given_gets_posts_under_their_name_and_under_none(client, save, ada):
    nobody = replace(ENTRY, path="nobody.md", slug="nobody", authors=(), former_slugs=())
    await save(replace(ENTRY, authors=("Ada",)), nobody, author="ADA")
    for slug in ("first", "nobody"):
        assert [author["id"] for author in (await read(client, slug))["authors"]] == [ada.id]


async def test_post_that_names_nobody_is_refused_without_an_author(save):
    report = await save(replace(ENTRY, authors=()))
    assert [(refusal.file, refusal.reason) for refusal in report.refusals] == [
        ("first.md", "names no author; say with --author whose such posts are")
    ]


async def test_unknown_author_stops_the_import_before_it_begins(save, database):
    with pytest.raises(NotFound, match="There is no user 'nobody'"):
        await save(ENTRY, author="nobody")
    assert await database["posts"].count_documents({}) == 0


# The second run


@pytest.mark.parametrize("name", ["rust-blog", "jekyll-news"])
async def test_second_run_changes_nothing(save, database, name):
    first = await save(*read_folder(DATA / name))
    before = await everything(database)
    second = await save(*read_folder(DATA / name))
    assert counts(second) == {"unchanged": first.created, **({"skipped": first.skipped} if first.skipped else {})}
    assert await everything(database) == before


async def test_changed_file_changes_what_readers_see(client, save):
    await save(ENTRY)
    assert counts(await save(CHANGED)) == {"updated": 1}
    post = await read(client)
    assert (post["title"], post["body"], post["published_at"]) == (CHANGED.title, CHANGED.body, rfc3339(DAY))
    assert counts(await save(CHANGED)) == {"unchanged": 1}


async def test_changed_draft_stays_a_draft(client, save):
    await save(replace(ENTRY, is_draft=True))
    assert counts(await save(replace(CHANGED, is_draft=True))) == {"updated": 1}
    assert await public_posts(client) == []


@pytest.mark.parametrize("changed", [ENTRY, CHANGED])
async def test_draft_that_is_none_any_more_is_published_with_its_date(client, save, changed):
    await save(replace(ENTRY, is_draft=True))
    assert counts(await save(changed)) == {"updated": 1}
    post = await read(client, "the-first")
    assert (post["title"], post["published_at"]) == (changed.title, rfc3339(DAY))


async def test_post_whose_day_has_come_is_published(client, save):
    coming = utc_now() + timedelta(days=1)
    dated = replace(ENTRY, published_at=coming)
    await save(dated)
    assert counts(await save(dated)) == {"unchanged": 1}
    assert counts(await save(dated, now=lambda: coming)) == {"updated": 1}
    assert (await read(client))["published_at"] == rfc3339(coming)


async def test_corrected_date_and_further_address_reach_readers(client, save):
    await save(ENTRY)
    earlier = DAY - timedelta(days=300)
    assert counts(await save(replace(ENTRY, published_at=earlier, former_slugs=("one",)))) == {"updated": 1}
    for slug in ("one", "the-first"):
        assert (await read(client, slug))["published_at"] == rfc3339(earlier)


async def test_changed_slug_redirects(client, save):
    await save(ENTRY)
    await save(replace(ENTRY, slug="renamed"))
    assert (await read(client, "first"))["slug"] == "renamed"


async def test_numbered_slug_stays_when_the_file_changes(client, save):
    other = replace(ENTRY, path="other.md", former_slugs=())
    await save(ENTRY, other)
    assert counts(await save(ENTRY, replace(other, title="Other"))) == {"unchanged": 1, "updated": 1}
    assert (await read(client, "first-2"))["title"] == "Other"


async def test_what_readers_may_see_is_decided_here_and_stays(client, save, editor):
    await save(ENTRY)
    await edit(client, editor, visibility="members", featured=True)
    await save(CHANGED)
    post = await read(client, headers=editor.headers)
    assert (post["title"], post["visibility"], post["featured"]) == (CHANGED.title, "members", True)


async def test_file_that_is_gone_takes_nothing_away(client, save):
    await save(ENTRY)
    await save()
    assert await read(client)


# What people did here meanwhile


async def edit(client, who, **fields):
    post = await read(client, slug="first?view=working", headers=who.headers)
    response = await client.patch(f"/v1/posts/{post['id']}", json=fields, headers=matching(who, post))
    assert response.status == 200, await response.text()
    return await with_etag(response)


async def step(client, who, verb, post=None, **body):
    post = post or await read(client, slug="first?view=working", headers=who.headers)
    response = await client.post(f"/v1/posts/{post['id']}/{verb}", json=body, headers=matching(who, post))
    assert response.status == 200, await response.text()
    return await with_etag(response)


async def trash(client, who, query=""):
    post = await read(client, slug="first?view=working", headers=who.headers)
    response = await client.delete(f"/v1/posts/{post['id']}{query}", headers=matching(who, post))
    assert response.status == 204, await response.text()


async def edit_and_publish(client, who):
    await step(client, who, "publish", await edit(client, who, title="Mine"))


async def edit_and_discard(client, who):
    await step(client, who, "discard", await edit(client, who, title="Mine"))


CHANGED_HERE = "skipped: changed here since it was imported"
DEEDS = {
    "edited": (lambda client, who: edit(client, who, title="Mine"), CHANGED_HERE),
    "edited and published": (edit_and_publish, CHANGED_HERE),
    "edited and discarded": (edit_and_discard, CHANGED_HERE),
    "unpublished": (lambda client, who: step(client, who, "unpublish"), CHANGED_HERE),
    "archived": (lambda client, who: step(client, who, "archive"), CHANGED_HERE),
    "trashed": (trash, "skipped: in the trash here"),
    "purged": (lambda client, who: trash(client, who, "?purge=true"), "skipped: removed for good here"),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_work_of_people_is_left_alone(client, save, database, admin, deed):
    await save(ENTRY)
    do, reason = DEEDS[deed]
    await do(client, admin)
    before = await everything(database)
    report = await save(CHANGED)
    assert counts(report) == {"skipped": 1}
    assert [(note.file, note.text) for note in report.notes] == [("first.md", reason)]
    assert await everything(database) == before


async def test_older_revision_that_was_published_on_purpose_stays(client, save, editor):
    await save(ENTRY)
    await save(CHANGED)
    await step(client, editor, "publish", revision=1)
    assert counts(await save(CHANGED)) == {"unchanged": 1}
    assert counts(await save(replace(CHANGED, title="Third"))) == {"skipped": 1}
    assert (await read(client))["title"] == "First"


async def test_draft_that_was_published_here_follows_no_draft(client, save, services, editor):
    draft = replace(ENTRY, is_draft=True)
    await save(draft)
    posts = services[PostService]
    post = await posts.reading.find_import("blog", "first.md")
    who = operator_in_the_name_of(post.working.author_ids[0])
    await posts.states.publish(Publishable(post, who), frozenset({post.version}))
    report = await save(replace(CHANGED, is_draft=True))
    assert [note.text for note in report.notes] == ["skipped: not for everybody by its file, but published here"]
    assert (await read(client))["title"] == "First"


# What a crash leaves


class Crash(Exception):
    pass


class Clock:
    """Says what time it is until it has been asked too often."""

    def __init__(self, error, ticks):
        self._error, self._ticks = error, ticks

    def __call__(self):
        self._ticks -= 1
        if self._ticks < 0:
            raise self._error
        return utc_now()


@pytest.fixture
async def indexed(database):
    await create_indexes(database, stores_of(FEATURES))
    return database


async def test_import_that_died_at_any_moment_is_completed_by_the_next(config, indexed):
    found = [ENTRY, replace(ENTRY, path="second.md", title="Second", former_slugs=("the-second",))]
    services = build_services(config, indexed)
    later = build_services(config, indexed, now=lambda: utc_now() + 2 * OVER)
    deaths = 0
    while True:
        dying = build_services(config, indexed, now=Clock(Crash(), deaths))
        try:
            await import_folder(dying, iter(found))
            break
        except Crash:
            deaths += 1
        await import_folder(services, iter(found))
        assert counts(await import_folder(services, iter(found))) == {"unchanged": 2}
        await later[PostService].counts.settle()
        await check_posts(indexed, services)
        for store in stores_of(FEATURES):
            await indexed[store.collection].delete_many({})
    assert deaths > 2 * len(found)


async def check_posts(database, services):
    """Two posts, under their slugs, and nothing that could be wrong with them."""
    posts = await database["posts"].find({"live.audience": "public"}).to_list(None)
    assert sorted(post["live"]["title"] for post in posts) == ["First", "Second"]
    slugs = [slug for post in posts for slug in post["live_slugs"]]
    assert sorted(slugs) == ["first", "first-2", "the-first", "the-second"]
    assert await database["slugs"].count_documents({}) == len(slugs)
    assert [tag async for tag in TagStore(services.database).post_counts()] == [("c-sharp", 2)]
    assert [count async for _, count in UserStore(services.database).posts_counts()] == [2]
    assert await database["revisions"].count_documents({}) == 0


@pytest.mark.parametrize("title", ["Third", "Changed once more"])
async def test_update_that_was_cut_off_before_publishing_is_completed(client, save, services, title):
    await save(ENTRY)
    await save(CHANGED)
    later = replace(CHANGED, title="Third")
    post = await services[PostService].reading.find_import("blog", "first.md")
    origin = replace(post.origin, fingerprint=later.fingerprint())
    draft = Draft(title="Third", body=later.body, slug="first", tags=post.working.tags)
    held = Editable(post, operator_in_the_name_of(post.working.author_ids[0]))
    await services[PostService].writing.edit(held, draft, frozenset({post.version}), origin=origin)
    assert (await read(client))["title"] == CHANGED.title
    assert counts(await save(replace(later, title=title))) == {"updated": 1}
    assert (await read(client))["title"] == title


async def test_import_stops_when_the_database_is_gone_and_tells_what_it_did(config, indexed):
    clock = Clock(Unavailable(), 1000)
    services = build_services(config, indexed, now=clock)

    def found():
        yield ENTRY
        clock._ticks = 0
        yield replace(ENTRY, path="second.md")

    with pytest.raises(Stopped) as stopped:
        await import_folder(services, found())
    assert counts(stopped.value.report) == {"created": 1}
