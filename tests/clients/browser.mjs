// Opens Chromium. Started by test_browser.py with the name of a task; what it is about comes by standard input as JSON,
// what was seen goes to standard output as JSON.
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

// The packed browser brings the few libraries that it needs beside the C library; it unpacks them where it believes to
// be at home.
process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs22.x";
mkdirSync(process.env.TMPDIR, { recursive: true });
const { default: packed } = await import("@sparticuz/chromium");
const { chromium } = await import("playwright-core");

async function open() {
  packed.setGraphicsMode = false;
  const executablePath = process.env.CHROMIUM || (await packed.executablePath());
  try {
    return await chromium.launch({ executablePath, args: ["--no-sandbox", "--headless=shell"], headless: true });
  } catch (error) {
    const missing = /error while loading shared libraries: (\S+):/.exec(String(error));
    if (!missing) throw error;
    console.error(`Chromium needs ${missing[1]}: install the package that has it (apt-file search ${missing[1]}),`
      + " or a browser of your own, and name it in CHROMIUM.");
    process.exit(78);
  }
}

/** In the page: make all events happen that handlers wait for, and tell what would do something. */
function arouse() {
  const elements = [...document.querySelectorAll("*")];
  for (const element of elements) {
    for (const event of ["mouseover", "pointerenter", "focus", "toggle"]) element.dispatchEvent(new Event(event));
  }
  const addresses = ["href", "src", "action", "formaction", "xlink:href", "data"];
  const does = ({ name, value }) => /^on/.test(name)
    || (addresses.includes(name) && /^(javascript|vbscript|data):/i.test(value.replace(/[\x00-\x20]/g, "")));
  return elements.flatMap((element) => [...element.attributes].filter(does)
    .map(({ name, value }) => `${element.localName} ${name}=${value}`));
}

/** Load pages and tell what they did: scripts that were compiled in them, and what they asked for elsewhere. */
async function load(browser, { pages }) {
  const seen = [];
  for (const html of pages) {
    const page = await browser.newPage();
    const scripts = [], requests = [];
    page.on("dialog", (dialog) => dialog.dismiss());
    await page.route("**/*", (route) => {
      const request = route.request();
      if (request.url() === "http://blog.test/") return route.fulfill({ contentType: "text/html; charset=utf-8", body: html });
      requests.push([request.resourceType(), request.url()]);
      return route.abort();
    });
    const inspector = await page.context().newCDPSession(page);
    // What this test itself evaluates in the page has no address.
    inspector.on("Debugger.scriptParsed", ({ url }) => url && scripts.push(url));
    await inspector.send("Debugger.enable");
    await page.goto("http://blog.test/", { waitUntil: "load" }).catch(() => undefined);
    const armed = await page.evaluate(arouse).catch(() => []);
    seen.push({ scripts, requests, armed });
    await page.close();
  }
  return seen;
}

