"""Whether anybody can see a text."""

import unicodedata

# Space, controls and formatting (zero-width spaces, the byte order mark, soft hyphens, tags), and marks that only show
# on a letter. What Unicode has assigned since our tables were made is none of these: it may be a letter.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"))
# Letters and signs that are drawn as nothing: fillers of Hangul, the empty pattern of Braille, the null notehead.
_EMPTY = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")


def is_blank(text: str) -> bool:
    """Whether it holds nothing that a reader would see."""
    return not any(map(_is_seen, text))


def _is_seen(character: str) -> bool:
    if character.isascii():
        return "!" <= character <= "~"
    return not (
        unicodedata.category(character) in _UNSEEN
        or character in _EMPTY
        # Not characters, and room that Unicode keeps for what is not to be drawn.
        or ord(character) & 0xFFFE == 0xFFFE
        or "\ufdd0" <= character <= "\ufdef"
        or "\ufff0" <= character <= "\ufff8"
        or character == "\u2065"
        or "\U000e0000" <= character <= "\U000e0fff"
    )
