"""The cache by itself: what evicts what, and what is never kept."""

import tracemalloc
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from blogapi.cache.cache import Cache
from blogapi.cache.sources import FoundBy, PublicPart, Sources, document, found_by
from blogapi.db.collection import Write

MB = 1 << 20


@dataclass(frozen=True)
class Pet:
    """Found by its kind; a page of pets admits those up to an age."""

    kind: str
    age: int

    @property
    def found_by(self):
        return ("kind=" + self.kind,)


def place_of(pet):
    return Pet(pet["kind"], pet["age"]) if pet.keys() > {"_id"} else FoundBy(("*",))


PETS = PublicPart(fields=frozenset({"name", "kind", "age"}), projection={}, place_of=place_of)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(clock):
    cache = Cache({"pets": PETS}, 8 * MB, clock)
    cache.heard(0)
    return cache


def put(cache, key, *names, admits=None, size=100, begun=None, answer=None):
    sources = Sources(set(names), {} if admits is None else {"pets": admits})
    return cache.offer(key, size) and cache.put(key, answer or key, size, sources, begun or cache.now())


def pet(identifier, kind="cat", age=3, **about):
    return Write(collection="pets", id=identifier, document={"_id": identifier, "kind": kind, "age": age}, **about)


REX, CATS, DOGS = document("pets", "rex"), found_by("pets", "kind=cat"), found_by("pets", "kind=dog")


@pytest.mark.parametrize(
    ("names", "write", "stays"),
    [
        ([REX], pet("rex"), False),
        ([REX], pet("tom"), True),
        ([REX], pet("rex", touched=frozenset({"name", "secret"})), False),
        ([REX], pet("rex", touched=frozenset({"secret"})), True),
        ([REX], Write(collection="pets", id="rex", removed=True), False),
        ([REX], Write(collection="pets", id="tom", removed=True), True),
        ([REX], Write(collection="plants", id="rex"), True),
        ([REX], Write(collection="pets"), False),
        ([REX], Write(collection="pets", touched=frozenset({"secret"})), True),
        ([CATS], pet("tom"), False),
        ([CATS], pet("tom", "dog"), True),
        ([CATS], Write(collection="pets", id="tom"), False),
        ([CATS], Write(collection="pets", id="tom", removed=True), False),
        ([CATS], Write(collection="pets", id="tom", document={"_id": "tom"}), False),
        ([CATS], Write(collection="pets"), False),
        ([CATS, REX], pet("rex", "dog"), False),
        ([document("pets", "a?b")], Write(collection="pets"), False),
        ([found_by("pets", "kind=a/b")], Write(collection="pets"), False),
    ],
)
def test_write_evicts_what_was_made_from_it_and_nothing_else(cache, names, write, stays):
    put(cache, "/", *names)
    cache.written(write)
    assert (cache.get("/") == "/") is stays
    assert len(cache) == stays


@pytest.mark.parametrize(("age", "stays"), [(3, False), (9, True)])
def test_page_stays_when_it_would_not_admit_what_was_written(cache, age, stays):
    put(cache, "/young", CATS, admits=lambda found: found.age < 5)
    cache.written(pet("tom", age=age))
    assert (cache.get("/young") is not None) is stays


@pytest.mark.parametrize("odd", [{"kind": "cat"}, {"kind": ["cat"], "age": 3}, {"kind": "cat", "age": "three"}])
def test_document_of_another_shape_than_ours_may_belong_on_any_page(cache, odd):
    put(cache, "/young", CATS, admits=lambda found: found.age < 5)
    begun = cache.now()
    cache.written(Write(collection="pets", id="tom", document={"_id": "tom", **odd}))
    assert cache.get("/young") is None
    assert not put(cache, "/young", CATS, admits=lambda found: found.age < 5, begun=begun)


def test_page_goes_when_something_on_it_does_not_belong_there_any_more(cache):
    put(cache, "/young", CATS, document("pets", "tom"), admits=lambda found: found.age < 5)
    cache.written(pet("tom", age=9))
    assert cache.get("/young") is None


@pytest.mark.parametrize(
    ("write", "is_kept"),
    [(pet("rex"), False), (pet("tom"), False), (pet("tom", "dog"), True), (Write(collection="pets"), False)],
)
def test_answer_that_was_overtaken_by_a_write_is_not_kept(cache, write, is_kept):
    begun = cache.now()
    cache.written(write)
    assert put(cache, "/", REX, CATS, begun=begun) is is_kept
    assert (cache.get("/") is not None) is is_kept


def test_answer_begun_before_more_writes_than_are_remembered_is_not_kept(cache):
    begun = cache.now()
    for number in range(2001):
        cache.written(pet(number, "dog"))
    assert not put(cache, "/", REX, begun=begun)
    assert put(cache, "/", REX)


