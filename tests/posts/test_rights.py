"""Who may do what with a post, in which state: all of it, asked of the services, with no HTTP in between.

A cell says what happens when somebody of that role asks for the verb: `yes`, or the error by its status. `own` are
those who are among the authors of the post; who has lost the role of a writer since then is in `reader own`.
"""

import inspect
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar, Union, get_args, get_origin, get_type_hints

import pytest

import blogapi
from blogapi.access.identity import Byline, Identity
from blogapi.clock import utc_now
from blogapi.db.client import new_id
from blogapi.errors import Conflict, Forbidden, Gone, NotFound
from blogapi.paging.page import PageRequest
from blogapi.posts.copies import Content, Working, live_copy, working_copy
from blogapi.posts.model import FLAGS, Draft, Post, PublicFilter, Review, WorkingFilter
from blogapi.posts.revisions.service import Revisions
from blogapi.posts.rights import Editable, LivePost, Named, Publishable, Purgeable, editable_or_named
from blogapi.posts.schedules.model import Schedule, Withdrawal
from blogapi.posts.schedules.service import Schedules
from blogapi.posts.service import PostService
from blogapi.posts.states.service import States
from blogapi.posts.states.transitions import ARCHIVE, REJECT, RESTORE, SUBMIT, TRANSITIONS, TRASH, UNPUBLISH, UNSCHEDULE
from blogapi.posts.store import PostStore
from blogapi.posts.translations.service import Translations
from blogapi.posts.writing import Writing
from blogapi.users.model import User
from blogapi.users.store import UserStore
from blogapi.wiring import build_services

