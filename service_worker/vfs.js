/**
 * SQLite's official WebAssembly build, and the file system that it sees: mirrors, and nothing else.
 *
 * A VFS method never waits and never throws: it answers with a result code.  There are no journals and no
 * temporary files (both are kept in memory by pragma), so opening anything but a mounted mirror fails.
 */

import sqlite3InitModule from "./vendor/sqlite3-3.54.1.mjs";

/** @typedef {import("./mirror.js").Mirror} Mirror */
/** @typedef {any} Sqlite the namespace object of the official build */
/** @typedef {Promise<Response> | (() => Promise<Response>)} Wasm */

export const VFS = "mirror";
const WASM_WAIT_MS = 30_000;

/** SQLite itself could not be loaded; the person's data is untouched. */
export class SqliteUnavailable extends Error {
  name = "SqliteUnavailable";
}

/** @type {Promise<Engine> | null} */
let loading = null;

/**
 * SQLite with the VFS installed, once a worker. Rejects with SqliteUnavailable, after which it can be tried again.
 * @param {Wasm} wasm the bytes of vendor/sqlite3-3.54.1.wasm
 * @param {number} [waitMs]
 * @returns {Promise<Engine>}
 */
export function loadEngine(wasm, waitMs = WASM_WAIT_MS) {
  loading ??= initialise(wasm, waitMs).catch((cause) => {
    loading = null;
    throw new SqliteUnavailable(`SQLite could not be loaded: ${cause?.message ?? cause}`, { cause });
  });
  return loading;
}

/** @param {Wasm} wasm @param {number} waitMs @returns {Promise<Engine>} */
async function initialise(wasm, waitMs) {
  // The build has no way to hear that its instance will never come: it would wait for ever.
  const { promise: failed, reject } = withReject();
  const timer = setTimeout(() => reject(new Error(`no answer in ${waitMs / 1000} seconds`)), waitMs);
  const instantiateWasm = (/** @type {WebAssembly.Imports} */ imports, /** @type {Function} */ succeed) => {
    instantiate(wasm, imports).then(({ instance, module }) => succeed(instance, module), reject);
    return {};
  };
  try {
    const module = sqlite3InitModule({ instantiateWasm, print() {}, printErr: console.warn });
    return new Engine(await Promise.race([module, failed]));
  } finally {
    clearTimeout(timer);
  }
}

/** @returns {{promise: Promise<never>, reject: (cause: unknown) => void}} */
function withReject() {
  /** @type {(cause: unknown) => void} */
  let reject = () => {};
  const promise = new Promise((_, no) => (reject = no));
  return { promise: /** @type {Promise<never>} */ (promise), reject };
}

/** @param {Wasm} wasm @param {WebAssembly.Imports} imports */
async function instantiate(wasm, imports) {
  const response = await (typeof wasm === "function" ? wasm() : wasm);
  if (!response?.ok) throw new Error(`the answer was ${response ? response.status : "empty"}`);
  const isMarked = response.headers.get("Content-Type")?.startsWith("application/wasm");
  // Streaming compiles while it arrives, and lets the browser keep the compiled code.
  if (isMarked) return WebAssembly.instantiateStreaming(response, imports);
  return WebAssembly.instantiate(await response.arrayBuffer(), imports);
}

/** SQLite and the mirrors that it can open by name. */
export class Engine {
  /** @type {Map<string, Mirror>} */ #mounted = new Map();
  #mounts = 0;

