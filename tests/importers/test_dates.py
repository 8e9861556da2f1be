from datetime import UTC, datetime, timedelta, timezone

import pytest

from blogapi.importers.date_places import date_in_name, date_in_path
from blogapi.importers.dates import read_date, to_utc
from blogapi.importers.model import Unfit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-09-16", "2024-09-16T00:00:00+00:00"),
        ("2024/9/6", "2024-09-06T00:00:00+00:00"),
        ("2024-09-16 13:10", "2024-09-16T13:10:00+00:00"),
        ("2024-09-16 13:10:05 +0100", "2024-09-16T12:10:05+00:00"),
        ("2024-09-16 13:10:05 -08", "2024-09-16T21:10:05+00:00"),
        ("2024-09-16T13:10:05.123456Z", "2024-09-16T13:10:05.123000+00:00"),
        ("2024-09-16 13:10:05 UTC", "2024-09-16T13:10:05+00:00"),
        ("2024-09-16 1:10 PM", "2024-09-16T13:10:00+00:00"),
        ("2024-09-16 12:10 am", "2024-09-16T00:10:00+00:00"),
        ("Sep 16 2024", "2024-09-16T00:00:00+00:00"),
        ("September 16, 2024", "2024-09-16T00:00:00+00:00"),
        ("16 Sep 2024", "2024-09-16T00:00:00+00:00"),
        ("Mon, 16 Sep 2024 13:10:00 +0100", "2024-09-16T12:10:00+00:00"),
        ("Thu Dec 31 2015 16:00:00 GMT-0800 (PST)", "2016-01-01T00:00:00+00:00"),
        ("Thu Dec 31 2015 16:00:00 GMT-0800 (Pacific Standard Time)", "2016-01-01T00:00:00+00:00"),
        ("Mon Sep 16 13:10:00 UTC 2024", "2024-09-16T13:10:00+00:00"),
        ("2024-09-16 13:10 +0900 JST", "2024-09-16T04:10:00+00:00"),
        ("2024-09-16 13:10 JST", "2024-09-16T04:10:00+00:00"),
        ("2024-09-16 13:10:05 -5", "2024-09-16T18:10:05+00:00"),
        ("2024-09-16 13:10 UTC+2", "2024-09-16T11:10:00+00:00"),
        ("2024-09-16 13:10 Europe/Berlin", "2024-09-16T11:10:00+00:00"),
        ("2024-01-16 13:10 America/New_York", "2024-01-16T18:10:00+00:00"),
        ("2024-09-16 13:10:00 +0000 UTC", "2024-09-16T13:10:00+00:00"),
        ("16th September 2024 at 1:10 p.m.", "2024-09-16T13:10:00+00:00"),
        ("Sept. 16, 2024", "2024-09-16T00:00:00+00:00"),
        ("16-Sep-2024", "2024-09-16T00:00:00+00:00"),
        ("16/09/2024", "2024-09-16T00:00:00+00:00"),
        ("9/16/2024", "2024-09-16T00:00:00+00:00"),
        ("16.9.2024", "2024-09-16T00:00:00+00:00"),
        ("20240916", "2024-09-16T00:00:00+00:00"),
        (20240916, "2024-09-16T00:00:00+00:00"),
        ("20240916T131005Z", "2024-09-16T13:10:05+00:00"),
        (1726492205, "2024-09-16T13:10:05+00:00"),
        (1726492205123, "2024-09-16T13:10:05.123000+00:00"),
        ("2024-09-16T13:10:05+02:00[Europe/Berlin]", "2024-09-16T11:10:05+00:00"),
        ("2024-09-16T13:10:05[Europe/Berlin]", "2024-09-16T11:10:05+00:00"),
        ("2024-09-16 13:10 (UTC+5:30)", "2024-09-16T07:40:00+00:00"),
        ("2024–09–16T13:10:05−05:00", "2024-09-16T18:10:05+00:00"),
        ("2024年9月16日", "2024-09-16T00:00:00+00:00"),
        ("16. März 2024", "2024-03-16T00:00:00+00:00"),
        ("1er août 2024", "2024-08-01T00:00:00+00:00"),
        ("16 de septiembre de 2024", "2024-09-16T00:00:00+00:00"),
        ("16 сентября 2024", "2024-09-16T00:00:00+00:00"),
        ("4 ago 2021", "2021-08-04T00:00:00+00:00"),
        ("dic 4 2021", "2021-12-04T00:00:00+00:00"),
        ("4 ene. 2021", "2021-01-04T00:00:00+00:00"),
        ("4-lug-2021", "2021-07-04T00:00:00+00:00"),
        ("4 out 2021", "2021-10-04T00:00:00+00:00"),
        ("4 de set de 2021", "2021-09-04T00:00:00+00:00"),
        ("4 mrt 2021", "2021-03-04T00:00:00+00:00"),
        ("4 янв. 2021", "2021-01-04T00:00:00+00:00"),
        ("1 aout 2021", "2021-08-01T00:00:00+00:00"),
        ("5 mar. 2021 à 10h15", "2021-03-05T10:15:00+00:00"),
        ("5 mars 2021 à 9 h", "2021-03-05T09:00:00+00:00"),
        (946684800, "2000-01-01T00:00:00+00:00"),
        (946684800000, "2000-01-01T00:00:00+00:00"),
    ],
)
def test_date_is_read_from_text(text, expected):
    moment, odd = read_date(text)
    assert (to_utc(moment).isoformat(), odd) == (expected, "")