OUTCOMES = {Gone: "410", NotFound: "404", Forbidden: "403", Conflict: "409"}
COLUMNS = ("nobody", "reader", "reader own", "contr. own", "contr.", "author own", "author", "editor", "admin")
TABLE = """
                       nobody reader rd.own co.own contr. au.own author editor admin
read             draft    404    404    404    yes    404    yes    404    yes   yes
read          in-review    404    404    404    yes    404    yes    404    yes   yes
read         scheduled    404    404    404    yes    404    yes    404   yes   yes
read         published    yes    yes    yes    yes    yes    yes    yes    yes   yes
read          unlisted    yes    yes    yes    yes    yes    yes    yes    yes   yes
read           members    404    yes    yes    yes    yes    yes    yes    yes   yes
read           private    404    404    404    yes    404    yes    404    yes   yes
read          archived    404    404    404    yes    404    yes    404    yes   yes
read           trashed    404    404    404    yes    404    yes    404    yes   yes
read            purged    410    410    410    410    410    410    410    410   410

work             draft    404    404    404    yes    404    yes    404    yes   yes
work          in-review    404    404    404    yes    404    yes    404    yes   yes
work         scheduled    404    404    404    yes    404    yes    404   yes   yes
work         published    403    403    403    yes    403    yes    403    yes   yes
work           members    404    403    403    yes    403    yes    403    yes   yes
work           private    404    404    404    yes    404    yes    404    yes   yes
work          archived    404    404    404    yes    404    yes    404    yes   yes
work           trashed    404    404    404    yes    404    yes    404    yes   yes
work            purged    410    410    410    410    410    410    410    410   410

edit             draft    404    404    404    yes    404    yes    404    yes   yes
edit          in-review    404    404    404    yes    404    yes    404    yes   yes
edit         scheduled    404    404    404    yes    404    yes    404   yes   yes
edit         published    403    403    403    yes    403    yes    403    yes   yes
edit           private    404    404    404    yes    404    yes    404    yes   yes
edit          archived    404    404    404    yes    404    yes    404    yes   yes
edit           trashed    404    404    404    409    404    409    404    409   409

hide             draft    404    404    404    yes    404    yes    404    yes   yes
hide         scheduled    404    404    404    403    404    yes    404   yes   yes
hide         published    403    403    403    403    403    yes    403    yes   yes
hide          archived    404    404    404    yes    404    yes    404    yes   yes

feature          draft    404    404    404    403    404    403    404    yes   yes
feature      published    403    403    403    403    403    403    403    yes   yes

leave            draft    404    404    404    yes    404    yes    404    yes   yes
leave        published    403    403    yes    yes    403    yes    403    yes   yes
leave          private    404    404    404    yes    404    yes    404    yes   yes

submit           draft    404    404    404    yes    404    yes    404    yes   yes
submit       in-review    404    404    404    409    404    409    404    409   409
submit       scheduled    404    404    404    409    404    409    404   409   409
submit       published    403    403    403    409    403    409    403    409   409
submit        archived    404    404    404    409    404    409    404    409   409
submit         trashed    404    404    404    409    404    409    404    409   409

reject           draft    404    404    404    403    404    403    404    409   409
reject       in-review    404    404    404    403    404    403    404    yes   yes
reject       scheduled    404    404    404    403    404    403    404   409   409
reject       published    403    403    403    403    403    403    403    409   409
reject         trashed    404    404    404    403    404    403    404    409   409

publish          draft    404    404    404    403    404    yes    404    yes   yes
publish       in-review    404    404    404    403    404    yes    404    yes   yes
publish      scheduled    404    404    404    403    404    yes    404   yes   yes
publish      published    403    403    403    403    403    yes    403    yes   yes
publish        private    404    404    404    403    404    yes    404    yes   yes
publish       archived    404    404    404    403    404    yes    404    yes   yes
publish        trashed    404    404    404    403    404    409    404    409   409

schedule         draft    404    404    404    403    404    yes    404   yes   yes
schedule     in-review    404    404    404    403    404    yes    404   yes   yes
schedule     scheduled    404    404    404    403    404    yes    404   yes   yes
schedule     published    403    403    403    403    403    409    403   409   409
schedule      archived    404    404    404    403    404    409    404   409   409
schedule       trashed    404    404    404    403    404    409    404   409   409

unschedule       draft    404    404    404    403    404    409    404   409   409
unschedule   scheduled    404    404    404    403    404    yes    404   yes   yes
unschedule      ending    403    403    403    403    403    yes    403   yes   yes
unschedule   published    403    403    403    403    403    409    403   409   409
unschedule     trashed    404    404    404    403    404    409    404   409   409

end              draft    404    404    404    403    404    409    404   409   409
end          scheduled    404    404    404    403    404    yes    404   yes   yes
end             ending    403    403    403    403    403    yes    403   yes   yes
end          published    403    403    403    403    403    yes    403   yes   yes
end           archived    404    404    404    403    404    409    404   409   409

unpublish        draft    404    404    404    403    404    409    404    409   409
unpublish     in-review    404    404    404    403    404    409    404    409   409
unpublish    scheduled    404    404    404    403    404    409    404   409   409
unpublish       ending    403    403    403    403    403    yes    403   yes   yes
unpublish    published    403    403    403    403    403    yes    403    yes   yes
unpublish      private    404    404    404    403    404    yes    404    yes   yes
unpublish     archived    404    404    404    403    404    409    404    409   409
unpublish      trashed    404    404    404    403    404    409    404    409   409

archive          draft    404    404    404    403    404    409    404    409   409
archive       in-review    404    404    404    403    404    409    404    409   409
archive      scheduled    404    404    404    403    404    409    404   409   409
archive      published    403    403    403    403    403    yes    403    yes   yes
archive        private    404    404    404    403    404    yes    404    yes   yes
archive       archived    404    404    404    403    404    409    404    409   409
archive        trashed    404    404    404    403    404    409    404    409   409

restore          draft    404    404    404    409    404    409    404    409   409
restore       in-review    404    404    404    409    404    409    404    409   409
restore      scheduled    404    404    404    409    404    409    404   409   409
restore      published    403    403    403    409    403    409    403    409   409
restore       archived    404    404    404    yes    404    yes    404    yes   yes
restore        trashed    404    404    404    403    404    yes    404    yes   yes
restore  trashed-draft    404    404    404    yes    404    yes    404    yes   yes

discard          draft    404    404    404    409    404    409    404    409   409
discard       in-review    404    404    404    409    404    409    404    409   409
discard      scheduled    404    404    404    409    404    409    404   409   409
discard      published    403    403    403    yes    403    yes    403    yes   yes
discard       archived    404    404    404    yes    404    yes    404    yes   yes
discard        trashed    404    404    404    409    404    409    404    409   409

trash            draft    404    404    404    yes    404    yes    404    yes   yes
trash         in-review    404    404    404    yes    404    yes    404    yes   yes
trash        scheduled    404    404    404    403    404    yes    404   yes   yes
trash        published    403    403    403    403    403    yes    403    yes   yes
trash          private    404    404    404    403    404    yes    404    yes   yes
trash         archived    404    404    404    yes    404    yes    404    yes   yes
trash          trashed    404    404    404    409    404    409    404    409   409

purge            draft    404    404    404    403    404    403    404    403   yes
purge        scheduled    404    404    404    403    404    403    404   403   yes
purge        published    403    403    403    403    403    403    403    403   yes
purge         archived    404    404    404    403    404    403    404    403   yes
purge          trashed    404    404    404    403    404    403    404    403   yes

revisions        draft    404    404    404    yes    404    yes    404    yes   yes
revisions    published    403    403    403    yes    403    yes    403    yes   yes
revisions      trashed    404    404    404    yes    404    yes    404    yes   yes

revision         draft    404    404    404    yes    404    yes    404    yes   yes
revision     published    403    403    403    yes    403    yes    403    yes   yes

go-back          draft    404    404    404    yes    404    yes    404    yes   yes
go-back       in-review    404    404    404    yes    404    yes    404    yes   yes
go-back      scheduled    404    404    404    yes    404    yes    404   yes   yes
go-back      published    403    403    403    yes    403    yes    403    yes   yes
go-back        trashed    404    404    404    409    404    409    404    409   409
"""
ROWS = [line.split() for line in TABLE.splitlines()[2:] if line]
# The audiences of published posts, each a state of its own here.
VISIBILITIES = {"published": "public", "unlisted": "unlisted", "members": "members", "private": "private"}


