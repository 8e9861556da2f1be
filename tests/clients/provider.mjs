// An OpenID provider of the package registry, certified by the OpenID Foundation, with the blog as its only client. It
// tells its issuer in a line, and serves until its standard input ends. Who signs in is whoever they say, with a verified address.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [redirect, secret] = process.argv.slice(2);
const server = createServer();
await new Promise((resolve) => server.listen(0, "localhost", resolve));
const issuer = `http://localhost:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: "blog", client_secret: secret, redirect_uris: [redirect] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({
      sub,
      email: `${sub}@example.org`,
      email_verified: true,
      name: `${sub[0].toUpperCase()}${sub.slice(1)} of the provider`,
      preferred_username: sub,
    }),
  }),
  pkce: { required: () => true },
});
server.on("request", provider.callback());
console.log(issuer);
process.stdin.resume().on("end", () => process.exit());
