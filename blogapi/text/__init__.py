"""Pure functions on text: Markdown and HTML to safe HTML, excerpts, counts, slugs. Nothing in here does I/O."""
