"""The files of the pages behind links; a package, so that they are installed with the rest."""