def test_date_keeps_its_own_zone():
    moment, _ = read_date("2024-09-16 00:30:00 +0200")
    assert moment == datetime(2024, 9, 16, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    assert moment.day == 16


def test_naive_time_is_utc():
    assert read_date(datetime(2024, 9, 16, 1))[0] == datetime(2024, 9, 16, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("2024-09-16 13:10 IST", "IST"),  # of India, Israel and Ireland
        ("2024-09-16 noon", "noon"),
        ("Tue, 16 Sep 2024", "Tue"),  # it was a Monday
        ("2024-09-16 13:10 +0100 JST", "JST"),
    ],
)
def test_what_is_not_understood_or_contradicts_the_rest_is_told(text, odd):
    assert read_date(text)[1] == odd


def test_words_that_say_nothing_are_told():
    assert read_date("2023-01-29 18:30:22 2023 -0800") == (
        datetime(2023, 1, 30, 2, 30, 22, tzinfo=UTC),
        "2023",
    )


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "",
        "2024",
        "mar 4 ene 2021",
        "2024-13-01",
        "09/08/2024",
        "8.9.2024",
        "24-09-16",
        "16 Sep 24",
        "1726444800",
        "2024-09-16 24:00",
        "2024-09-16 23:59:60",
        "2024-09-16 13:10 +0960",
        "2024-09-16 13:10 Europe/Nowhere",
        "2024/09-16",
        "2024-09-160",
        "0000-00-00",
        "0001-01-01T00:00:00Z",
        "2023-02-29",
        "2024-09-16 25:00",
        "2024-09-16 13:10 pm",
        "2024-09-16 13:10 +9900",
        "0001-01-01 00:00:00 +0100",
        "9999-12-31 23:59:59 -0100",
        "2024-09-16" + " x" * 40_000,
        17264448,
        17264448000,
        1726444800 * 10**5,
        20241316,
        True,
        None,
        ["2024-09-16"],
    ],
)
def test_what_is_no_date_is_refused(value):
    with pytest.raises(Unfit, match="is impossible or not understood"):
        read_date(value)


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("2020/05/15/title", "2020-05-15"),
        ("/blog/2020/5/1/title/", "2020-5-1"),
        ("https://old.example/2020/05/15/title.html", "2020-05-15"),
        ("2020/05/title", None),
        ("12020/05/15/title", None),
    ],
)
def test_day_is_found_in_a_path(path, day):
    assert date_in_path(path) == day


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("2024-09-16-title", ("2024-09-16", "title")),
        ("2024-9-6_a title", ("2024-9-6", "a title")),
        ("2024-09-16", ("2024-09-16", "")),
        ("2024-09-title", (None, "2024-09-title")),
        ("title-2024-09-16", (None, "title-2024-09-16")),
        ("2024_09_16_title", ("2024-09-16", "title")),
        ("2024.9.16 title", ("2024-9-16", "title")),
        ("20240916-title", ("2024-09-16", "title")),
        ("20241316-title", (None, "20241316-title")),
        ("12345678-title", (None, "12345678-title")),
    ],
)
def test_day_is_found_in_a_file_name(name, found):
    assert date_in_name(name) == found


