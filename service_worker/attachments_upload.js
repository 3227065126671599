/**
 * One file goes up, in pieces that suit the line, by tus 1.0.0 (sync/PROTOCOL.md).  What has arrived is asked of the server each
 * time, so that nothing about an upload need be remembered here: a worker that dies goes on at the same byte.
 */

const TUS = { "Tus-Resumable": "1.0.0" };
const PATIENCE_MS = 60_000;
const QUICK_MS = 2_000;
const LEAST = 32_000;
const MOST = 4_000_000;
const REFUSED = [413, 422];

/** It did not go now, and may go later. `why`: offline, portal, signed_out, server. */
export class UploadStopped extends Error {
  /** @param {string} why @param {number} [retryAfterMs] */
  constructor(why, retryAfterMs = 0) {
    super(`the upload stopped: ${why}`);
    this.why = why;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The server will never take this file. */
export class UploadRefused extends Error {
  /** @param {string} code */
  constructor(code) {
    super(`the file was refused: ${code}`);
    this.code = code;
  }
}

/** How much goes at once: on a bad line little, so that each piece that arrives is kept. */
export class PieceSize {
  bytes = 256_000;

  /** @param {number} ms how long the last piece took */
  went(ms) {
    if (ms < QUICK_MS) this.bytes = Math.min(MOST, this.bytes * 2);
  }

  broke() {
    this.bytes = Math.max(LEAST, Math.floor(this.bytes / 4));
  }
}

/**
 * @param {{hash: string, content: ArrayBuffer, size: PieceSize, fetch: (address: string, init: RequestInit) => Promise<Response>}} given
 * @returns {Promise<void>} the server has it
 * @throws {UploadStopped|UploadRefused}
 */
export async function upload(given) {
  let address = await begin(given);
  let beginnings = 1;
  while (address) {
    const at = await offsetOf(given, address);
    if (at !== null && (await sendFrom(given, address, at))) return;
    // It expired, or what arrived was not what was sent: once more from the start.
    if ((beginnings += 1) > 2) throw new UploadStopped("server");
    address = await begin(given);
  }
}

/** @param {Parameters<typeof upload>[0]} given @returns {Promise<string>} its address; '' where the server has the file */
async function begin(given) {
  const headers = { "Upload-Length": String(given.content.byteLength), "Upload-Metadata": `hash ${btoa(given.hash)}` };
  const answer = await ask(given, "/uploads", { method: "POST", headers });
  if (answer.status === 409) return "";
  if (answer.status !== 201) throw await failure(answer);
  return new URL(answer.headers.get("Location") ?? "", self.location.origin).pathname;
}

/** @param {Parameters<typeof upload>[0]} given @param {string} address @returns {Promise<number|null>} null: it is gone */
async function offsetOf(given, address) {
  const answer = await ask(given, address, { method: "HEAD" });
  if (answer.status === 404 || answer.status === 410) return null;
  if (!answer.ok) throw await failure(answer);
  return Number(answer.headers.get("Upload-Offset"));
}

/** @param {Parameters<typeof upload>[0]} given @param {string} address @param {number} from
 * @returns {Promise<boolean>} false: ask where it stands */
async function sendFrom(given, address, from) {
  for (let at = from; at < given.content.byteLength; ) {
    const piece = given.content.slice(at, at + given.size.bytes);
    const begun = performance.now();
    const answer = await sendPiece(given, address, piece, at);
    if ([404, 409, 410, 460].includes(answer.status)) return false;
    if (answer.status !== 204) throw await failure(answer);
    given.size.went(performance.now() - begun);
    at = Number(answer.headers.get("Upload-Offset"));
  }
  return true;
}

/** @param {Parameters<typeof upload>[0]} given @param {string} address @param {ArrayBuffer} piece @param {number} at */
async function sendPiece(given, address, piece, at) {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", piece));
  const headers = {
    "Content-Type": "application/offset+octet-stream",
    "Upload-Offset": String(at),
    "Upload-Checksum": `sha256 ${btoa(String.fromCharCode(...sum))}`,
  };
  try {
    return await ask(given, address, { method: "PATCH", headers, body: piece });
  } catch (error) {
    given.size.broke();
    throw error;
  }
}

/** @param {Parameters<typeof upload>[0]} given @param {string} address @param {RequestInit} init @returns {Promise<Response>} */
async function ask(given, address, init) {
  let answer;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    answer = await given.fetch(address, { ...init, headers: { ...TUS, ...init.headers }, signal, redirect: "manual", cache: "no-store" });
  } catch {
    throw new UploadStopped("offline");
  }
  // A hotel answers in the server's name.
  if (answer.type === "opaqueredirect" || (answer.ok && !answer.headers.has("Tus-Resumable"))) throw new UploadStopped("portal");
  return answer;
}

/** @param {Response} answer @returns {Promise<Error>} */
async function failure(answer) {
  if (answer.status === 401) return new UploadStopped("signed_out");
  if (REFUSED.includes(answer.status) && answer.headers.has("Tus-Resumable")) {
    const { error } = await answer.json().catch(() => ({ error: "" }));
    // Wrong bytes are the line's fault, or the disk's: the file may go the next time.
    return error && error !== "wrong_hash" ? new UploadRefused(error) : new UploadStopped("server");
  }
  return new UploadStopped("server", 1_000 * Math.min(Number(answer.headers.get("Retry-After")) || 0, 3_600));
}
