"""Language tags, such as `de` or `pt-BR` (BCP 47)."""

import re

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
