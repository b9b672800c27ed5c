// Uploads a file to CAPSS and waits for what becomes of it: node upload.mjs day.xml. Needs Node 20; nothing else.
//
// Exit code 0: everything in it is confirmed saved. 1: it is not. 3: it is not known: look before you send it again.
// Environment: CAPSS_CLIENT_ID, CAPSS_CLIENT_SECRET; CAPSS_BASE_URL, CAPSS_TOKEN_URL, CAPSS_TIMEOUT_S;
// NODE_EXTRA_CA_CERTS for another authority.
import { openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const BASE = process.env.CAPSS_BASE_URL ?? "https://capss-sb.doj.ca.gov";
const TOKEN_URL = process.env.CAPSS_TOKEN_URL ?? `${BASE}/oauth2/token`;
const UNTIL = Date.now() + (Number(process.env.CAPSS_TIMEOUT_S ?? 300) - 2) * 1000;
const NOT_SAVED = 1;
const UNKNOWN = 3;

class Stop extends Error {
  constructor(code, why) {
    super(why);
    this.code = code;
  }
}

function left() {
  const ms = UNTIL - Date.now();
  if (ms <= 0) throw new Stop(UNKNOWN, "the time is over: not confirmed");
  return ms;
}

async function pause(ms) {
  if (ms >= left()) throw new Stop(UNKNOWN, "the time is over: not confirmed");
  await sleep(ms);
}

// One request. Redirects are not followed: the token is for this host only.
async function ask(url, options) {
  const reply = await fetch(url, { ...options, redirect: "manual", signal: AbortSignal.timeout(Math.min(left(), 30000)) });
  const text = await reply.text();
  let values = {};
  try {
    const parsed = JSON.parse(text);
    if (parsed && typeof parsed === "object") values = parsed;
  } catch {
    // a page, or nothing: no member of it is there
  }
  const seconds = Number(reply.headers.get("retry-after") ?? 1);
  return { status: reply.status, values, retryAfter: (Number.isFinite(seconds) ? seconds : 1) * 1000 };
}

async function getToken() {
  const { CAPSS_CLIENT_ID: id, CAPSS_CLIENT_SECRET: secret } = process.env;
  const headers = { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
  let reply;
  for (let attempt = 0; attempt < 4; attempt++) {
    const body = new URLSearchParams({ scope: "api", grant_type: "client_credentials" });
    reply = await ask(TOKEN_URL, { method: "POST", headers, body });
    if (reply.status !== 429 && reply.status !== 503) break;
    await pause(reply.retryAfter);
  }
  if (reply.status !== 200 || typeof reply.values.access_token !== "string")
    throw new Stop(NOT_SAVED, `no token (status ${reply.status}): nothing was sent`);
  return { Authorization: `Bearer ${reply.values.access_token}` };
}

async function send(file, headers) {
  let reply;
  for (let attempt = 0; attempt < 4; attempt++) {
    const body = new FormData();
    body.append("bulkUploadFile", await openAsBlob(file), basename(file));
    try {
      reply = await ask(`${BASE}/api/bulkimport/save`, { method: "POST", headers, body });
    } catch (error) {
      if (error instanceof Stop) throw error;
      // it may have arrived: it is not sent again
      throw new Stop(UNKNOWN, `the answer was lost (${error.name}): look before you send it again`);
    }
    if (reply.status !== 429 && reply.status !== 503) break; // these say that nothing was done
    await pause(reply.retryAfter);
  }
  if (reply.status >= 400 && reply.status < 500) throw new Stop(NOT_SAVED, `refused (status ${reply.status}): not saved`);
  return reply;
}

async function follow(accepted, headers) {
  const href = accepted.values.links?.href;
  const url = typeof href === "string" ? new URL(href, `${BASE}/`) : null;
  if (![200, 202].includes(accepted.status) || url?.origin !== new URL(BASE).origin)
    throw new Stop(UNKNOWN, `status ${accepted.status} does not say where to ask: look before you send it again`);
  let wait = 600;
  let refreshed = false;
  for (;;) {
    let told = 0;
    try {
      const reply = await ask(url, { headers });
      if (reply.status === 200 && reply.values.statusMessage === "complete") return reply.values;
      if (reply.status === 429 || reply.status === 503) told = reply.retryAfter;
      else if (reply.status === 401 && !refreshed) {
        refreshed = true;
        headers = await getToken();
      } else if (![200, 202, 404, 500, 502, 504].includes(reply.status))
        throw new Stop(UNKNOWN, `status ${reply.status}: not confirmed`);
    } catch (error) {
      if (error instanceof Stop) throw error; // else: a status can be asked for as often as one likes
    }
    await pause(Math.max(wait, told));
    wait = Math.min(wait * 1.25, 15000);
  }
}

async function main(file) {
  const size = await stat(file).then((found) => found.size, () => 0);
  if (!size) throw new Stop(NOT_SAVED, `${file} is empty, or not there: nothing was sent`);
  const headers = await getToken();
  const values = await follow(await send(file, headers), headers);
  if (values.isUploaded === true && values.hasErrors === false && values.savedCount > 0) return values.savedCount;
  throw new Stop(NOT_SAVED, `not everything was saved: ${values.errorMessages?.length ?? 0} messages about errors`);
}

try {
  console.log(`saved ${await main(process.argv[2])}`);
} catch (error) {
  console.error(error instanceof Stop ? error.message : `not sent: ${error.cause?.code ?? error.name}`);
  process.exitCode = error instanceof Stop ? error.code : NOT_SAVED;
}