def test_moment_is_unchanged_until_something_is_written(cache):
    begun = cache.now()
    assert cache.is_unchanged(begun)
    cache.written(pet("rex", touched=frozenset({"secret"})))
    assert cache.is_unchanged(begun)
    cache.written(pet("rex"))
    assert not cache.is_unchanged(begun)


def test_nothing_is_served_or_kept_when_writes_have_not_been_heard_of_for_a_second(cache, clock):
    put(cache, "/", REX)
    begun = cache.now()
    clock.now = 0.99
    assert cache.get("/") == "/"
    clock.now = 1.0
    assert cache.get("/") is None
    assert cache.now() is None
    assert not put(cache, "/late", REX, begun=begun)
    cache.heard(0.5)
    assert cache.get("/") == "/"
    clock.now = 1.5
    assert cache.get("/") is None


def test_cache_that_stood_aside_keeps_what_nobody_wrote_meanwhile(cache, clock):
    begun = cache.now()
    put(cache, "/rex", REX)
    put(cache, "/cats", CATS)
    cache.stand_aside("lost")
    assert (cache.get("/rex"), cache.now(), cache.aside) == (None, None, "lost")
    assert not put(cache, "/late", DOGS, begun=begun)
    cache.written(pet("tom"))
    cache.heard(0)
    assert (cache.get("/rex"), cache.get("/cats"), cache.aside) == ("/rex", None, "")
    assert not put(cache, "/cats", CATS, begun=begun)
    assert put(cache, "/dogs", DOGS, begun=begun)


def test_cache_that_starts_over_has_forgotten_everything(cache):
    begun = cache.now()
    put(cache, "/", REX)
    cache.put_missing("/none", "no", 100, Sources({REX}), begun)
    cache.start_over("lost")
    assert (cache.get("/"), cache.now(), cache.aside, len(cache), cache.bytes) == (None, None, "lost", 0, 0)
    cache.heard(0)
    assert cache.get("/") is None
    assert cache.get_missing("/none") is None
    assert not put(cache, "/", REX, begun=begun)


def test_answer_without_sources_is_not_kept(cache):
    assert not put(cache, "/")


def test_memory_is_bounded_whatever_the_keys(cache):
    for number in range(20_000):
        put(cache, f"/?{number}", REX, size=1000)
    assert 0 < cache.bytes <= 8 * MB
    assert len(cache) < 8 * MB // 1000
    cache.written(pet("rex"))
    assert len(cache) == 0
    assert cache.bytes == 0