@pytest.mark.parametrize(
    ("path", "day", "slug"),
    [
        ("2024/09/16-title.md", 16, "title"),
        ("posts/2024/09-16-title.md", 16, "title"),
        ("2024/0916-title/index.md", 16, "title"),
        ("2024-09/16_title.md", 16, "title"),
        ("2024/09-title.md", None, "09-title"),
        ("2024/13-16-title.md", None, "13-16-title"),
        ("1234/09/16-title.md", None, "16-title"),
    ],
)
def test_day_of_folders_and_a_name_is_told(post, path, day, slug):
    entry = post("title: T", path=path)
    assert (entry.published_at, entry.slug) == (day and datetime(2024, 9, day, tzinfo=UTC), slug)
    told = "the date 2024-09-16 is made of its folders and the name of the file"
    assert (told in entry.notes) is (day is not None)


@pytest.mark.parametrize(
    ("field", "path", "day"),
    [
        ("created_at: 2024-09-17", "a.md", 17),
        ("dateCreated: 2024-09-17", "a.md", 17),
        ("timestamp: 1726531200", "a.md", 17),
        ("created: 2024-09-17", "2024-09-16-a.md", 16),
        ("created: by hand", "a.md", None),
        ("publishedDate: 2024-09-17", "2024-09-16-a.md", 17),
        ("posted_on: 2024-09-17", "2024-09-16-a.md", 17),
        ("post-date: soon", "2024-09-16-a.md", 16),
    ],
)
def test_day_when_it_was_posted_or_made_counts(post, field, path, day):
    entry = post(field, path=path)
    assert entry.published_at == (day and datetime(2024, 9, day, tzinfo=UTC))
    is_told = any(note.startswith("there is no other date than ") for note in entry.notes)
    assert is_told is (path == "a.md" and day is not None)


@pytest.mark.parametrize(
    ("config", "written", "expected", "address"),
    [
        ("timezone: America/New_York", "2024-09-16 22:30:00", datetime(2024, 9, 17, 2, 30, tzinfo=UTC), "2024/09/16"),
        ("timezone: Asia/Tokyo", "2024-09-16", datetime(2024, 9, 16, tzinfo=UTC), "2024/09/16"),
        ("timezone: Asia/Tokyo", "2024-09-16 22:30:00 +0000", datetime(2024, 9, 16, 22, 30, tzinfo=UTC), "2024/09/17"),
        ("timezone: America/New_York", "2024-09-16", datetime(2024, 9, 16, tzinfo=UTC), "2024/09/16"),
        ("timezone: Nowhere/At_All", "2024-09-16 22:30", datetime(2024, 9, 16, 22, 30, tzinfo=UTC), "2024/09/16"),
    ],
)
def test_times_are_in_the_zone_of_the_site(blog, config, written, expected, address):
    (entry,) = blog({"_config.yml": config, "_posts/2024-01-01-a.md": f"---\ntitle: T\ndate: {written}\n---\nx\n"})
    assert (entry.published_at, entry.addresses) == (expected, (f"/{address}/a",))