  /** @param {Sqlite} sqlite */
  constructor(sqlite) {
    this.sqlite = sqlite;
    installVfs(sqlite, this.#mounted);
  }

  /** @param {Mirror} mirror @returns {string} the file name to open */
  mount(mirror) {
    const name = `replica-${++this.#mounts}`;
    this.#mounted.set(name, mirror);
    return name;
  }

  /** @param {string} name */
  unmount(name) {
    this.#mounted.delete(name);
  }
}

/** @param {Sqlite} sqlite @param {Map<string, Mirror>} mounted */
function installVfs(sqlite, mounted) {
  const { capi } = sqlite;
  /** Open files by the address of their sqlite3_file. @type {Map<number, Mirror>} */
  const open = new Map();
  const io = new capi.sqlite3_io_methods();
  const vfs = new capi.sqlite3_vfs();
  const standard = new capi.sqlite3_vfs(capi.sqlite3_vfs_find(null));
  io.$iVersion = 1;
  vfs.$iVersion = 2;
  vfs.$szOsFile = capi.sqlite3_file.structInfo.sizeof;
  vfs.$mxPathname = 512;
  vfs.addOnDispose(standard);
  const borrowed = ["$xRandomness", "$xSleep", "$xCurrentTime", "$xCurrentTimeInt64"];
  for (const method of borrowed) vfs[method] = standard[method];
  sqlite.vfs.installVfs({
    io: { struct: io, methods: fileMethods(sqlite, open) },
    vfs: { struct: vfs, name: VFS, methods: systemMethods(sqlite, mounted, open, io.pointer) },
  });
}

/** @param {Sqlite} sqlite @param {Map<number, Mirror>} open */
function fileMethods({ capi, wasm }, open) {
  const mirrorOf = (/** @type {number} */ file) => /** @type {Mirror} */ (open.get(file));
  const bytesAt = (/** @type {any} */ address, /** @type {number} */ count) =>
    wasm.heap8u().subarray(Number(address), Number(address) + count);
  return {
    xClose(/** @type {number} */ file) {
      open.delete(file);
      return 0;
    },
    /** @param {number} file @param {any} into @param {number} count @param {bigint} offset */
    xRead(file, into, count, offset) {
      const bytes = bytesAt(into, count);
      const got = mirrorOf(file).read(bytes, Number(offset));
      if (got === count) return 0;
      bytes.fill(0, got);
      return capi.SQLITE_IOERR_SHORT_READ;
    },
    /** @param {number} file @param {any} from @param {number} count @param {bigint} offset */
    xWrite(file, from, count, offset) {
      return attempt(capi.SQLITE_IOERR_WRITE, () => mirrorOf(file).write(bytesAt(from, count), Number(offset)));
    },
    xTruncate(/** @type {number} */ file, /** @type {bigint} */ size) {
      return attempt(capi.SQLITE_IOERR_TRUNCATE, () => mirrorOf(file).truncate(Number(size)));
    },
    // The commit point: what is dirty now is one commit.  After one that failed SQLite undoes it, in memory, and syncs
    // again: refused once more it would read no more either, while the replica is being put right.
    xSync(/** @type {number} */ file) {
      const mirror = mirrorOf(file);
      return mirror.failure ? 0 : attempt(capi.SQLITE_IOERR_FSYNC, () => mirror.flush());
    },
    xFileSize(/** @type {number} */ file, /** @type {any} */ into) {
      wasm.poke64(into, BigInt(mirrorOf(file).size));
      return 0;
    },
    xLock: () => 0,
    xUnlock: () => 0,
    xCheckReservedLock(/** @type {number} */ _file, /** @type {any} */ into) {
      wasm.poke32(into, 0);
      return 0;
    },
    xFileControl: () => capi.SQLITE_NOTFOUND,
    xSectorSize: () => 4096,
    xDeviceCharacteristics: () => capi.SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN,
  };
}

/** @param {Sqlite} sqlite @param {Map<string, Mirror>} mounted @param {Map<number, Mirror>} open @param {number} io */
function systemMethods({ capi, wasm }, mounted, open, io) {
  return {
    /** @param {any} _vfs @param {any} path @param {number} file @param {number} flags @param {any} into */
    xOpen(_vfs, path, file, flags, into) {
      const mirror = path && flags & capi.SQLITE_OPEN_MAIN_DB ? mounted.get(wasm.cstrToJs(path)) : undefined;
      if (!mirror) return capi.SQLITE_CANTOPEN;
      open.set(file, mirror);
      const struct = new capi.sqlite3_file(file);
      struct.$pMethods = io;
      struct.dispose();
      if (into) wasm.poke32(into, flags);
      return 0;
    },
    xDelete: () => 0,
    xAccess(/** @type {any} */ _vfs, /** @type {any} */ _path, /** @type {number} */ _flags, /** @type {any} */ into) {
      wasm.poke32(into, 0); // no journal is ever left behind
      return 0;
    },
    /** @param {any} _vfs @param {any} path @param {number} most @param {any} into */
    xFullPathname(_vfs, path, most, into) {
      return wasm.cstrncpy(into, path, most) < most ? 0 : capi.SQLITE_CANTOPEN;
    },
    xGetLastError: () => 0,
  };
}

/** @param {number} failure the result code for a throw @param {() => void} act */
function attempt(failure, act) {
  try {
    act();
    return 0;
  } catch {
    return failure; // the mirror remembers why
  }
}
