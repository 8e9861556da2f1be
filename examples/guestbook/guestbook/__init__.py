"""A guestbook for a blog: readers who are signed in leave a few words, which everybody sees."""
