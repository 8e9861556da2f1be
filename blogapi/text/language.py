"""Language tags, such as `de` or `pt-BR` (BCP 47)."""

import re
from collections.abc import Sequence

# RFC 5646 section 2.1, without the irregular and private forms that no front end sends.
LANGUAGE_TAG = r"[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-([a-zA-Z]{2}|[0-9]{3}))?(-([a-zA-Z0-9]{5,8}|[0-9][a-zA-Z0-9]{3}))*"

# Far more than anybody reads: what comes after these is not looked at.
_MOST_WISHES = 50
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

    A region counts as its language. `*` is every language that is not named. The first one where they read none, or do
    not say so.
    """
    wishes: dict[str, float] = {}
    for part in accepted[:1000].split(",")[:_MOST_WISHES]:
        tag, _, quality = part.strip().partition(";")
        found = re.fullmatch(r"\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", quality, re.IGNORECASE)
        language = tag.strip().split("-")[0].lower()
        wishes[language] = max(wishes.get(language, 0.0), float(found[1]) if found else 1.0)
    if "*" in wishes:
        wishes |= {language: wishes["*"] for language in known if language not in wishes}
    # Of those that they read equally well, the one that they name first.
    best = max((language for language in wishes if language in known), key=wishes.__getitem__, default=known[0])
    return best if wishes.get(best) else known[0]
