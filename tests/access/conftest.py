"""Who is asking depends on the time, which stands still here as it does for signing in."""

from tests.auth.conftest import app, clock

__all__ = ["app", "clock"]
