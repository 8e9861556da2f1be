"""The life of a passkey in a real browser, with its virtual authenticator."""

from .conftest import snippet
from .test_browser import in_browser

END = """
console.log("the end");
"""
# What a person would not do: the domain of another site, and the answer to an older question.
HOSTILE = """
const asked = async () => (await call("POST", "/v1/auth/passkeys/login/options")).options;
const get = (options) =>
  navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)});
const signIn = async (credential) => {
  try {
    await call("POST", "/v1/auth/passkeys/login", {credential, mode: "cookie"});
    return "signed in";
  } catch (problem) {
    return problem.code;
  }
};
await call("POST", "/v1/auth/reauthenticate", {password});
await addPasskey("My laptop");
try {
  await addPasskey("My laptop again");
} catch (error) {
  console.log(`second: ${error.name}`);
}
try {
  await get({...await asked(), rpId: "example.org"});
} catch (error) {
  console.log(`another domain: ${error.name}`);
}
const once = (await get(await asked())).toJSON();
console.log(`twice: ${[await signIn(once), await signIn(once)]}`);
"""


async def test_javascript_of_the_how_to_runs_with_an_authenticator(blog):
    program = snippet("js", "passkeys.md").replace("http://localhost:8080", blog.address) + HOSTILE + END
    found = await in_browser("run", program=program, authenticator=True)
    assert found["errors"] == []
    # The browser reports each answer of 400 and more by itself.
    said = [line for line in found["said"] if not line.startswith("Failed to load resource")]
    assert said == [
        "added: My laptop",
        "has: My laptop",
        "renamed: My old laptop",
        "signed in: true",
        "left: 0",
        "second: InvalidStateError",
        "another domain: SecurityError",
        "twice: signed in,invalid_credentials",
    ]