@contextmanager
def traced():
    """Yields a function that tells how many bytes more are held than at the beginning."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_latest_writes_take_a_small_part_however_much_they_say(cache):
    with traced() as held:
        for number in range(2000):
            cache.written(pet(number, kind=f"{number}" * 1000 + "\N{CAT}"))
        assert held() < MB
    begun = cache.now()
    cache.written(pet("tom"))
    assert put(cache, "/", REX, begun=begun)  # the last of them are still known
    assert not put(cache, "/", CATS, begun=begun)


@pytest.mark.parametrize("letter", ["a", "\N{CAT}"])
def test_what_is_missing_takes_a_small_part_however_long_its_names(cache, letter):
    with traced() as held:
        for number in range(2000):
            names = {document("pets", f"{number}{letter}" + "a" * 1900)}
            cache.put_missing(f"/{number}", "no", 100, Sources(names), cache.now())
        assert held() < 8 * MB / 32 * 1.2


def test_answers_take_no_more_than_they_may_however_long_their_names(cache):
    with traced() as held:
        for number in range(4000):
            put(cache, f"/{number}", document("pets", f"{number}\N{CAT}" + "a" * 1900), size=0)
        assert MB < held() < 8 * MB


def test_addresses_that_are_asked_for_once_take_a_small_part_together(cache):
    for number in range(8000):
        put(cache, f"/{number}", REX, size=2000)
    with traced() as held:
        for number in range(100_000):
            assert not put(cache, f"/once/{number}", REX, size=2000)
        assert held() < 8 * MB / 32


def test_what_several_ask_for_together_is_kept_when_there_is_no_room(cache):
    for number in range(20_000):
        put(cache, f"/?{number}", REX, size=1000)
    assert not cache.offer("/one", 1000)
    assert cache.offer("/several", 1000, askers=2)


def test_to_be_offered_says_the_same_whatever_the_size_that_is_left_of_an_answer(cache):
    for number in range(20_000):
        put(cache, f"/?{number}", REX, size=1000)
    assert not put(cache, "/page", REX, size=100_000)
    assert cache.offer("/page", 100_000)
    assert cache.put("/page", "packed", 50_000, Sources({REX}), cache.now())


def test_what_is_asked_for_once_takes_nobodys_place_when_there_is_no_room(cache):
    for number in range(20_000):
        put(cache, f"/?{number}", REX, size=1000)
    kept = len(cache)
    assert not put(cache, "/new", REX, size=1000)
    assert put(cache, "/new", REX, size=1000)
    assert cache.get("/new")
    assert abs(len(cache) - kept) <= 1


def test_what_was_asked_for_and_changed_is_kept_again_at_once_when_there_is_no_room(cache):
    put(cache, "/rex", REX, size=1000)
    assert cache.get("/rex")
    for number in range(20_000):
        put(cache, f"/?{number}", CATS, size=1000)
    cache.written(pet("rex", "dog"))
    assert put(cache, "/rex", REX, size=1000)


def test_what_is_asked_for_stays_while_others_come_and_go(cache):
    loved = [f"/loved/{number}" for number in range(100)]
    for key in loved:
        put(cache, key, REX, size=1000)
    for number in range(10_000):
        put(cache, f"/?{number}", REX, size=1000)
        put(cache, f"/?{number}", REX, size=1000)
        if number % 100 == 0:
            assert [key for key in loved if cache.get(key) is None] == []


def test_what_nobody_asks_for_any_more_goes_in_the_end(cache):
    put(cache, "/once-loved", REX, size=1000)
    for _ in range(10):
        assert cache.get("/once-loved")
    for number in range(50_000):
        put(cache, f"/?{number}", REX, size=1000)
        put(cache, f"/?{number}", REX, size=1000)
    assert cache.get("/once-loved") is None


def test_what_is_asked_for_again_survives_a_flood_of_what_is_not(cache):
    for number in range(1000):
        put(cache, f"/loved/{number}", REX, size=1000)
        assert cache.get(f"/loved/{number}")
    for number in range(20_000):
        put(cache, f"/?{number}", REX, size=1000)
    assert all(cache.get(f"/loved/{number}") for number in range(1000))


def test_large_answer_takes_nobody_elses_place(cache):
    assert put(cache, "/small", REX)
    assert not put(cache, "/large", REX, size=MB)
    assert cache.get("/small")


def test_what_is_missing_takes_a_small_part_and_is_evicted_like_the_rest(cache):
    for number in range(5000):
        cache.put_missing(f"/{number}", "no", 100, Sources({document("pets", number)}), cache.now())
    assert cache.bytes <= 8 * MB // 32
    assert len(cache) > 100
    assert cache.get_missing("/4999") == "no"
    cache.written(pet(4999))
    assert cache.get_missing("/4999") is None
    assert cache.get_missing("/4998") == "no"


def test_unpacked_form_is_counted_and_goes_with_its_answer(cache):
    put(cache, "/", REX)
    before = cache.bytes
    cache.put_unpacked("/", bytes(5000))
    assert cache.get_unpacked("/") == bytes(5000)
    assert cache.bytes > before + 5000
    cache.written(pet("rex"))
    assert (cache.get_unpacked("/"), cache.bytes) == (None, 0)


@pytest.mark.parametrize("forget", ["another answer", "all"])
def test_unpacked_form_of_a_former_answer_is_never_found(cache, forget):
    put(cache, "/", REX)
    cache.put_unpacked("/", bytes(5000))
    if forget == "all":
        cache.start_over("lost")
        cache.heard(0)
    put(cache, "/", REX, answer="another")
    assert cache.get("/") == "another"
    assert cache.get_unpacked("/") is None


def test_unpacked_forms_take_the_room_that_answers_leave(cache):
    def unpacked():
        return sum(cache.get_unpacked(f"/{number}") is not None for number in range(500))

    for number in range(500):
        put(cache, f"/{number}", CATS, size=1000)
        cache.put_unpacked(f"/{number}", bytes(9000))
    assert unpacked() == 500
    for number in range(20_000):
        put(cache, f"/?{number}", REX, size=1000)
        assert cache.bytes <= 8 * MB
    assert cache.bytes > 7 * MB
    assert 100 < unpacked() < 200  # an eighth is theirs, and what is free


def test_what_is_unpacked_often_gets_a_place_and_what_is_unpacked_once_rarely(cache):
    for number in range(2000):
        put(cache, f"/{number}", CATS)
    for number in range(2000):
        cache.put_unpacked(f"/{number}", bytes(9000))
    before = {number for number in range(2000) if cache.get_unpacked(f"/{number}")}
    new = [number for number in range(2000) if number not in before][:40]
    for number in new:
        cache.put_unpacked(f"/{number}", bytes(9000))
    kept = [number for number in new if cache.get_unpacked(f"/{number}")]
    assert 0 < len(kept) <= 10
    assert len([number for number in before if cache.get_unpacked(f"/{number}")]) >= len(before) - len(kept)
    loved = next(number for number in range(2000) if not cache.get_unpacked(f"/{number}"))
    for _ in range(10):
        cache.put_unpacked(f"/{loved}", bytes(9000))
    assert cache.get_unpacked(f"/{loved}") == bytes(9000)
