"""The files of the documentation pages; a package, so that they are installed with the rest."""
