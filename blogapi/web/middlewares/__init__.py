"""The middlewares of every request; `app.py` has their order."""
