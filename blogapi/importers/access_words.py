"""The words by which generators and their users keep a post from readers, or let them have it.

A field is known by its letters alone: `hide_from_blog`, `Hide-From-Blog` and `hideFromBlog` are one.
"""

from __future__ import annotations

import re

# Fields that generators, and what exports from other systems, have for it; in any case, with or without `- _`.
HIDE = frozenset((
    "draft", "isdraft", "private", "isprivate", "unlisted", "isunlisted", "unpublished", "headless", "encrypt",
    "encrypted", "isencrypted", "protected", "isprotected", "membersonly", "subscribersonly", "memberonly",
    "eleventyexcludefromcollections", "embargoed", "confidential", "wip", "workinprogress", "donotpublish", "nopublish",
    "excludefromcollections", "neverpublish",
))  # fmt: skip
SHOW = frozenset((
    "published", "ispublished", "publish", "public", "ispublic", "dgpublish", "listed", "islisted", "discoverable",
))  # fmt: skip
# The same words stand for parts of a page, too, so they count only at the top and in tables about the whole post.
HIDE_HERE = frozenset((
    "hidden", "ishidden", "hide", "invisible", "locked", "islocked", "premium", "paid", "ispaid", "internal",
    "restricted", "exclude", "excluded", "ignore", "ignored", "skip", "disabled", "paywall",
    "paywalled", "loginrequired", "requireslogin", "requirelogin", "requiresauth", "requireauth", "authrequired",
    "deleted", "trash", "trashed", "removed", "forbidden", "withdrawn", "retracted", "secret", "lock", "protect",
    "unfinished", "incomplete", "gated", "contentgate", "auth", "authentication",
    "authenticated",
    "excludefromindex", "excludefromlist", "hidefromlist", "hidefromhome", "hidefromhomepage", "hidefromfeed",
    "hidefromindex", "hideonhomepage", "noarchive",
))  # fmt: skip
SHOW_HERE = frozenset((
    "visible", "isvisible", "show", "enabled", "active", "render", "output", "live", "islive", "display", "indexed",
    "online", "isonline", "publishable", "approved", "isapproved",
    "reviewed", "free", "isfree", "build", "list", "viewable", "readable",
))  # fmt: skip
STATES = frozenset((
    *(
        f"{whose}{what}"
        for whose in ("", "post", "article", "entry", "page", "content", "publish", "published", "publication",
                      "publishing", "wp", "doc", "document", "editorial", "review", "blog")
        for what in ("status", "state", "visibility")
    ),
    "statut", "estado", "stato", "workflow", "workflowstate", "access", "accesslevel", "privacy", "privacylevel",
    "privacystatus",
))  # fmt: skip
_STATES_HERE = frozenset((
    "audience", "permission", "permissions", "membership", "membershiplevel", "tier", "tiers", "viewers", "readers",
    "allowedusers", "allowedroles", "allowedgroups", "accessgroup", "accessgroups", "sharedwith", "restrictto",
    "restrictedto", "limitedto", "limitto", "visiblefor", "visibleto", "availableto", "showto", "showfor", "canview",
    "canread", "viewableby", "readableby", "visibleby", "accessibleto", "accessibleby",
))  # fmt: skip
# `wp_post_status` and the like are of the post; these are of something else.
OTHER_STATUS = re.compile("comment|ping|build|http|project|order|issue|job|relation|trackback")
PUBLIC_STATES = frozenset((
    "published", "publish", "public", "live", "posted", "released", "featured", "listed", "visible", "everyone",
    "everybody", "anyone", "all", "world", "open", "free", "true", "yes", "on", "1",
))  # fmt: skip
OPENS = frozenset((
    "published", "publish", "publishdate", "publisheddate", "publishedat", "publishat", "publishon", "publishedon",
    "publishafter", "publishfrom", "publicationdate", "publishingdate", "pubdate", "datepublished", "scheduled",
    "scheduledat",
    "scheduledfor", "scheduleddate", "scheduledate", "embargo", "embargountil", "embargoeduntil",
    "embargodate", "embargoends", "embargoend", "golive", "goliveat", "golivedate", "hiddenuntil", "draftuntil",
    "privateuntil", "notbefore",
))  # fmt: skip
OPENS_HERE = frozenset((
    "schedule", "release", "launch", "releasedate", "releaseat", "releaseon", "availablefrom", "availableat",
    "availableon",
    "visiblefrom",
    "visibleat",
    "activefrom", "displayfrom", "showfrom", "showafter", "visibleafter", "validfrom", "livefrom",
))  # fmt: skip
CLOSES = frozenset((
    "expirydate", "expiredate", "expirationdate", "expires", "expiresat", "expire", "expireat", "expireson", "expired",
    "expiredat", "expiry", "expiration", "unpublishdate", "unpublishat", "unpublishon", "unpublishedat",
    "unpublisheddate", "publishuntil", "publisheduntil", "publicuntil", "hiddenafter", "hideafter",
    "deletedat", "removeat", "removedat", "trashedat",
))  # fmt: skip
CLOSES_HERE = frozenset((
    "availableuntil", "visibleuntil", "validuntil", "validto", "activeuntil", "displayuntil", "showuntil", "liveuntil",
    "notafter",
))  # fmt: skip
NEVER = frozenset({"never", "none", "nobody", "nowhere"})
SECRET = re.compile(
    "passw|passphrase|passcode|kennwort|contraseña|contrasena|motdepasse|senha|wachtwoord|пароль|密码|密碼"
)
SECRETS = frozenset({"pass", "pwd", "mdp", "secretkey", "encryptionkey", "accesscode", "accesstoken", "accesskey"})
# Some write the password itself where others write that there is one.
LOCKS = frozenset({"encrypt", "encrypted", "protected", "protect", "locked", "lock", "secret", "private"})
# Fields of free words, of which one may say so, and the words that do.
KINDS = frozenset((
    "type", "layout", "kind", "mode", "posttype", "pagetype", "contenttype", "security", "securitylevel", "level",
    "group", "for", "only",
    "classification", "sensitivity", "distribution", "scope", "flag", "flags", "label", "labels", "stage", "phase",
    "progress",
))  # fmt: skip
HIDDEN_KINDS = frozenset((
    "draft", "drafts", "private", "unlisted", "hidden", "secret", "confidential", "membersonly", "subscribersonly",
    "internal", "unpublished", "protected", "password", "members", "subscribers", "patrons",
))  # fmt: skip
# Nikola hides what has such a tag, and others do as it does.
HIDING_TAGS = ("draft", "drafts", "private", "unlisted")
# Tables that are about the whole post, and those that are about a part of its page.
WHOLE = frozenset((
    "extra", "params", "param", "meta", "metadata", "custom", "page", "post", "article", "entry", "frontmatter", "data",
    "options", "settings", "attributes", "properties", "fields", "publication", "publishing", "publish", "published",
    "wordpress", "wp", "ghost", "access", "visibility", "privacy", "blog", "eleventy", "hugo", "cascade",
    "values", "config",
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
OF_A_SECTION = HIDE - {"headless", "unlisted", "isunlisted", "eleventyexcludefromcollections"} | {
    "published", "publish", *STATES, *OPENS, *CLOSES
}  # fmt: skip
OPEN_FOLDERS = frozenset((
    "_posts", "_i18n", "_articles", "_article", "_news", "_blog", "_blogs", "_content", "_source", "_src", "_stories",
    "_essays", "_writing", "_writings", "_entries", "_post", "_journal", "_weblog", "_md",
))  # fmt: skip
CLOSED_FOLDERS = frozenset((
    "draft", "drafts", "unpublished", "private", "hidden", "trash", "trashed", "deleted", "wip", "scheduled", "pending",
    "secret", "unlisted", "embargo", "embargoed", "encrypted", "not-public", "nonpublic", "inbox", "brouillons",
    "entwuerfe", "entwürfe", "borradores", "rascunhos", "bozze",
))  # fmt: skip

# Words that people put together as they like. Read by `fullmatch`, and no longer than `_LONGEST`.
_LONGEST = 60
_PEOPLE = (
    r"(?:members?|subscribers?|patrons?|patreons?|sponsors?|supporters?|friends?|family|staff|admins?|team|employees?"
    r"|customers?|clients?|paid|paying|premium|backers?|insiders?|followers?|founding|vips?|contributors?|registered"
    r"|loggedin|internal|users?|donors?|invited?|editors?|authors?)"
)
_HIDING = re.compile(
    r"(?:is|in|as|keep|marked|markas|markedas|currently)(?:drafts?|private|hidden|unlisted|unpublished|protected|secret)"
    r"|drafts|(?:draft|private|hidden|unlisted|protected|secret)(?:post|page|article|entry|mode)"
    r"|(?:hide|hidden|exclude|excluded|omit|omitted|skip|remove|removed|keep|not|dont|donot|never)"
    r"(?:this|page|from|in|on|out|of|for|the|is){0,3}"
    r"(?:blog|posts?|site|website|web|lists?|listings?|public|published|publish|collections?|render|rendering|rendered|build"
    r"|production)"
    r"|no(?:list|listing|listings|publish|publishing|render|build)"
    rf"|(?:for|only|onlyfor){_PEOPLE}|(?:for)?{_PEOPLE}only"
    r"|(?:needs?|requires?|in|under|awaiting|pending)"
    r"(?:review|approval|membership|subscription|login|signin|auth|authentication|authorization|payment|password|edits?"
    r"|editing)"
)
_SHOWING = re.compile(
    r"(?:show|shown|display|displayed|list|listed|visible|include|included|publish|published|render|rendered|appears?)"
    r"(?:in|on|to|at)(?:the)?(?:blog|site|lists?|listings?|index|posts|archives?|collections?|public|production|web|website)"
)
_OPENING = re.compile(
    r"(?:publish|publication|release|embargo|golive|live|launch|available|visible|reveal|unlock|public)(?:ed|es|s|d)?"
    r"(?:date|at|on|from|after|until|time|datetime)"
)


def hides(word: str, *, is_whole: bool) -> bool:
    """Whether a field of this name keeps the post from readers if it is true. `is_whole`: the whole post is meant."""
    return word in HIDE or (is_whole and (word in HIDE_HERE or _is(_HIDING, word)))


def shows(word: str) -> bool:
    """Whether a field of this name keeps the post from readers if it is false, wherever it stands."""
    return word in SHOW


def shows_here(word: str) -> bool:
    """The same where the whole post is meant."""
    return word in SHOW_HERE or _is(_SHOWING, word)


def is_state(word: str, *, is_whole: bool) -> bool:
    """Whether a field of this name says in words who may read the post."""
    if word in STATES:
        return is_whole or word not in ("state", "access")
    is_like_one = word in _STATES_HERE or (word.endswith(("status", "visibility")) and not OTHER_STATUS.search(word))
    return is_whole and is_like_one


def opens_here(word: str) -> bool:
    """Whether a field of this name may say from when on the post is to be read, where the whole post is meant."""
    return word in OPENS_HERE or _is(_OPENING, word)


def _is(pattern: re.Pattern[str], word: str) -> bool:
    return len(word) <= _LONGEST and pattern.fullmatch(word) is not None
