"""Brings the catalogues of blogapi/translation/ up to date with the source. Started by scripts/translations."""

from blogapi.translation.catalogue import FOLDER
from blogapi.translation.extraction import catalogue_of, updated
from blogapi.translation.sentence import LANGUAGES


def main() -> None:
    for language in LANGUAGES[1:]:
        file = FOLDER / f"{language}.po"
        file.write_bytes(updated(language))
        missing = sum(not message.string or not all(message.string) for message in catalogue_of(language) if message.id)
        print(f"blogapi/translation/{file.name}: {f'{missing} to translate' if missing else 'complete'}")


if __name__ == "__main__":
    main()