def wish(post, **changes):
    """The draft that says what the post says, but for these."""
    about = {name.name for name in fields(Draft)} & {name.name for name in fields(Content)}
    same = {name: getattr(post.working, name) for name in about}
    flags = {name: getattr(post, name) for name in FLAGS}
    chosen = {"author_ids": post.working.author_ids, "slug": None if post.slug_is_derived else post.working.slug}
    return Draft(**{**same, **flags, **chosen, **changes})


def editing(**changes):
    async def edit(posts, who, post_id):
        held = await posts.reading.get(editable_or_named, who, post_id)
        return await posts.writing.edit(held, wish(held.post, **changes), frozenset({held.post.version}))

    return edit


async def leave(posts, who, post_id):
    held = await posts.reading.get(editable_or_named, who, post_id)
    rest = tuple(author_id for author_id in held.post.working.author_ids if author_id != OWN)
    return await posts.writing.edit(held, wish(held.post, author_ids=rest), frozenset({held.post.version}))


async def publish(posts, who, post_id):
    held = await posts.reading.get(Publishable, who, post_id)
    return await posts.states.publish(held, frozenset({held.post.version}))


async def schedule(posts, who, post_id):
    held = await posts.reading.get(Publishable, who, post_id)
    return await posts.schedules.publish(held, frozenset({held.post.version}), utc_now() + timedelta(hours=1))


async def end(posts, who, post_id):
    held = await posts.reading.get(Publishable, who, post_id)
    return await posts.schedules.unpublish(held, frozenset({held.post.version}), utc_now() + timedelta(days=3))


def taking(step):
    async def take(posts, who, post_id):
        held = await posts.reading.get(step.needs, who, post_id)
        return await posts.states.apply(step, held, frozenset({held.post.version}))

    return take


async def purge(posts, who, post_id):
    held = await posts.reading.get(Purgeable, who, post_id)
    return await posts.states.purge(held, frozenset({held.post.version}))


async def discard(posts, who, post_id):
    held = await posts.reading.get(Editable, who, post_id)
    return await posts.revisions.discard(held, frozenset({held.post.version}))


async def go_back(posts, who, post_id):
    held = await posts.reading.get(Editable, who, post_id)
    return await posts.revisions.restore(held, 1, frozenset({held.post.version}))


async def list_revisions(posts, who, post_id):
    return await posts.revisions.list(await posts.reading.get(Editable, who, post_id), PageRequest(limit=1))


async def read_revision(posts, who, post_id):
    return await posts.revisions.read(await posts.reading.get(Editable, who, post_id), 1)


VERBS = {
    "read": lambda posts, who, post_id: posts.reading.read(who, post_id=post_id),
    "work": lambda posts, who, post_id: posts.reading.get(Editable, who, post_id),
    "edit": editing(title="Another"),
    "hide": editing(visibility="private"),
    "feature": editing(featured=True),
    "leave": leave,
    "publish": publish,
    "schedule": schedule,
    "end": end,
    "discard": discard,
    "purge": purge,
    "revisions": list_revisions,
    "revision": read_revision,
    "go-back": go_back,
    **{step.verb: taking(step) for step in (SUBMIT, REJECT, UNSCHEDULE, UNPUBLISH, ARCHIVE, RESTORE, TRASH)},
}

