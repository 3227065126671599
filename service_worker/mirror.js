/**
 * One SQLite file: the whole of it in memory, mirrored to IndexedDB at each commit.
 *
 * On disk it has two tiers: segments of 1 MiB (few large records load fast) and single pages of 4 KiB
 * that changed since their segment was written (a small commit writes little).  A segment with many loose
 * pages is folded: written whole, its loose pages deleted.  A commit is one strict IndexedDB transaction,
 * together with the side writes (outbox entries) that belong to it.
 *
 * The memory must never outlive a failed flush: it is then ahead of the disk, and no later flush may
 * succeed.  Whoever owns the mirror drops it and loads another.
 */

import { answerOf, completionOf, storageError } from "./storage.js";

/** @typedef {import("./storage.js").Storage} Storage */
/** @typedef {{size: number, schema: string, whole: number[], loose: number}} Description */

export const PAGE = 4096;
const SEGMENT = 1 << 20;
const PAGES_PER_SEGMENT = SEGMENT / PAGE;
// More loose pages than this make a segment cheaper to write whole than to leave in pieces.
const LOOSE_PER_SEGMENT = 64;
// Many small records load slowly: above this the fullest segments are folded, too.
const LOOSE_IN_ALL = 1024;
const DESCRIPTION_KEY = "file";

/** Records of the file are missing, unreadable or of the wrong size. */
export class Damaged extends Error {
  name = "Damaged";
}

export class Mirror {
  /** Bytes of the SQLite file. */
  size = 0;
  flushes = 0;
  /** Resolves when all that was flushed is on the disk. @type {Promise<void>} */
  flushed = Promise.resolve();
  /** Why a flush failed, once one has. @type {Error | null} */
  failure = null;

  /** @type {Storage} */ #storage;
  /** @type {Uint8Array<ArrayBuffer>[]} */ #segments = [];
  /** Pages changed since the last flush. @type {Set<number>} */ #dirty = new Set();
  /** Pages on disk in the page store, by segment. @type {Map<number, Set<number>>} */ #loose = new Map();
  /** Segments on disk in the segment store. @type {Set<number>} */ #whole = new Set();
  #wasCut = false;
  #replacesDisk = false;
  /** @type {{store: string, key: IDBValidKey, value: unknown}[]} */ #sideWrites = [];

  /**
   * @param {Storage} storage
   * @param {string} schema a mark of whoever made the file, kept with it
   */
  constructor(storage, schema) {
    this.#storage = storage;
    this.schema = schema;
  }

  /**
   * An empty file; its first flush takes the place of what is on the disk, whole.
   * @param {Storage} storage @param {string} schema
   */
  static replacing(storage, schema) {
    const mirror = new Mirror(storage, schema);
    mirror.#replacesDisk = true;
    return mirror;
  }

  /**
   * The file as it was last flushed, or null where there is none. Throws Damaged.
   * @param {Storage} storage
   * @returns {Promise<Mirror | null>}
   */
  static async load(storage) {
    const transaction = storage.reading();
    /** @type {Description | undefined} */
    const description = await answerOf(transaction.objectStore("meta").get(DESCRIPTION_KEY));
    if (!description) return null;
    const mirror = new Mirror(storage, description.schema);
    await mirror.#fill(transaction, description);
    return mirror;
  }

  /** @param {IDBTransaction} transaction @param {Description} description */
  async #fill(transaction, { size, whole, loose }) {
    const segments = transaction.objectStore("segment");
    const pages = transaction.objectStore("page");
    // All requests are made before any is awaited: a transaction ends once it has nothing to do.
    const wanted = Promise.all(whole.map((i) => answerOf(segments.get(i))));
    const looseKeys = answerOf(pages.getAllKeys());
    const loosePages = answerOf(pages.getAll());
    const [loaded, keys, values] = await Promise.all([wanted, looseKeys, loosePages]).catch((cause) => {
      throw new Damaged(`the file cannot be read: ${cause}`, { cause });
    });
    if (keys.length !== loose) throw new Damaged(`${keys.length} loose pages of ${loose}`);
    this.#adoptSegments(size, whole, loaded);
    keys.forEach((key, i) => this.#adoptPage(Number(key), values[i]));
  }

