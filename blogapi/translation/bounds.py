"""How long a text has to be, or may be, in words."""

from blogapi.translation.sentence import Sentence, say_many


def at_least_characters(least: int) -> Sentence:
    """For a text that is too short."""
    return say_many("At least {count:,} character.", "At least {count:,} characters.", least)


def at_most_characters(most: int) -> Sentence:
    """For a text that is too long."""
    return say_many("At most {count:,} character.", "At most {count:,} characters.", most)
