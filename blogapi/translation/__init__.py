"""Messages in the reader's language: how the source marks them, the catalogues, and what is made of both."""
