"""What the path of a file says about the post in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from blogapi.importers.date_places import date_in_folders, date_in_name, date_in_path
from blogapi.importers.languages import Tongue

# Where sites keep what they are made of: no part of an address, and no category.
_SOURCES = ("source", "src", "content")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the path of a file says about the post in it."""

    folders: tuple[str, ...]  # from the imported folder, included, down to the file
    name: str  # without date and ending; of the folder if the file is the index of a page bundle
    day: str | None
    is_day_in_folders: bool  # together with the name: nobody has written it as one
    language_folder: str | None
    is_jekyll: bool

    @classmethod
    def of(cls, root: Path, file: str, tongue: Tongue) -> Place:
        folders = PurePosixPath(file).parent.parts
        is_bundle = tongue.name == "index"
        above = (root.name, *(folders[:-1] if is_bundle else folders))
        day, name = date_in_name((folders[-1] if folders else "") if is_bundle else tongue.name)
        in_path = day or date_in_path("".join(f"{folder}/" for folder in (root.name, *folders)))
        in_folders = None
        if in_path is None:
            in_folders, name = date_in_folders(above, name)
        return cls(
            folders=(root.name, *folders),
            name=name,
            day=in_path or in_folders,
            is_day_in_folders=in_folders is not None,
            language_folder=tongue.folder,
            # Who keeps posts as Jekyll does has its tags in them, too.
            is_jekyll=not {"_posts", "_drafts"}.isdisjoint((root.name, *folders)) or bool(day and not is_bundle),
        )

    @property
    def is_dated_post(self) -> bool:
        """Whether Jekyll's default address was made of categories, date and name."""
        return "_posts" in self.folders and self.day is not None

    @property
    def categories(self) -> list[str]:
        """To Jekyll the folders above `_posts` are categories, but for those that hold languages."""
        return [folder for folder in self.folders_above if folder != self.language_folder]

    @property
    def folders_above(self) -> list[str]:
        """The folders above `_posts`, which stand in Jekyll's addresses, whatever they hold."""
        above = self.folders[1 : self.folders.index("_posts")] if "_posts" in self.folders[1:] else ()
        above = above[1:] if above[:1] and above[0] in _SOURCES else above
        return [folder for folder in above if not folder.startswith("_")]
