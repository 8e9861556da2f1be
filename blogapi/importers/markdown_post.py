"""What one Markdown file says about its post: in its front matter, by its place in the folder, and in its body."""

from __future__ import annotations

from blogapi.importers.access import Access, hiding_place, read_access, without_secrets
from blogapi.importers.blog import Blog
from blogapi.importers.body import body_of
from blogapi.importers.dates import to_utc
from blogapi.importers.former import former_of, standing_of, stated_addresses
from blogapi.importers.frontmatter import Document, as_flag
from blogapi.importers.layout import no_post
from blogapi.importers.model import Entry, Skipped
from blogapi.importers.post_date import custom_of, date_of
from blogapi.importers.post_file import PostFile
from blogapi.importers.presentation import cover_of, excerpt_of, lang_of, note_translations, seo_of, slug_of, title_of
from blogapi.importers.taxonomy import terms_of


def read_post(document: Document, blog: Blog, path: str, *, source: str) -> Entry | Skipped:
    """The post in a file, or why it is none. Raises Unfit when something in it cannot be understood or kept."""
    file = PostFile.of(document, blog, path)
    reasons, is_page = _reasons(file), _is_page(file)
    if reasons:
        file.notes.append(f"not for everybody where it comes from, so it is a draft: {'; '.join(reasons)}")
    _take_flags(file)
    stated = stated_addresses(file)
    date = date_of(file, stated, bool(reasons))
    if reason := _why_none(file, has_date=date is not None, is_draft=bool(reasons), is_page=is_page):
        return Skipped(file=path, reason=reason)
    if date is None and not reasons:
        file.notes.append("no date found, so it is a draft")
    is_draft = bool(reasons) or date is None
    wanted = file.fields.take_text("slug")
    slug = slug_of(file, wanted, stated)
    terms = terms_of(file)
    standing = standing_of(file, wanted, date, terms.categories)
    former = former_of(file, stated, standing, slug=slug, is_draft=is_draft)
    body = body_of(file)
    note_translations(file)
    access = _whole_access(file)
    return Entry(
        source=source,
        path=path,
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
        opens_at=access.opens_at,
        closes_at=access.closes_at,
        authors=file.fit.authors(terms.authors),
        tags=file.fit.tags(terms.tags),
        excerpt=file.fit.excerpt(excerpt_of(file)),
        lang=lang_of(file),
        cover=cover_of(file),
        seo=seo_of(file),
        custom=custom_of(file),
        notes=tuple(file.notes),
    )


def _why_none(file: PostFile, *, has_date: bool, is_draft: bool, is_page: bool) -> str | None:
    """Why a file is no post, or None."""
    if reason := no_post(file.path, is_dated=has_date, is_draft=is_draft):
        return reason
    return "a page with a template of its own and no date" if is_page and not (has_date or is_draft) else None


def _reasons(file: PostFile) -> list[str]:
    """Why not everybody may read it where it comes from."""
    reasons = ["a password, which is left out"] if file.is_locked else []
    reasons += file.access.reasons
    if place := hiding_place(file.path, file.blog.root.name, file.blog.site.has_pages):
        reasons.append(place)
    if ignored := file.blog.ignored.by(file.path):
        reasons.append(ignored)
    for item in file.inherited:
        values, is_locked = without_secrets(item.values)
        reasons += [f"a password in {item.file}"] if is_locked and not item.of_section else []
        reasons += [f"{reason} ({item.file})" for reason in read_access(values, of_section=item.of_section).reasons]
    return reasons


def _whole_access(file: PostFile) -> Access:
    every = [file.access, *(read_access(item.values, of_section=item.of_section) for item in file.inherited)]
    return Access(
        opens_at=max((access.opens_at for access in every if access.opens_at), default=None),
        closes_at=min((access.closes_at for access in every if access.closes_at), default=None),
    )


def _take_flags(file: PostFile) -> None:
    """Whether it is a draft is said by its status here."""
    file.fields.take("draft")
    if as_flag(file.fields.peek("published")) is not None:  # else it is a date
        file.fields.take("published")


def _is_page(file: PostFile) -> bool:
    """Whether it asks for another template than posts have. Only undated files do not want to be posts by that."""
    template = str(file.fields.peek("template", "layout") or "post").lower()
    return file.fields.peek("type") == "page" or not any(word in template for word in ("post", "article", "blog"))
