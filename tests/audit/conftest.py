"""Time stands still here as it does for signing in."""

import pytest

from tests.auth.conftest import app, clock, inbox

__all__ = ["app", "clock", "inbox"]


@pytest.fixture
def audit(client, admin):
    """The audit log as an administrator reads it: `await audit("action=user.erased")` are the entries."""

    async def audit(query="", who=admin):
        response = await client.get(f"/v1/audit?{query}", headers=who.headers)
        assert response.status == 200, await response.text()
        return (await response.json())["items"]

    return audit