  /** @param {number} size @param {number[]} whole @param {Uint8Array<ArrayBuffer>[]} loaded */
  #adoptSegments(size, whole, loaded) {
    this.size = size;
    whole.forEach((i, at) => {
      if (loaded[at]?.length !== SEGMENT) throw new Damaged(`segment ${i} is missing or cut`);
      this.#segments[i] = loaded[at];
      this.#whole.add(i);
    });
    const count = Math.ceil(size / SEGMENT);
    for (let i = 0; i < count; i++) this.#segments[i] ??= new Uint8Array(SEGMENT);
  }

  /** @param {number} page @param {Uint8Array<ArrayBuffer>} bytes */
  #adoptPage(page, bytes) {
    const segment = this.#segments[segmentOf(page)];
    if (!segment || bytes?.length !== PAGE) throw new Damaged(`page ${page} is cut or out of place`);
    segment.set(bytes, offsetOf(page));
    this.#looseOf(segmentOf(page)).add(page);
  }

  /**
   * @param {Uint8Array} into
   * @param {number} offset
   * @returns {number} how many bytes there were
   */
  read(into, offset) {
    const end = Math.min(offset + into.length, this.size);
    for (let at = offset; at < end; ) {
      const start = at % SEGMENT;
      const count = Math.min(SEGMENT - start, end - at);
      into.set(this.#segments[Math.floor(at / SEGMENT)].subarray(start, start + count), at - offset);
      at += count;
    }
    return Math.max(0, end - offset);
  }

  /** @param {Uint8Array} bytes @param {number} offset */
  write(bytes, offset) {
    const end = offset + bytes.length;
    for (let i = this.#segments.length; i * SEGMENT < end; i++) this.#segments.push(new Uint8Array(SEGMENT));
    for (let at = offset; at < end; ) {
      const start = at % SEGMENT;
      const count = Math.min(SEGMENT - start, end - at);
      this.#segments[Math.floor(at / SEGMENT)].set(bytes.subarray(at - offset, at - offset + count), start);
      at += count;
    }
    // A gap after the old end is zeros, here and on the disk.
    const changed = Math.min(offset, this.size);
    for (let page = Math.floor(changed / PAGE); page * PAGE < end; page++) this.#dirty.add(page);
    this.size = Math.max(this.size, end);
  }

  /** @param {number} size */
  truncate(size) {
    if (size >= this.size) return;
    this.size = size;
    this.#wasCut = true;
    this.#segments.length = Math.ceil(size / SEGMENT);
    this.#segments.at(-1)?.fill(0, size % SEGMENT || SEGMENT);
    dropFrom(this.#dirty, Math.ceil(size / PAGE));
  }

  /**
   * Put (or, without a value, delete) a record of another store in the transaction of the next flush.
   * @param {"outbox" | "sent" | "kept"} store @param {IDBValidKey} key @param {unknown} [value]
   */
  alsoWrite(store, key, value) {
    this.#sideWrites.push({ store, key, value });
  }

  /** What a rolled back SQLite transaction wanted to write beside the file. */
  forgetSideWrites() {
    this.#sideWrites = [];
  }

  get hasUnflushed() {
    return this.#dirty.size > 0 || this.#wasCut || this.#replacesDisk || this.#sideWrites.length > 0;
  }

  /**
   * Start to write what changed; `flushed` tells when it is there. Synchronous, because SQLite calls it in
   * the middle of a commit: the browser copies every value now. Throws where nothing can be written.
   */
  flush() {
    if (this.failure) throw this.failure;
    if (!this.hasUnflushed) return;
    try {
      this.flushed = this.#write();
    } catch (cause) {
      this.flushed = Promise.reject(this.#failed(cause));
    }
    this.flushed.catch(() => {}); // heard by whoever awaits `flushed`
    if (this.failure) throw this.failure;
  }

  /** @param {unknown} cause */
  #failed(cause) {
    this.failure ??= storageError(cause);
    return this.failure;
  }

  #write() {
    const transaction = this.#storage.writing();
    const before = this.flushed;
    const complete = completionOf(transaction).catch((cause) => {
      throw this.#failed(cause);
    });
    complete.catch(() => {}); // told to whoever awaits `flushed`
    try {
      this.#writeAll(transaction);
      transaction.commit?.();
    } catch (cause) {
      abort(transaction); // else the half that was put would be committed
      throw cause;
    }
    this.flushes++;
    return before.then(() => complete);
  }

  /** No await in here or below: the transaction would commit what it has. @param {IDBTransaction} transaction */
  #writeAll(transaction) {
    const segments = transaction.objectStore("segment");
    const pages = transaction.objectStore("page");
    if (this.#replacesDisk) clearAll(segments, pages);
    if (this.#wasCut) this.#cutDisk(segments, pages);
    const fold = this.#takeDirty();
    for (const page of this.#dirty) if (!fold.has(segmentOf(page))) pages.put(this.#pageBytes(page), page);
    for (const segment of fold) this.#putWhole(segment, segments, pages);
    for (const { store, key, value } of this.#sideWrites) putOrDelete(transaction.objectStore(store), key, value);
    transaction.objectStore("meta").put(this.#description(), DESCRIPTION_KEY);
    this.#dirty.clear();
    this.#sideWrites = [];
    this.#wasCut = this.#replacesDisk = false;
  }

  /** Count the dirty pages as loose. @returns {Set<number>} the segments to write whole */
  #takeDirty() {
    const fold = new Set();
    for (const page of this.#dirty) {
      const loose = this.#looseOf(segmentOf(page)).add(page);
      if (loose.size > LOOSE_PER_SEGMENT) fold.add(segmentOf(page));
    }
    const fullestFirst = [...this.#loose].filter(([i]) => !fold.has(i)).sort((a, b) => b[1].size - a[1].size);
    let left = fullestFirst.reduce((sum, [, pages]) => sum + pages.size, 0);
    for (const [segment, pages] of fullestFirst) {
      if (left <= LOOSE_IN_ALL) break;
      fold.add(segment);
      left -= pages.size;
    }
    return fold;
  }

  /** @param {number} segment @param {IDBObjectStore} segments @param {IDBObjectStore} pages */
  #putWhole(segment, segments, pages) {
    segments.put(this.#segments[segment], segment);
    pages.delete(IDBKeyRange.bound(segment * PAGES_PER_SEGMENT, (segment + 1) * PAGES_PER_SEGMENT, false, true));
    this.#whole.add(segment);
    this.#loose.delete(segment);
  }

  /** A slice, not a view: put() of a view copies its whole buffer. @param {number} page */
  #pageBytes(page) {
    const start = offsetOf(page);
    return this.#segments[segmentOf(page)].slice(start, start + PAGE);
  }

  /** @param {IDBObjectStore} segments @param {IDBObjectStore} pages */
  #cutDisk(segments, pages) {
    const firstPage = Math.ceil(this.size / PAGE);
    segments.delete(IDBKeyRange.lowerBound(this.#segments.length));
    pages.delete(IDBKeyRange.lowerBound(firstPage));
    dropFrom(this.#whole, this.#segments.length);
    for (const loose of this.#loose.values()) dropFrom(loose, firstPage);
  }

  /** @returns {Description} */
  #description() {
    const loose = [...this.#loose.values()].reduce((sum, pages) => sum + pages.size, 0);
    return { size: this.size, schema: this.schema, whole: [...this.#whole], loose };
  }

  /** @param {number} segment @returns {Set<number>} */
  #looseOf(segment) {
    const loose = this.#loose.get(segment) ?? new Set();
    this.#loose.set(segment, loose);
    return loose;
  }
}

/** @param {number} page */
function segmentOf(page) {
  return Math.floor(page / PAGES_PER_SEGMENT);
}

/** @param {number} page */
function offsetOf(page) {
  return (page % PAGES_PER_SEGMENT) * PAGE;
}

/** @param {Set<number>} numbers @param {number} first */
function dropFrom(numbers, first) {
  for (const n of numbers) if (n >= first) numbers.delete(n);
}

/** @param {IDBObjectStore[]} stores */
function clearAll(...stores) {
  for (const store of stores) store.clear();
}

/** @param {IDBObjectStore} store @param {IDBValidKey} key @param {unknown} value */
function putOrDelete(store, key, value) {
  if (value === undefined) store.delete(key);
  else store.put(value, key);
}

/** @param {IDBTransaction} transaction */
function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // It is over already: the browser aborted it by itself.
  }
}
