"""The door of posts."""

from __future__ import annotations

from blogapi.feature import Feature, Subscription, Wiring
from blogapi.jobs.model import Part, Task, Work
from blogapi.jobs.runner import every
from blogapi.personal import Person, PersonalData
from blogapi.pool.comparer import Comparer
from blogapi.posts import handlers
from blogapi.posts.addresses import Addresses
from blogapi.posts.bylines import Bylines
from blogapi.posts.cache_sources import PUBLIC_ADDRESSES, PUBLIC_GROUPS, PUBLIC_PART
from blogapi.posts.checks import post_checks
from blogapi.posts.counts import Counts
from blogapi.posts.custom.documented import custom_in_document
from blogapi.posts.custom.service import CustomFields
from blogapi.posts.custom.store import CustomStore
from blogapi.posts.exporting import Exporting
from blogapi.posts.leftovers import Leftovers
from blogapi.posts.previews import handlers as preview_handlers
from blogapi.posts.previews.service import Previews
from blogapi.posts.previews.store import PreviewLinkStore
from blogapi.posts.reading import Reading
from blogapi.posts.revisions import handlers as revision_handlers
from blogapi.posts.revisions.service import Revisions
from blogapi.posts.revisions.store import RevisionStore
from blogapi.posts.saving import Saving
from blogapi.posts.schedules.service import Schedules
from blogapi.posts.schedules.store import ScheduleStore
from blogapi.posts.service import PostService
from blogapi.posts.slugs import Slugs
from blogapi.posts.states import handlers as state_handlers
from blogapi.posts.states.service import States
from blogapi.posts.store import AddressStore, PostStore, SlugStore
from blogapi.posts.store.authored import Authored
from blogapi.posts.tagging import Tagging
from blogapi.posts.translations import handlers as translation_handlers
from blogapi.posts.translations.service import Translations
from blogapi.posts.translations.store import TranslationStore
from blogapi.posts.writing import Writing
from blogapi.settings.service import SettingsService
from blogapi.tags.model import RETAG_POSTS
from blogapi.tags.service import TagService
from blogapi.users.model import ProfileChanged
from blogapi.users.service import UserService

# What a crash leaves is put right within a minute: when it is certain that nobody is at work on it any more, and at
# the next run after that.
_SECOND, _TEN_SECONDS, _MINUTE, _HOUR = 1, 10, 60, 3600
# Texts, and who wrote them when, by id.
_OF_REVISION = frozenset(
    {
        *("title", "slug", "body", "body_format", "html", "excerpt_auto", "word_count", "reading_minutes", "toc"),
        *("excerpt", "tags", "lang", "cover", "seo", "custom", "revision", "edited_by", "edited_at", "note", "kind"),
        *("heavy_digest", "digested_revision"),
    }
)


def build(wiring: Wiring) -> PostService:
    """The service of posts, room by room."""
    database, now = wiring.database, wiring.now
    users, tags, settings = wiring[UserService], wiring[TagService], wiring[SettingsService]
    posts, revision_store = PostStore(database), RevisionStore(database)
    slug_store, address_store = SlugStore(database), AddressStore(database)
    slugs, addresses = Slugs(slug_store, now), Addresses(address_store, now)
    counts, bylines = Counts(posts, users, tags, now), Bylines(posts, revision_store, users, now)
    translations = Translations(TranslationStore(database), now)
    custom = CustomFields(CustomStore(database), settings)
    settings.preparations += [custom.check_schema, custom.prepare_filters]
    settings.clearings.append(custom.drop_filters)
    tagging = Tagging(posts, tags, counts, now)
    saving = Saving(posts, revision_store, slugs, addresses, translations, counts, tagging, custom, now)
    states = States(posts, revision_store, saving, slugs, bylines, tagging, now)
    return PostService(
        reading=Reading(posts, slugs, addresses, users, tags),
        writing=Writing(saving, slugs, addresses, users, tags, settings, custom, wiring.renderer.post, now),
        states=states,
        schedules=Schedules(ScheduleStore(database), posts, states, saving, slugs, users, now),
        revisions=Revisions(revision_store, saving, slugs, bylines, tagging, Comparer(wiring.renderer.ask), now),
        previews=Previews(
            PreviewLinkStore(database),
            posts,
            revision_store,
            bylines,
            wiring.config.auth.secret,
            wiring.config.public_url,
            now,
        ),
        translations=translations,
        bylines=bylines,
        counts=counts,
        tagging=tagging,
        custom=custom,
        leftovers=Leftovers(posts, revision_store, slug_store, address_store, translations, now),
        exporting=Exporting(Authored(database)),
    )


