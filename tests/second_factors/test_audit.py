"""What happens to second factors is in the audit log."""

from tests.second_factors.conftest import RECOVERY, TOTP, signed_in_with


async def test_changes_of_second_factors_are_told(client, ada, admin, app_of_ada):
    await signed_in_with(client, recovery_code=app_of_ada.recovery_codes[0])
    assert (await client.post(RECOVERY, headers=ada.headers)).status == 200
    assert (await client.delete(TOTP, headers=ada.headers)).status == 204
    response = await client.get(f"/v1/audit?target={ada.id}&limit=100", headers=admin.headers)
    told = [entry for entry in (await response.json())["items"] if entry["action"].startswith("second_factor.")]
    assert {entry["action"].partition(".")[2]: entry["actor"]["user_id"] for entry in told} == {
        "totp_added": ada.id,
        "recovery_code_used": None,
        "recovery_codes_renewed": ada.id,
        "totp_removed": ada.id,
    }


async def test_setting_up_that_nobody_finishes_is_not_told(client, ada, admin):
    assert (await client.post(TOTP, headers=ada.headers)).status == 201
    response = await client.get(f"/v1/audit?target={ada.id}", headers=admin.headers)
    assert {entry["action"] for entry in (await response.json())["items"]} == {"user.created", "session.opened"}
