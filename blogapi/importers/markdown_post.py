"""What one Markdown file says about its post: in its front matter, by its place in the folder, and in its body."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Literal

from blogapi.importers.access_words import is_hiding_tag
from blogapi.importers.blog import Blog
from blogapi.importers.body import body_of
from blogapi.importers.dates import to_utc
from blogapi.importers.former import former_of, standing_of, stated_addresses
from blogapi.importers.frontmatter import Document, as_flag
from blogapi.importers.layout import is_among_posts, is_page, no_post
from blogapi.importers.model import Entry, Skipped
from blogapi.importers.post_date import custom_of, date_of
from blogapi.importers.post_file import PostFile
from blogapi.importers.presentation import cover_of, excerpt_of, lang_of, seo_of, slug_of, title_of, work_of
from blogapi.importers.taxonomy import Terms, terms_of


def read_post(document: Document, blog: Blog, path: str, *, source: str) -> Entry | Skipped:
    """The post in a file, or why it is none. Raises Unfit when something in it cannot be understood or kept."""
    file = PostFile.of(document, blog, path)
    has_own_template = _has_own_template(file)
    _take_flags(file)
    terms = terms_of(file)  # of its tags one may say that it is hidden
    reasons = [*file.access.reasons, *(f"it has the tag {tag!r}" for tag in terms.tags if is_hiding_tag(tag))]
    if reasons:
        file.notes.append(f"not for everybody where it comes from, so it is a draft: {'; '.join(reasons)}")
    stated = stated_addresses(file)
    date = date_of(file, stated, bool(reasons))  # a date that cannot be matters less in a draft
    is_page = _is_page(file, has_date=date is not None)
    why_none = partial(_why_none, file, has_date=date is not None, is_draft=bool(reasons), is_page=is_page)
    if reason := why_none(has_own_template=has_own_template):
        return Skipped(file=path, reason=reason)
    is_undated_post = date is None and not is_page
    if is_undated_post and not reasons:
        file.notes.append("no date found, so it is a draft")
    kind: Literal["post", "page"] = "page" if is_page else "post"
    return _entry(file, source, date, terms, stated, kind=kind, is_draft=bool(reasons) or is_undated_post)


def _entry(
    file: PostFile,
    source: str,
    date: datetime | None,
    terms: Terms,
    stated: list[str],
    *,
    kind: Literal["post", "page"],
    is_draft: bool,
) -> Entry:
    """What is left to take is taken in this order: addresses tell slugs, and a title is sought where none is given."""
    wanted = file.fields.take_text("slug")
    slug = slug_of(file, wanted, stated)
    standing = standing_of(file, wanted, date, terms.categories)
    # Where the configuration cannot be read, posts that stood somewhere are drafts, too.
    had_no_address = is_draft and not file.blog.site.unread
    former = former_of(file, stated, standing, slug=slug, is_draft=had_no_address)
    body = body_of(file)
    work = work_of(file)
    return Entry(
        source=source,
        path=file.path,
        kind=kind,
        title=title_of(file),
        body=body,
        body_format="markdown",
        slug=slug,
        former_slugs=former.slugs,
        former_urls=former.urls,
        addresses=former.addresses,
        places=former.places,
        published_at=to_utc(date) if date else None,
        is_draft=is_draft,
        opens_at=file.access.opens_at,
        closes_at=file.access.closes_at,
        authors=file.fit.authors(terms.authors),
        tags=file.fit.tags(terms.tags),
        excerpt=file.fit.excerpt(excerpt_of(file)),
        lang=lang_of(file),
        cover=cover_of(file),
        seo=seo_of(file),
        custom=custom_of(file),  # what nobody took
        work=work,
        notes=tuple(file.notes),
    )


def _why_none(file: PostFile, *, has_date: bool, is_draft: bool, is_page: bool, has_own_template: bool) -> str | None:
    """Why a file is neither a post nor a page of somebody's own words, or None."""
    if reason := no_post(file.path, is_dated=has_date, is_draft=is_draft):
        return reason
    if has_date or is_draft:
        return None
    if is_page:
        return None if file.document.body.strip() else "a page without a text"
    return "a page with a template of its own and no date" if has_own_template else None


def _take_flags(file: PostFile) -> None:
    """Whether it is a draft is said by its status here."""
    file.fields.take("draft")
    if as_flag(file.fields.peek("published")) is not None:  # else it is a date
        file.fields.take("published")


def _is_page(file: PostFile, *, has_date: bool) -> bool:
    """Whether it says so, or has no date and lies where pages do."""
    if file.fields.peek("type") == "page":
        file.fields.take("type")
        return True
    template = str(file.fields.peek("template", "layout")).lower().removesuffix(".html")
    says_so = template == "page" and not is_among_posts(file.path)
    return says_so or (not has_date and is_page(file.path))


def _has_own_template(file: PostFile) -> bool:
    """Whether it asks for another template than posts have. Only undated files do not want to be posts by that."""
    template = str(file.fields.peek("template", "layout") or "post").lower()
    return file.fields.peek("type") == "page" or not any(word in template for word in ("post", "article", "blog"))