async def _purge_trash(posts: PostService) -> int:
    return await posts.states.purge_trash()


async def _run_schedules(posts: PostService) -> int:
    return await posts.schedules.run_due()


async def _settle_bylines(posts: PostService) -> int:
    return await posts.bylines.settle()


async def _settle_counts(posts: PostService) -> int:
    return await posts.counts.settle()


async def _retag(posts: PostService, task: Task) -> Part:
    return await posts.tagging.part(task)


async def _settle_tags(posts: PostService) -> int:
    return await posts.tagging.settle()


async def _settle_leftovers(posts: PostService) -> int:
    return await posts.leftovers.settle()


async def _settle_translations(posts: PostService) -> int:
    return await posts.translations.settle()


async def _index_filters(posts: PostService) -> int:
    return await posts.custom.index_filters()


async def _forget(posts: PostService, person: Person) -> None:
    await posts.bylines.show_present(person.id)


async def _forget_in_revisions(posts: PostService, person: Person) -> None:
    await posts.bylines.show_present_in_revisions(person.id)


async def _profile_changed(posts: PostService, event: ProfileChanged) -> None:
    await posts.bylines.profile_changed(event)


POSTS = Feature(
    name="posts",
    service=PostService,
    build=build,
    key=handlers.SERVICE,
    stores=(PostStore, RevisionStore, SlugStore, AddressStore, PreviewLinkStore, TranslationStore),
    personal=(
        PersonalData(
            collection=PostStore.collection,
            found_by=("working.authors.id", "live.authors.id"),
            pseudonym=frozenset({"working.authors", "live.authors"}),
            keep=frozenset(
                {
                    *("_id", "version", "status", "kind", "visibility", "featured", "comments_policy"),
                    *("working", "live"),
                    *("live_slugs", "slug_is_derived", "counters", "left", "changes", "applied", "trashed_from"),
                    *("review", "scheduled", "withdrawal", "schedule_error", "due_at", "deleted_at", "origin"),
                    *("created_at", "updated_at", "uncounted", "unswept_at"),
                    *("was_public", "working.authors.id", "live.authors.id", "translation_group", "schema"),
                }
            ),
            forget=_forget,
        ),
        PersonalData(
            collection=RevisionStore.collection,
            found_by=("authors.id",),
            pseudonym=frozenset({"authors"}),
            keep=frozenset({"_id", "post_id", "schema", "authors.id", *_OF_REVISION}),
            forget=_forget_in_revisions,
        ),
        PersonalData(
            collection=PreviewLinkStore.collection,
            keep=frozenset({"_id", "post_id", "revision", "created_by", "created_at", "expires_at", "schema"}),
        ),
    ),
    exports=lambda posts, person: posts.exporting.files(person),
    routes=(
        *handlers.routes,
        *state_handlers.routes,
        *revision_handlers.routes,
        *preview_handlers.routes,
        *translation_handlers.routes,
    ),
    jobs=(
        every(_SECOND, _run_schedules, done="posts published or unpublished as scheduled"),
        every(_HOUR, _purge_trash, done="posts removed from the trash"),
        every(_TEN_SECONDS, _settle_bylines, done="changed bylines looked after"),
        every(_TEN_SECONDS, _settle_counts, done="posts counted that somebody had left uncounted"),
        every(_TEN_SECONDS, _settle_translations, done="translations looked after"),
        every(_TEN_SECONDS, _settle_tags, done="posts given their present tags, which had been left behind"),
        every(_TEN_SECONDS, _settle_leftovers, done="leftovers of interrupted writes removed"),
        every(_MINUTE, _index_filters, done="indexes made of fields in custom"),
    ),
    work=(Work(RETAG_POSTS, _retag),),
    checks=lambda wiring: post_checks(wiring).all(),
    measures=lambda wiring: wiring[PostService].schedules.measures(),
    subscriptions=(Subscription(ProfileChanged, _profile_changed),),
    amends=custom_in_document,
    shows={
        PostStore.collection: PUBLIC_PART,
        AddressStore.collection: PUBLIC_ADDRESSES,
        TranslationStore.collection: PUBLIC_GROUPS,
    },
)