OWN, OTHER, NOBODY_HERE = (f"{number}" * 24 for number in "abc")


def viewers():
    """Who asks, column by column."""
    found = [None]
    for column in ("reader", "reader own", "contributor own", "contributor", "author own", "author", "editor", "admin"):
        role, _, own = column.partition(" ")
        found.append(Identity(user_id=OWN if own else NOBODY_HERE, role=role))
    return found


def post_in(state):
    """A post of `OWN` and somebody else, in this state."""
    now, visibility = utc_now(), VISIBILITIES.get(state, "public")
    names = [Byline(id=user_id, username=name, display_name=name) for user_id, name in ((OWN, "own"), (OTHER, "other"))]
    content = Content(title="T", slug="t", authors=tuple(names))
    writer = Identity(user_id=OWN, role="author")
    working = working_copy(content, 1, writer, now, note="", kind="create")
    live = live_copy(content, 1, version=1, since=now, now=now, audience=visibility)
    times = {"created_at": now, "updated_at": now, "visibility": visibility}
    post = Post(id=new_id(), version=1, status="published", working=working, live=live, live_slugs=("t",), **times)
    if state in VISIBILITIES:
        return post
    if state == "ending":
        return replace(post, withdrawal=Withdrawal(at=now + timedelta(days=2), by=OWN))
    hidden = replace(post, live=replace(live, audience=None))
    if state in ("trashed", "purged"):
        return replace(hidden, status="trashed", trashed_from="published", deleted_at=now)
    if state == "archived":
        return replace(hidden, status="archived")
    draft = replace(post, status="draft", live=None, live_slugs=())
    if state == "in-review":
        review = Review(revision=1, submitted_by=OWN, submitted_at=now)
        return replace(draft, status="in_review", review=review)
    if state == "scheduled":
        schedule = Schedule(at=now + timedelta(days=1), revision=1, slug="t", by=OWN)
        return replace(draft, status="scheduled", scheduled=schedule)
    return draft if state == "draft" else replace(draft, status="trashed", trashed_from="draft", deleted_at=now)


@pytest.fixture
async def services(config, database):
    """Those of a blog in which the authors of the posts have accounts."""
    for user_id, name in ((OWN, "own"), (OTHER, "other")):
        about = {"display_name": name, "role": "reader", "status": "active"}
        times = {"created_at": utc_now(), "updated_at": utc_now()}
        await UserStore(database).insert(User(id=user_id, username=name, username_key=name, **about, **times))
    return build_services(config, database)


async def outcome(work):
    try:
        await work
    except tuple(OUTCOMES) as error:
        return next(name for kind, name in OUTCOMES.items() if isinstance(error, kind))
    return "yes"


@pytest.mark.parametrize(("verb", "state", "expected"), [(verb, state, rest) for verb, state, *rest in ROWS])
async def test_verb_in_a_state_is_for_these_roles(services, database, verb, state, expected):
    posts, store, found = services[PostService], PostStore(database), []
    for who in viewers():
        post = post_in(state)
        await store.insert(post, None)
        if state == "purged":
            await store.purge(post, utc_now(), None)
        before = await database["posts"].find_one({"version": {"$gte": 1}})
        found.append(await outcome(VERBS[verb](posts, who, post.id)))
        if found[-1] != "yes":
            assert await database["posts"].find_one({"version": {"$gte": 1}}) == before
        await database["posts"].delete_many({})
        await database["slugs"].delete_many({})
        await database["revisions"].delete_many({})
    assert dict(zip(COLUMNS, found, strict=True)) == dict(zip(COLUMNS, expected, strict=True))


@pytest.mark.parametrize(
    ("role", "drafts", "publishes", "features", "for_others"),
    [
        ("reader", "403", "403", "403", "403"),
        ("contributor", "yes", "403", "403", "403"),
        ("author", "yes", "yes", "403", "403"),
        ("editor", "yes", "yes", "yes", "yes"),
        ("admin", "yes", "yes", "yes", "yes"),
    ],
)
async def test_new_post_is_for_these_roles(services, role, drafts, publishes, features, for_others):
    writing, who = services[PostService].writing, Identity(user_id=OWN, role=role)
    wishes = (
        Draft(title="One"),
        Draft(title="Two", status="published"),
        Draft(title="Three", featured=True),
        Draft(title="Four", author_ids=(OTHER,)),
    )
    found = [await outcome(writing.create(who, each)) for each in wishes]
    assert found == [drafts, publishes, features, for_others]


