/**
 * The bytes of `/sync`: a request body out, lines in (see sync/PROTOCOL.md).  Lines of rows may be
 * megabytes: their values are never parsed here, SQLite does that.  Nothing here knows of a replica.
 */

const SMALL_BYTES = 1_000; // below this, compression costs more than it saves
const MARK = '"values":';

/** Raised when the answer ended, or fell silent, before its last line. */
export class Cut extends Error {}

/**
 * @param {object} request
 * @returns {Promise<{headers: Record<string, string>, body: string|Uint8Array<ArrayBuffer>}>}
 */
export async function encode(request) {
  const text = JSON.stringify(request);
  const headers = { "Content-Type": "application/json" };
  if (text.length < SMALL_BYTES || typeof CompressionStream === "undefined") return { headers, body: text };

  const packed = /** @type {ReadableStream} */ (new Response(text).body).pipeThrough(new CompressionStream("gzip"));
  const body = new Uint8Array(await new Response(packed).arrayBuffer());
  return { headers: { ...headers, "Content-Encoding": "gzip" }, body };
}

/**
 * Whole lines of a streamed answer.  A last line without its newline was cut, and is not given.
 *
 * @param {ReadableStream<Uint8Array>} stream @param {number} silenceMs how long one chunk may take
 * @returns {AsyncGenerator<string>}
 * @throws {Cut}
 */
export async function* linesOf(stream, silenceMs) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let parts = /** @type {string[]} */ ([]);
  try {
    for (;;) {
      const { done, value } = await within(silenceMs, reader.read());
      if (done) return;
      const pieces = decoder.decode(value, { stream: true }).split("\n");
      for (const piece of pieces.slice(0, -1)) {
        yield parts.join("") + piece;
        parts = [];
      }
      parts.push(pieces[pieces.length - 1]);
    }
  } finally {
    reader.cancel().catch(() => {}); // already broken: nothing to cancel
  }
}

/**
 * One line as an object.  For a line of rows, `values` is left in the text: the object has `line` instead.
 *
 * @param {string} line
 * @returns {any}
 */
export function parseLine(line) {
  const mark = line.startsWith('{"rows"') ? line.indexOf(MARK) : -1;
  if (mark < 0) return JSON.parse(line);
  return { ...JSON.parse(`${line.slice(0, mark).trimEnd().replace(/,$/, "")}}`), line };
}

/**
 * @template T @param {number} ms @param {Promise<T>} promise
 * @returns {Promise<T>}
 * @throws {Cut} when it takes longer, or fails
 */
export async function within(ms, promise) {
  let timer = 0;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Cut(`no answer for ${ms} ms`)), ms);
  });
  try {
    return await /** @type {Promise<T>} */ (Promise.race([promise, late]));
  } catch (error) {
    throw error instanceof Cut ? error : new Cut("the connection broke", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
