"""What keeps a post from readers where it comes from. What is not understood there keeps it from them, too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from blogapi.importers.dates import read_date, to_utc
from blogapi.importers.frontmatter import as_flag, as_text
from blogapi.importers.model import Unfit
from blogapi.importers.yaml_text import Switch

# Fields that generators, and what exports from other systems, have for it; in any case, with or without `- _`.
_HIDE = frozenset((
    "draft", "isdraft", "private", "isprivate", "unlisted", "isunlisted", "unpublished", "headless", "encrypt",
    "encrypted", "isencrypted", "protected", "isprotected", "membersonly", "subscribersonly", "memberonly",
    "eleventyexcludefromcollections", "embargoed", "confidential", "wip", "workinprogress", "donotpublish", "nopublish",
    "excludefromcollections", "neverpublish",
))  # fmt: skip
_SHOW = frozenset((
    "published", "ispublished", "publish", "public", "ispublic", "dgpublish", "listed", "islisted", "discoverable",
))  # fmt: skip
# The same words stand for parts of a page, too, so they count only at the top and in tables about the whole post.
_HIDE_HERE = frozenset((
    "hidden", "ishidden", "hide", "invisible", "locked", "islocked", "premium", "paid", "ispaid", "internal",
    "restricted", "exclude", "excluded", "ignore", "ignored", "skip", "disabled", "paywall",
    "paywalled", "loginrequired", "requireslogin", "requirelogin", "requiresauth", "requireauth", "authrequired",
    "deleted", "trash", "trashed", "removed", "forbidden", "withdrawn", "retracted", "secret", "lock", "protect",
    "excludefromindex", "excludefromlist", "hidefromlist", "hidefromhome", "hidefromhomepage", "hidefromfeed",
    "hidefromindex", "hideonhomepage", "noarchive",
))  # fmt: skip
_SHOW_HERE = frozenset((
    "visible", "isvisible", "show", "enabled", "active", "render", "output", "live", "islive", "display", "indexed",
    "online", "isonline", "build", "list", "viewable", "readable",
))  # fmt: skip
_STATES = frozenset((
    *(
        f"{whose}{what}"
        for whose in ("", "post", "article", "entry", "page", "content", "publish", "published", "publication",
                      "publishing", "wp", "doc", "document", "editorial", "review", "blog")
        for what in ("status", "state", "visibility")
    ),
    "statut", "estado", "stato", "workflow", "workflowstate", "access", "accesslevel", "privacy", "privacylevel",
    "privacystatus",
))  # fmt: skip
# `wp_post_status` and the like are of the post; these are of something else.
_OTHER_STATUS = re.compile("comment|ping|build|http|project|order|issue|job|relation|trackback")
_PUBLIC_STATES = frozenset((
    "published", "publish", "public", "live", "posted", "released", "featured", "listed", "visible", "everyone",
    "everybody", "anyone", "all", "world", "open", "free", "true", "yes", "on", "1",
))  # fmt: skip
_OPENS = frozenset((
    "published", "publish", "publishdate", "publisheddate", "publishedat", "publishat", "publishon", "publishedon",
    "publishafter", "publishfrom", "publicationdate", "publishingdate", "pubdate", "datepublished", "scheduled",
    "scheduledat",
    "scheduledfor", "scheduleddate", "scheduledate", "embargo", "embargountil", "embargoeduntil",
    "embargodate", "embargoends", "embargoend", "golive", "goliveat", "golivedate", "hiddenuntil", "draftuntil",
    "privateuntil", "notbefore",
))  # fmt: skip
_OPENS_HERE = frozenset((
    "schedule", "releasedate", "releaseat", "releaseon", "availablefrom", "availableat", "availableon", "visiblefrom",
    "visibleat",
    "activefrom", "displayfrom", "showfrom", "showafter", "visibleafter", "validfrom", "livefrom",
))  # fmt: skip
_CLOSES = frozenset((
    "expirydate", "expiredate", "expirationdate", "expires", "expiresat", "expire", "expireat", "expireson", "expired",
    "expiredat", "expiry", "expiration", "unpublishdate", "unpublishat", "unpublishon", "unpublishedat",
    "unpublisheddate", "publishuntil", "publisheduntil", "publicuntil", "hiddenafter", "hideafter",
    "deletedat", "removeat", "removedat", "trashedat",
))  # fmt: skip
_CLOSES_HERE = frozenset((
    "availableuntil", "visibleuntil", "validuntil", "validto", "activeuntil", "displayuntil", "showuntil", "visibleto",
    "availableto", "liveuntil", "notafter",
))  # fmt: skip
_NEVER = frozenset({"never", "none", "nobody", "nowhere"})
_SECRET = re.compile(
    "passw|passphrase|passcode|kennwort|contraseña|contrasena|motdepasse|senha|wachtwoord|пароль|密码|密碼"
)
_SECRETS = frozenset({"pass", "pwd", "mdp", "secretkey", "encryptionkey", "accesscode", "accesstoken", "accesskey"})
# Some write the password itself where others write that there is one.
_LOCKS = frozenset({"encrypt", "encrypted", "protected", "protect", "locked", "lock", "secret", "private"})
# Tables that are about the whole post, and those that are about a part of its page.
_WHOLE = frozenset((
    "extra", "params", "param", "meta", "metadata", "custom", "page", "post", "article", "entry", "frontmatter", "data",
    "options", "settings", "attributes", "properties", "fields", "publication", "publishing", "publish", "published",
    "wordpress", "wp", "ghost", "access", "visibility", "privacy", "blog", "eleventy", "hugo", "cascade",
    "values", "config",
))  # fmt: skip
_PART = re.compile(
    r"cover|image|picture|photo|banner|hero|thumb|toc|comment|sidebar|author|header|footer|nav|menu|gallery|video"
    r"|audio|resource|breadcrumb|share|social|related|math|seo|sitemap|feed|search|theme|layout|taxonom|output|series"
)
_PARTS_OF_A_PAGE = frozenset((
    "toc", "navigation", "nav", "footer", "header", "path", "tags", "feedback", "sidebar", "title", "comments", "date",
    "author", "authors", "cover", "image", "meta", "breadcrumbs", "share", "related", "summary", "description",
    "search", "backlinks", "readingtime", "excerpt", "bio", "menu", "subtitle", "thumbnail", "banner", "hero",
))  # fmt: skip
_OF_A_SECTION = _HIDE - {"headless", "unlisted", "isunlisted", "eleventyexcludefromcollections"} | {
    "published", "publish", *_STATES, *_OPENS, *_CLOSES
}  # fmt: skip
_OPEN_FOLDERS = frozenset((
    "_posts", "_i18n", "_articles", "_article", "_news", "_blog", "_blogs", "_content", "_source", "_src", "_stories",
    "_essays", "_writing", "_writings", "_entries", "_post", "_journal", "_weblog", "_md",
))  # fmt: skip
_CLOSED_FOLDERS = frozenset((
    "draft", "drafts", "unpublished", "private", "hidden", "trash", "trashed", "deleted", "wip", "scheduled", "pending",
    "secret", "unlisted", "embargo", "embargoed", "encrypted", "not-public", "nonpublic", "inbox", "brouillons",
    "entwuerfe", "entwürfe", "borradores", "rascunhos", "bozze",
))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may read a post where it comes from. `reasons` say why not everybody may; no text of a reason is a secret.

    Readers see it from `opens_at` on, and before `closes_at`.
    """

    reasons: tuple[str, ...] = ()
    opens_at: datetime | None = None
    closes_at: datetime | None = None


