"""The one door that HTML leaves through: what it does not name, it drops."""

import re
from functools import cache

import nh3

from blogapi.text.anchors import own_anchor
from blogapi.text.fences import code_language

POST_TAGS = frozenset((
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del", "details",
    "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "input", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section",
    "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time",
    "tr", "u", "ul", "var", "wbr",
))  # fmt: skip
_POST_ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"class", "href", "id", "title"},
    "abbr": {"title"},
    "code": {"class"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"datetime"},
    "details": {"open"},
    "div": {"id"},
    "h1": {"id"},
    "h2": {"id"},
    "h3": {"id"},
    "h4": {"id"},
    "h5": {"id"},
    "h6": {"id"},
    "hr": {"class"},
    "img": {"alt", "height", "src", "title", "width"},
    "input": {"checked", "class", "disabled", "type"},
    "ins": {"datetime"},
    "li": {"class", "id", "value"},
    "ol": {"class", "reversed", "start"},
    "p": {"id"},
    "section": {"class", "id"},
    "span": {"id"},
    "sup": {"class", "id"},
    "td": {"colspan", "headers", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "ul": {"class"},
}
_ALIGNMENTS = {"align": {"left", "center", "right"}}

# What our own Markdown makes of footnotes and task lists.
_CLASSES = frozenset((
    "footnote-backref", "footnote-item", "footnote-ref", "footnotes", "footnotes-list", "footnotes-sep",
    "contains-task-list", "task-list-item", "task-list-item-checkbox",
))  # fmt: skip
_SCHEMES = frozenset(("http", "https", "mailto", "tel"))
_SCHEME = re.compile(r"\s*+([a-z][a-z0-9+.-]*+):", re.IGNORECASE)

_PRE_AND_BREAK = re.compile(r'<pre(?: [a-z]++="[^"]*+")*+>\n')

# Stands where the automatic excerpt ends. Nobody can type it: markup.py lets through no element that it does not know.
MORE_TAG = "blogapi-more"
MORE = f"<{MORE_TAG}></{MORE_TAG}>"

_SMALL_TAGS = frozenset(("a", "br", "code", "em", "li", "ol", "p", "pre", "strong", "ul"))
_SMALL_ATTRIBUTES = {"a": {"href", "title"}, "code": {"class"}, "ol": {"start"}}


def clean_post(html: str) -> str:
    """Reduce to what a post may hold. Links stay worth following for search engines: authors are known people."""
    return _keep_blank_line(_post_cleaner().clean(html))


def clean_small(html: str) -> str:
    """Reduce to what a bio or comment may hold; its links tell search engines that anybody may have set them."""
    return _keep_blank_line(_small_cleaner().clean(html))


def _keep_blank_line(html: str) -> str:
    # Every parser drops a line break right after <pre>, the sanitiser's too, so that it takes two to keep one.
    return _PRE_AND_BREAK.sub(r"\g<0>\n", html) if "<pre" in html else html


@cache
def _post_cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=POST_TAGS | {MORE_TAG},
        attributes=_POST_ATTRIBUTES,
        attribute_filter=_filter_attribute,
        tag_attribute_values={"td": _ALIGNMENTS, "th": _ALIGNMENTS},
        # An input can only be the box of a task list, whatever it was. The lists allow both attributes: those that
        # are missing are added in an order that differs by process.
        set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
    )


@cache
def _small_cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_SMALL_TAGS,
        attributes=_SMALL_ATTRIBUTES,
        attribute_filter=_filter_attribute,
        url_schemes=_SCHEMES,
        link_rel="nofollow ugc noopener noreferrer",
    )


def _filter_attribute(tag: str, attribute: str, value: str) -> str | None:
    """Judge an attribute that the lists allow: its value, another one, or None to drop it."""
    match attribute:
        case "class":
            kept = [name if name in _CLASSES else _language_class(tag, name) for name in value.split()]
            return " ".join(filter(None, kept)) or None
        case "id":
            return own_anchor(value, tag)
        case "href" if value.startswith("#") and len(value) > 1:
            return "#" + own_anchor(value[1:])
        case "src":
            scheme = _SCHEME.match(value)
            return value if scheme is None or scheme[1].lower() in ("http", "https") else None
    return value


def _language_class(tag: str, name: str) -> str:
    prefix, dash, rest = name.partition("-")
    language = code_language(rest) if tag == "code" and dash and prefix in ("language", "lang") else ""
    return language and f"language-{language}"