@pytest.mark.parametrize("state", ["published", "unlisted", "members"])
async def test_who_may_not_edit_a_post_gets_nothing_of_its_working_copy(services, database, state):
    post = post_in(state)
    await PostStore(database).insert(post, None)
    for who in viewers():
        try:
            found = await services[PostService].reading.read(who, post_id=post.id)
        except NotFound:
            continue
        assert isinstance(found, Editable if post.may_edit(who) else LivePost)
    assert {Post, Working} & {*get_type_hints(LivePost).values()} == set()


async def test_lists_hold_what_the_viewer_may_see(services, database):
    reading, states = services[PostService].reading, [*VISIBILITIES, "draft", "in-review", "scheduled", "archived"]
    kept = {state: post_in(state) for state in states}
    for post in kept.values():
        await PostStore(database).insert(post, None)
    page = PageRequest(limit=100)
    public = await reading.list_public(PublicFilter(), (), page, None)
    assert [post["id"] for post in public.items] == [kept["published"].id]
    for who in viewers()[1:]:
        found = await reading.list_working(who, WorkingFilter(), (), page, heavy=False)
        sees_all = who.is_editor or (who.user_id == OWN and who.has_role("contributor"))
        assert {post.id for post in found.items} == ({post.id for post in kept.values()} if sees_all else set())


def test_every_transition_and_every_verb_of_a_room_is_in_the_table():
    in_table = {verb for verb, *_ in ROWS}
    assert {step.verb for step in TRANSITIONS} <= in_table == set(VERBS)


WITHOUT_ANYBODY = {"purge_trash", "run_due", "put_right", "measures", "settle", "repair", "forget"}  # jobs and the like
SAVING_ROOMS = {f"posts/{room}/service.py" for room in ("states", "schedules", "revisions")}
SAVING_ROOMS |= {"posts/feature.py", "posts/writing.py"}
RIGHTS = {Editable, Publishable, Purgeable, Named, Identity}


@pytest.mark.parametrize("room", [Writing, States, Schedules, Revisions, Translations])
def test_verb_takes_a_right_or_who_acts(room):
    """Forgetting to ask is an error of types: there is no way to call it with nothing but a post."""
    verbs = {name: verb for name, verb in inspect.getmembers(room, inspect.isfunction) if not name.startswith("_")}
    for name in verbs.keys() - WITHOUT_ANYBODY:
        hints = get_type_hints(verbs[name])
        hints.pop("return")
        assert any(is_right(hint) for hint in hints.values()), name
        assert Post not in hints.values(), name


def is_right(hint):
    if isinstance(hint, TypeVar):
        return hint.__bound__ in RIGHTS
    if get_origin(hint) is Union or str(hint).count("|"):
        return all(is_right(part) for part in get_args(hint))
    return hint in RIGHTS


@pytest.mark.parametrize(
    ("word", "rooms"),
    [
        # A preview link is itself the right to read its post, and what is due is done by a right to what was read.
        (
            "get_unguarded",
            {f"posts/{room}.py" for room in ("store/posts", "saving", "previews/service", "schedules/service")},
        ),
        ("Saving(", {"posts/feature.py"}),
        ("posts.saving", SAVING_ROOMS),
    ],
)
def test_what_asks_for_no_right_is_used_behind_those_that_do(word, rooms):
    package = Path(blogapi.__file__).parent
    using = {file.relative_to(package).as_posix() for file in package.rglob("*.py") if word in file.read_text()}
    assert using == rooms


@pytest.mark.parametrize("right", [Editable, Publishable, Purgeable, Named])
def test_right_cannot_be_made_by_who_does_not_have_it(right):
    with pytest.raises(Forbidden):
        right(post_in("published"), Identity(user_id=NOBODY_HERE, role="author"))
    held = right(post_in("published"), Identity(user_id=OWN, role="admin"))
    with pytest.raises(Forbidden):
        replace(held, who=Identity(user_id=NOBODY_HERE, role="reader"))