def read_access(values: Mapping[str, Any], *, of_section: bool = False) -> Access:
    """What the fields of a front matter say, also those in tables within; `of_section`: about all that is below it."""
    reading = _Reading(of_section)
    reading.read(values, "", is_whole=True)
    return Access(
        reasons=tuple(dict.fromkeys(reading.reasons)),
        opens_at=max(reading.opens, default=None),
        closes_at=min(reading.closes, default=None),
    )


def hiding_place(file: str, root_name: str) -> str | None:
    """Which folder or name keeps a file from being rendered, by its path below the imported folder."""
    path = PurePosixPath(file)
    for folder in (*path.parent.parts, *([root_name] if root_name.lower() in ("_drafts", "drafts") else [])):
        word = folder.lower()
        if word.lstrip("_") in _CLOSED_FOLDERS or (word.startswith("_") and word not in _OPEN_FOLDERS):
            return f"the folder {folder!r}"
    if path.name.startswith("_"):
        return f"a name that begins with an underscore ({path.name!r})"
    if path.name.startswith("draft_") or path.stem.lower().endswith((".draft", ".private", ".hidden", ".unpublished")):
        return f"the name {path.name!r}"
    return None


def without_secrets(values: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The fields without passwords, wherever they stand, and whether there was one."""
    left, had_secret = _without_secrets(values)
    return left, had_secret


def _without_secrets(value: Any) -> tuple[Any, bool]:
    if isinstance(value, Mapping):
        pairs = {key: _without_secrets(inner) for key, inner in value.items() if not _is_secret(key, inner)}
        mine = any(_is_secret(key, inner) and not _is_nothing(inner) for key, inner in value.items())
        return {key: left for key, (left, _) in pairs.items()}, mine or any(had for _, had in pairs.values())
    if isinstance(value, list):
        items = [_without_secrets(item) for item in value]
        return [left for left, _ in items], any(had for _, had in items)
    return value, False


def _is_secret(key: str, value: object) -> bool:
    word = plain_key(key)
    if word in _LOCKS:
        return isinstance(value, str | int | float) and as_flag(value) is None
    return word in _SECRETS or _SECRET.search(word) is not None


def _is_nothing(value: object) -> bool:
    return value in (None, "", [], {}) or value is False or (isinstance(value, Switch) and not value.is_on)


def plain_key(key: str) -> str:
    """`publish_date`, `Publish-Date` and `publishDate` are one field."""
    return re.sub(r"[^\w]|_", "", key).lower()


class _Reading:
    def __init__(self, of_section: bool) -> None:
        self._of_section = of_section
        self.reasons: list[str] = []
        self.opens: list[datetime] = []
        self.closes: list[datetime] = []

    def read(self, values: Mapping[str, Any], where: str, *, is_whole: bool, within: str = "") -> None:
        for key, value in values.items():
            word, name = plain_key(key), f"{where}{key}"
            word = f"{within}{word}" if f"{within}{word}" in _OPENS | _CLOSES else word
            if value in (None, "", [], {}) or (self._of_section and word not in _OF_A_SECTION | _WHOLE):
                continue
            if isinstance(value, Mapping):
                self._read_table(word, name, value, is_whole)
            else:
                self._read_field(word, name, value, is_whole)

    def _read_table(self, word: str, name: str, value: Mapping[str, Any], is_whole: bool) -> None:
        if word == "build":
            self._read_build(name, value)
        elif word == "cascade" or (not self._of_section and word in _HIDE):
            # What a section hands down says nothing of the section; a table of a draft is not understood.
            self.reasons += [] if word == "cascade" else [f"{name} is not understood"]
        elif not _PART.search(word):
            self.read(value, f"{name}.", is_whole=is_whole and word in _WHOLE, within=word)

    def _read_build(self, name: str, value: Mapping[str, Any]) -> None:
        """Hugo's `build`: whether the page is made at all, and whether a list has it."""
        for key, inner in value.items():
            if plain_key(key) in ("render", "list") and (text := str(inner)).lower() not in ("always", "true"):
                self.reasons.append(f"{name}.{key} is {text[:40]!r}")

    def _read_field(self, word: str, name: str, value: object, is_whole: bool) -> None:
        if word in _HIDE or (is_whole and word in _HIDE_HERE):
            self._read_hiding(word, name, value)
        elif (
            (word == "permalink" and as_flag(value) is False)
            or (word in _SHOW and as_flag(value) is False)
            or (word in _SHOW_HERE and is_whole and (as_flag(value) is False or str(value).lower() in _NEVER))
        ):
            self.reasons.append(f"{name} is {as_text(value)}")
        elif _is_state(word, is_whole):
            self._read_state(name, value)
        elif word in ("type", "layout", "kind") and _words(value) & {"draft", "private", "unlisted", "hidden"}:
            self.reasons.append(f"{name} is {as_text(value)}")
        elif word in _OPENS:
            self._read_date(self.opens, name, value, is_needed=word != "date")
        elif word in ("tags", "tag") and is_whole:  # Nikola's way
            self.reasons += [f"it has the tag {tag!r}" for tag in ("draft", "private") if tag in _listed(value)]
        elif word in _CLOSES or "expir" in word:
            self._read_date(self.closes, name, value, is_needed=True)
        elif is_whole and word in _OPENS_HERE:
            self._read_date(self.opens, name, value, is_needed=False)
        elif is_whole and word in _CLOSES_HERE:
            self._read_date(self.closes, name, value, is_needed=False)
        elif word in _SHOW and as_flag(value) is None:
            self.reasons.append(f"{name} is not understood")

    def _read_hiding(self, word: str, name: str, value: object) -> None:
        if as_flag(value) is False:
            return
        if word in _HIDE_HERE and as_flag(value) is None and (words := _words(value)) and words <= _PARTS_OF_A_PAGE:
            return
        # What is neither true nor false may be a password.
        self.reasons.append(f"{name} is {'set' if as_flag(value) is None else as_text(value)}")

    def _read_state(self, name: str, value: object) -> None:
        words = [as_text(item) or "" for item in (value if isinstance(value, list) else [value])]
        if not all(word.lower() in _PUBLIC_STATES for word in words):
            self.reasons.append(f"{name} is {', '.join(words)[:40]!r}")

    def _read_date(self, moments: list[datetime], name: str, value: object, *, is_needed: bool) -> None:
        flag = as_flag(value)
        if flag is not None and plain_key(name).endswith(("published", "publish")):
            return  # true: the other one was found before
        if flag is False or str(value).lower() in _NEVER:
            return
        try:
            moments.append(to_utc(read_date(value)[0]))
        except Unfit:
            if is_needed:
                self.reasons.append(f"{name} is not understood")


def _is_state(word: str, is_whole: bool) -> bool:
    if word in _STATES:
        return is_whole or word not in ("state", "access")
    return is_whole and word.endswith(("status", "visibility")) and not _OTHER_STATUS.search(word)


def _words(value: object) -> frozenset[str]:
    texts = (as_text(item) or "?" for item in (value if isinstance(value, list) else [value]))
    return frozenset(word for text in texts for word in text.lower().replace(",", " ").split())


def _listed(value: object) -> frozenset[str]:
    texts = (as_text(item) or "" for item in (value if isinstance(value, list) else [value]))
    return frozenset(part.strip().lower() for text in texts for part in text.split(","))