/** Go through all operations of /docs: open each, try it out as it stands there, follow its links, and tell what was answered. */
async function docs(browser, { address, password }) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(60_000);
  const complaints = [], foreign = [], operations = [], links = new Set();
  page.on("console", (message) => {
    // The browser reports each answer of 400 and more by itself.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith("data:")) foreign.push(request.url());
  });

  const visit = async () => {
    await page.goto(`${address}/docs`);
    await page.waitForSelector(".opblock");
  };
  const attempt = async (id) => {
    const block = page.locator(`#${id}`);
    await block.locator(".opblock-summary-control").click();
    const read = await block.boundingBox();
    for (const link of await block.locator(".responses-table a[href]").all()) links.add(await link.evaluate((each) => each.href));
    await block.locator(".try-out__btn").click();
    await block.locator(".execute").waitFor();
    const tried = await block.boundingBox();
    const height = Math.max(read.height, tried.height);
    await block.locator(".execute").click();
    const status = block.locator(".live-responses-table tbody .response-col_status").first();
    await status.waitFor();
    operations.push({ id, height, status: Number((await status.innerText()).slice(0, 3)) });
    await block.locator(".opblock-summary-control").click();
  };

  await visit();
  const ids = await page.$$eval(".opblock", (blocks) => blocks.map((block) => block.id));
  const [signing, others] = [ids.filter((id) => id.includes("-auth-")), ids.filter((id) => !id.includes("-auth-"))];
  // Signing in comes first, for it gives the others their session, and signing out last.
  const turn = (id) => id.endsWith("-register") ? 0 : id.endsWith("-sign_in") ? 1 : id.endsWith("-sign_out") ? 3 : 2;
  for (const id of signing.toSorted((a, b) => turn(a) - turn(b))) await attempt(id);

  const response = await fetch(`${address}/v1/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ login: "admin", password }),
  });
  await visit();
  await page.evaluate((token) => ui.preauthorizeApiKey("token", token), (await response.json()).access_token);
  for (const id of others) await attempt(id);
  const followed = [];
  for (const link of links) followed.push([link, (await fetch(link)).status]);
  return { complaints, foreign, operations, followed };
}

/** Give the page an authenticator whose user is there and has a fingerprint that fits. */
async function addAuthenticator(page) {
  const inspector = await page.context().newCDPSession(page);
  await inspector.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
  await inspector.send("WebAuthn.addVirtualAuthenticator", { options: { ...options, automaticPresenceSimulation: true } });
}

/**
 * Run a program as a module of a page on a port of its own, and tell what it said and what went wrong. Where it leads to
 * other pages, `walk` says what to do on each: the fields of a form to be filled in and sent, or a link to follow. With
 * `authenticator` the page has one for passkeys.
 */
async function run(browser, { program, walk = [], authenticator = false }) {
  const html = `<!doctype html><meta charset=utf-8><title>x</title><script type="module" src="/program.js"></script>`;
  const server = createServer(({ url }, response) => {
    const [type, text] = url === "/program.js" ? ["text/javascript", program] : ["text/html", html];
    response.writeHead(200, { "Content-Type": `${type}; charset=utf-8` }).end(text);
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const page = await browser.newPage();
  const said = [], errors = [];
  const end = new Promise((resolve) => {
    page.on("console", (message) => (message.text() === "the end" ? resolve() : said.push(message.text())));
    page.on("pageerror", (error) => resolve(errors.push(String(error))));
  });
  if (authenticator) await addAuthenticator(page);
  await page.goto(`http://localhost:${server.address().port}/`);
  for (const step of walk) {
    await page.waitForSelector("form button[type=submit]");
    for (const [name, value] of Object.entries(typeof step === "string" ? {} : step)) await page.fill(`input[name=${name}]`, value);
    const way = typeof step === "string" ? page.getByText(step) : page.locator("form button[type=submit]");
    await Promise.all([page.waitForNavigation(), way.click()]);
  }
  await end;
  await page.close();
  server.close();
  return { said, errors };
}

/** Open pages with a form one after the other, fill it in, send it, and tell what the page says then. */
async function forms(browser, { pages }) {
  const seen = [];
  for (const { url, fields, language } of pages) {
    const page = await browser.newPage({ locale: language });
    const complaints = [];
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(url);
    const asked = await page.$$eval("form input", (inputs) => inputs.map(({ name, type }) => [name, type]));
    for (const [name, value] of Object.entries(fields)) await page.fill(`input[name=${name}]`, value);
    await page.click("button");
    const outcome = page.locator("#outcome:not(:empty)");
    await outcome.waitFor();
    seen.push({ asked, complaints, says: await outcome.innerText(), address: page.url(), isDone: await page.isHidden("form") });
    await page.close();
  }
  return seen;
}

const browser = await open();
const tasks = { load, docs, forms, run };
console.log(JSON.stringify(await tasks[process.argv[2]](browser, JSON.parse(await text(process.stdin)))));
await browser.close();
