/**
 * Files that came with a form on the device: looked at and kept, durably, before the form is read.  So a row never names bytes
 * that are not here, and a refused form has not lost its photos.  The twin of server/attachments/posted.py in what it promises.
 */

import { MOST_BYTES, kindOf } from "./file_kind.js";
import { MOST_FILES, fileName } from "./form_files.js";
import { QuotaExceeded, StorageFailed } from "./storage.js";

/** @typedef {import("./form_files.js").KeptFile} KeptFile */
/** @typedef {Record<string, [string, object]>} Errors why files were not kept, by input name */

/**
 * @param {import("./attachments_store.js").FileStore} store @param {FormData} form @param {number} now
 * @returns {Promise<{items: Array<[string, string|KeptFile]>, errors: Errors}>}
 */
export async function keepFiles(store, form, now) {
  const items = /** @type {Array<[string, string|KeptFile]>} */ ([]);
  const errors = /** @type {Errors} */ ({});
  let files = 0;
  for (const [name, value] of form) {
    if (typeof value === "string") items.push([name, value]);
    else if (value.name || value.size) {
      files += 1;
      const kept = files > MOST_FILES ? refused("too_many_files", { most: MOST_FILES }) : await keep(store, value, now);
      if (Array.isArray(kept)) errors[name] ??= kept;
      else items.push([name, kept]);
    }
  }
  return { items, errors };
}

/** @param {import("./attachments_store.js").FileStore} store @param {File} file @param {number} now
 * @returns {Promise<KeptFile|[string, object]>} */
async function keep(store, file, now) {
  if (!file.size) return refused("file_empty");
  if (file.size > MOST_BYTES) return refused("file_too_large", { most: MOST_BYTES });
  const content = await file.arrayBuffer();
  const mediaType = kindOf(new Uint8Array(content));
  if (!mediaType) return refused("wrong_file_type");
  const hash = await hashOf(content);
  const kept = { hash, name: fileName(file.name), media_type: mediaType, bytes: content.byteLength };
  try {
    const before = (await store.load()).get(hash);
    await store.put({ ...kept, at_ms: now, used_at_ms: now, is_own: true, sent_at_ms: before?.sent_at_ms, epoch: before?.epoch }, content);
    return kept;
  } catch (error) {
    if (!(error instanceof StorageFailed)) throw error;
    console.error("a file could not be stored", error);
    return refused(error instanceof QuotaExceeded ? "storage_full" : "storage_failed");
  }
}

/** @param {ArrayBuffer} content @returns {Promise<string>} */
export async function hashOf(content) {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} code @param {object} [detail] @returns {[string, object]} */
function refused(code, detail = {}) {
  return [code, detail];
}
