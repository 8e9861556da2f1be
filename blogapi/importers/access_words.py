"""The words by which generators and their users keep a post from readers, or let them have it: one table.

A field is known by its letters alone: `hide_from_blog`, `Hide-From-Blog` and `hideFromBlog` are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class Says(StrEnum):
    """What a field says by its value."""

    HIDDEN = "hidden"  # true: not for everybody
    SHOWN = "shown"  # false: not for everybody
    SHOWN_FROM = "shown from"  # the same, or the day from which on
    STATE = "state"  # in words, who may read it
    KIND = "kind"  # in free words, of which one may keep it from readers
    OPENS = "opens"  # the day from which on it is for readers
    CLOSES = "closes"  # the day from which on it is not


class Meaning(NamedTuple):
    """What a field says. A certain one says so in any table, others only where the whole post is meant."""

    says: Says
    is_certain: bool


class _Uses(NamedTuple):
    """Where words that keep a post from readers do so, beside fields that have them as their names."""

    words: str
    is_certain: bool = True  # as a field, in any table
    of_folders: bool = False
    of_kinds: bool = False  # as the value of a field of free words
    of_tags: bool = False
    may_be_secret: bool = False  # some write the password itself there


# Letters only, but for the names of folders.
_HIDING = (
    # Tags as Nikola has them, and others do as it does.
    _Uses("draft drafts unlisted brouillon brouillons entwurf entwuerfe entwürfe borrador borradores rascunho "
          "rascunhos bozza bozze черновик 草稿 下書き", of_folders=True, of_kinds=True, of_tags=True),
    _Uses("private", of_folders=True, of_kinds=True, of_tags=True, may_be_secret=True),
    _Uses("privat privé privado privato privée", of_folders=True, of_kinds=True),
    _Uses("unpublished confidential wip embargoed nonpublic notpublic workinprogress", of_folders=True, of_kinds=True),
    _Uses("membersonly subscribersonly", of_kinds=True),
    _Uses("encrypted protected", of_folders=True, of_kinds=True, may_be_secret=True),
    _Uses("encrypt", may_be_secret=True),
    _Uses("isdraft isprivate isunlisted headless isencrypted isprotected memberonly eleventyexcludefromcollections "
          "donotpublish nopublish excludefromcollections neverpublish"),
    # These words stand for parts of a page, too, or for something else.
    _Uses("secret", is_certain=False, of_folders=True, of_kinds=True, may_be_secret=True),
    _Uses("hidden trash trashed deleted internal", is_certain=False, of_folders=True, of_kinds=True),
    _Uses("locked lock protect", is_certain=False, may_be_secret=True),
    _Uses("ishidden hide invisible islocked premium paid ispaid restricted exclude excluded ignore ignored skip "
          "disabled paywall paywalled loginrequired requireslogin requirelogin requiresauth requireauth "
          "authrequired removed forbidden withdrawn retracted unfinished incomplete gated contentgate auth "
          "authentication authenticated excludefromindex excludefromlist hidefromlist hidefromhome "
          "hidefromhomepage hidefromfeed hidefromindex hideonhomepage noarchive", is_certain=False),
)  # fmt: skip
_FOLDERS_ONLY = frozenset({"scheduled", "pending", "embargo", "inbox"})
_KINDS_ONLY = frozenset({"password", "members", "subscribers", "patrons"})

_OTHERS: tuple[tuple[Says, bool, str], ...] = (
    (Says.SHOWN_FROM, True, "published publish"),
    (Says.SHOWN, True,
     "ispublished public ispublic dgpublish listed islisted discoverable publié publiée publicado publicada "
     "pubblicato veröffentlicht öffentlich veroeffentlicht oeffentlich gepubliceerd опубликовано"),
    (Says.SHOWN, False,
     "visible isvisible show enabled active render output live islive display indexed online isonline publishable "
     "approved isapproved reviewed free isfree list viewable readable ready isready released isreleased finished "
     "isfinished final finalized complete completed done build"),
    (Says.STATE, True, "statut estado stato workflow workflowstate accesslevel privacy privacylevel privacystatus"),
    (Says.STATE, False,
     "state access audience permission permissions membership membershiplevel tier tiers viewers readers allowedusers "
     "allowedroles allowedgroups accessgroup accessgroups sharedwith restrictto restrictedto limitedto limitto "
     "visiblefor visibleto availableto showto showfor canview canread viewableby readableby visibleby accessibleto "
     "accessibleby"),
    (Says.KIND, False,
     "type layout kind mode posttype pagetype contenttype security securitylevel level group for only classification "
     "sensitivity distribution scope flag flags label labels stage phase progress"),
    (Says.OPENS, True,
     "publishdate publisheddate publishedat publishat publishon publishedon publishafter publishfrom publicationdate "
     "publishingdate pubdate datepublished scheduled scheduledat scheduledfor scheduleddate scheduledate embargo "
     "embargountil embargoeduntil embargodate embargoends embargoend golive goliveat golivedate hiddenuntil draftuntil "
     "privateuntil notbefore"),
    (Says.OPENS, False,
     "schedule release launch releasedate releaseat releaseon availablefrom availableat availableon visiblefrom "
     "visibleat activefrom displayfrom showfrom showafter visibleafter validfrom livefrom"),
    (Says.CLOSES, True,
     "expirydate expiredate expirationdate expires expiresat expire expireat expireson expired expiredat expiry "
     "expiration unpublishdate unpublishat unpublishon unpublishedat unpublisheddate publishuntil publisheduntil "
     "publicuntil hiddenafter hideafter deletedat removeat removedat trashedat"),
    (Says.CLOSES, False,
     "availableuntil visibleuntil validuntil validto activeuntil displayuntil showuntil liveuntil notafter"),
)  # fmt: skip


def _of_uses() -> Iterator[tuple[str, Meaning]]:
    for uses in _HIDING:
        yield from ((word, Meaning(Says.HIDDEN, uses.is_certain)) for word in uses.words.split())
    for says, is_certain, words in _OTHERS:
        yield from ((word, Meaning(says, is_certain)) for word in words.split())
    for whose in ("", "post", "article", "entry", "page", "content", "publish", "published", "publication",
                  "publishing", "wp", "doc", "document", "editorial", "review", "blog"):  # fmt: skip
        for what in ("status", "state", "visibility"):
            if whose + what != "state":
                yield whose + what, Meaning(Says.STATE, True)


_FIELDS = dict(_of_uses())
_CLOSED_FOLDERS = frozenset(word for uses in _HIDING if uses.of_folders for word in uses.words.split()) | _FOLDERS_ONLY
HIDDEN_KINDS = frozenset(word for uses in _HIDING if uses.of_kinds for word in uses.words.split()) | _KINDS_ONLY
_HIDING_TAGS = frozenset(word for uses in _HIDING if uses.of_tags for word in uses.words.split())
_LOCKS = frozenset(word for uses in _HIDING if uses.may_be_secret for word in uses.words.split())

PUBLIC_STATES = frozenset((
    "published", "publish", "public", "live", "posted", "released", "featured", "listed", "visible", "everyone",
    "everybody", "anyone", "all", "world", "open", "free", "true", "yes", "on", "1",
))  # fmt: skip
NEVER = frozenset({"never", "none", "nobody", "nowhere"})
_SECRET = re.compile(
    "passw|passphrase|passcode|kennwort|contraseña|contrasena|motdepasse|senha|wachtwoord|пароль|密码|密碼"
)
_SECRETS = frozenset({"pass", "pwd", "mdp", "secretkey", "encryptionkey", "accesscode", "accesstoken", "accesskey"})
# Tables that are about the whole post, and those that are about a part of its page.
WHOLE = frozenset((
    "extra", "params", "param", "meta", "metadata", "custom", "page", "post", "article", "entry", "frontmatter", "data",
    "options", "settings", "attributes", "properties", "fields", "publication", "publishing", "publish", "published",
    "wordpress", "wp", "ghost", "access", "visibility", "privacy", "blog", "eleventy", "eleventycomputed", "hugo",
    "cascade", "values", "config",
))  # fmt: skip
PART = re.compile(
    r"cover|image|picture|photo|banner|hero|thumb|toc|comment|sidebar|author|header|footer|nav|menu|gallery|video"
    r"|audio|resource|breadcrumb|share|social|related|math|seo|sitemap|feed|search|theme|layout|taxonom|output|series"
)
PARTS_OF_A_PAGE = frozenset((
    "toc", "navigation", "nav", "footer", "header", "path", "tags", "feedback", "sidebar", "title", "comments", "date",
    "author", "authors", "cover", "image", "meta", "breadcrumbs", "share", "related", "summary", "description",
    "search", "backlinks", "readingtime", "excerpt", "bio", "menu", "subtitle", "thumbnail", "banner", "hero",
))  # fmt: skip
# They say of a section how it is listed itself, and nothing of what is below it.
_OF_A_PAGE_ALONE = frozenset({"headless", "unlisted", "isunlisted", "eleventyexcludefromcollections"})
_OPEN_FOLDERS = frozenset((
    "_posts", "_i18n", "_articles", "_article", "_news", "_blog", "_blogs", "_content", "_source", "_src", "_stories",
    "_essays", "_writing", "_writings", "_entries", "_post", "_journal", "_weblog", "_md",
))  # fmt: skip

# Words that people put together as they like. Read by `fullmatch`, and no longer than `_LONGEST`.
_LONGEST = 60
_PEOPLE = (
    r"(?:members?|subscribers?|patrons?|patreons?|sponsors?|supporters?|friends?|family|staff|admins?|team|employees?"
    r"|customers?|clients?|paid|paying|premium|backers?|insiders?|followers?|founding|vips?|contributors?|registered"
    r"|loggedin|internal|users?|donors?|invited?|editors?|authors?)"
)
_PUT_TOGETHER = (
    (Says.HIDDEN, re.compile(
        r"(?:is|in|as|keep|marked|markas|markedas|currently)(?:drafts?|private|hidden|unlisted|unpublished|protected|secret)"
        r"|(?:draft|private|hidden|unlisted|protected|secret)(?:post|page|article|entry|mode)"
        r"|(?:hide|hidden|exclude|excluded|omit|omitted|skip|remove|removed|keep|not|dont|donot|never)"
        r"(?:this|page|from|in|on|out|of|for|the|is){0,3}"
        r"(?:blog|posts?|site|website|web|lists?|listings?|public|published|publish|collections?|render|rendering"
        r"|rendered|build|production)"
        r"|no(?:list|listing|listings|publish|publishing|render|build)"
        rf"|(?:for|only|onlyfor){_PEOPLE}|(?:for)?{_PEOPLE}only"
        r"|(?:needs?|requires?|in|under|awaiting|pending)"
        r"(?:review|approval|membership|subscription|login|signin|auth|authentication|authorization|payment|password"
        r"|edits?|editing)"
    )),
    (Says.SHOWN, re.compile(
        r"(?:show|shown|display|displayed|list|listed|visible|include|included|publish|published|render|rendered"
        r"|appears?)(?:in|on|to|at)(?:the)?"
        r"(?:blog|site|lists?|listings?|index|posts|archives?|collections?|public|production|web|website)"
    )),
    (Says.OPENS, re.compile(
        r"(?:publish|publication|release|embargo|golive|live|launch|available|visible|reveal|unlock|public)"
        r"(?:ed|es|s|d)?(?:date|at|on|from|after|until|time|datetime)"
    )),
)  # fmt: skip
# `wp_post_status` and the like are of the post; these are of something else.
_OTHER_STATUS = re.compile("comment|ping|build|http|project|order|issue|job|relation|trackback")


def meaning_of(word: str, *, is_whole: bool) -> Meaning | None:
    """What a field of this name says about who may read the post. `is_whole`: the whole post is meant."""
    meaning = _FIELDS.get(word)
    if meaning and (meaning.is_certain or is_whole):
        return meaning
    if "expir" in word:
        return Meaning(Says.CLOSES, True)
    if meaning or not is_whole or len(word) > _LONGEST:
        return None
    if word.endswith(("status", "visibility")):
        return None if _OTHER_STATUS.search(word) else Meaning(Says.STATE, False)
    return next((Meaning(says, False) for says, pattern in _PUT_TOGETHER if pattern.fullmatch(word)), None)


def is_secret(word: str) -> bool:
    """Whether a field of this name holds a password."""
    return word in _SECRETS or _SECRET.search(word) is not None


def may_be_secret(word: str) -> bool:
    """Whether a field of this name holds a password if it is neither true nor false."""
    return word in _LOCKS


def is_of_a_section(word: str) -> bool:
    """Whether a field of this name says of a section what holds for all that is below it."""
    meaning = _FIELDS.get(word)
    is_of_all = meaning is not None and meaning.is_certain and meaning.says is not Says.SHOWN
    return word in WHOLE or (is_of_all and word not in _OF_A_PAGE_ALONE)


def is_closed_folder(name: str) -> bool:
    """Whether what lies in a folder of this name is for nobody."""
    return re.sub(r"[^\w]|_", "", name).lower() in _CLOSED_FOLDERS


def is_open_folder(name: str) -> bool:
    """Whether a folder that begins with an underscore is one in which people keep posts."""
    return name.lower() in _OPEN_FOLDERS


def is_hiding_tag(name: str) -> bool:
    """Whether a post with this tag, or category, is for nobody."""
    return name.strip().lower() in _HIDING_TAGS
