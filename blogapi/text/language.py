"""Language tags, such as `de` or `pt-BR` (BCP 47)."""

import re
from collections.abc import Sequence

# RFC 5646 section 2.1, without the irregular and private forms that no front end sends.
LANGUAGE_TAG = r"[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-([a-zA-Z]{2}|[0-9]{3}))?(-([a-zA-Z0-9]{5,8}|[0-9][a-zA-Z0-9]{3}))*"

# Behind the language, a region has two letters and a script four. A variant of four begins with a digit.
_CASES = {2: str.upper, 4: str.capitalize}


def is_language_tag(text: str) -> bool:
    """Whether a text has the form of a tag, in whatever case."""
    return re.fullmatch(LANGUAGE_TAG, text) is not None


def language_tag(text: str) -> str:
    """A tag in its usual case, `zh-Hant-TW`: tags that differ in nothing else are the same. RFC 5646 section 2.1.1."""
    language, *others = text.lower().split("-")
    return "-".join([language, *(_CASES.get(len(part), str)(part) for part in others)])


def best_language(accepted: str, known: Sequence[str]) -> str:
    """The one of these languages that somebody reads best, by their Accept-Language (RFC 9110 section 12.5.4).

    The first one where they read none, or do not say so.
    """
    wishes = []
    for part in accepted[:1000].split(","):
        tag, _, quality = part.strip().partition(";")
        found = re.fullmatch(r"\s*q=(0(?:\.[0-9]{1,3})?|1(?:\.0{1,3})?)\s*", quality)
        wishes.append((float(found[1]) if found else 1.0, tag.strip().split("-")[0].lower()))
    # Of those that they read equally well, the one that they name first.
    for weight, language in sorted(wishes, key=lambda wish: -wish[0]):
        if weight > 0 and language in known:
            return language
    return known[0]
