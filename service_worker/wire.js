/**
 * The bytes of `/sync` and `/sync/check`: a request body out, lines in (see sync/PROTOCOL.md).  Lines of rows may be
 * megabytes: their values are never parsed here, SQLite does that.  Nothing here knows of a replica.
 */

const SMALL_BYTES = 1_000; // below this, compression costs more than it saves
const MARK = '"values":';
const AHEAD_BYTES = 4_000_000;

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
  const ahead = new ReadAhead(stream, silenceMs);
  const decoder = new TextDecoder();
  let parts = /** @type {string[]} */ ([]);
  try {
    for (let value = await ahead.next(); value; value = await ahead.next()) {
      const pieces = decoder.decode(value, { stream: true }).split("\n");
      for (const piece of pieces.slice(0, -1)) {
        yield parts.join("") + piece;
        parts = [];
      }
      parts.push(pieces[pieces.length - 1]);
    }
  } finally {
    ahead.cancel();
  }
}

/** Takes from the line what has arrived while earlier lines are still being stored: a connection that breaks
 * takes with it what the browser holds unread. */
class ReadAhead {
  #reader;
  /** @type {Uint8Array[]} */ #pieces = [];
  #bytes = 0;
  #isOver = false;
  /** @type {unknown} */ #failure = null;
  #tell = () => {};
  #news = Promise.resolve();

  /** @param {ReadableStream<Uint8Array>} stream @param {number} silenceMs */
  constructor(stream, silenceMs) {
    this.#reader = stream.getReader();
    this.#await();
    this.#read(silenceMs);
  }

  /** @returns {Promise<Uint8Array|undefined>} what came next, undefined at the end @throws {Cut} */
  async next() {
    while (!this.#pieces.length && !this.#isOver) await this.#news;
    const piece = this.#pieces.shift();
    if (!piece && this.#failure) throw this.#failure;
    this.#bytes -= piece?.length ?? 0;
    this.#changed();
    return piece;
  }

  cancel() {
    this.#isOver = true;
    this.#changed();
    this.#reader.cancel().catch(() => {}); // already broken: nothing to cancel
  }

  /** @param {number} silenceMs */
  async #read(silenceMs) {
    try {
      while (!this.#isOver) {
        while (this.#bytes > AHEAD_BYTES && !this.#isOver) await this.#news;
        const { done, value } = await within(silenceMs, this.#reader.read());
        if (done) break;
        this.#pieces.push(value);
        this.#bytes += value.length;
        this.#changed();
      }
    } catch (error) {
      this.#failure = error;
    }
    this.#isOver = true;
    this.#changed();
  }

  #changed() {
    this.#tell();
    this.#await();
  }

  #await() {
    this.#news = new Promise((resolve) => (this.#tell = () => resolve(undefined)));
  }
}

/**
 * One line as an object.  For a line of rows, of sync or of a proof, `values` is left in the text: the object has `line` instead.
 *
 * @param {string} line
 * @returns {any}
 */
export function parseLine(line) {
  const mark = /^{"(rows|replace)"/.test(line) ? line.indexOf(MARK) : -1;
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
