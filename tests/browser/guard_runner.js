/**
 * The guard of a device over a real replica, in a page: what may be shown, with the time passed in.
 */

import { Guard } from '/service_worker/guard.js';
import { openReplica } from '/service_worker/replica.js';

const WASM = '/service_worker/vendor/sqlite3-3.54.1.wasm';
const SCHEMA = `
CREATE TABLE outbox (n INTEGER PRIMARY KEY);
CREATE TABLE sent (n INTEGER PRIMARY KEY);
CREATE TABLE firm_setting (id TEXT PRIMARY KEY NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL) STRICT;
CREATE TABLE replica_meta (name TEXT PRIMARY KEY NOT NULL, value TEXT) STRICT;
`;
const PIN = '493817';
const PATIENCE_MS = 5_000;

class Device {
  guard = new Guard();

  /** @param {string} name */
  static async of(name) {
    const device = new Device();
    device.name = name;
    await device.open();
    return device;
  }

  async open() {
    const wasm = () => fetch(WASM);
    this.replica = await openReplica({ name: this.name, wasm, schema: SCHEMA, schemaHash: 'one' });
    await this.replica.tx(() => this.replica.setMeta('user', this.replica.meta('user') || 'rita'));
  }

  /** The worker ends, and what it only knew itself goes. */
  async stop() {
    await new Promise((resolve) => setTimeout(resolve, 50)); // what it keeps without being waited for
    this.replica.close();
    this.guard = new Guard();
    await this.open();
  }

  locked(now) {
    return this.guard.locked(this.replica, now, true);
  }

  words(now) {
    return this.guard.words(this.replica, now, this.locked(now));
  }

  setPin(now, more = {}) {
    return this.change({ act: 'pin', pin_new: PIN, pin_again: PIN, ...more }, now);
  }

  change(form, now) {
    return this.guard.change(this.replica, form, now);
  }

  unlock(form, now) {
    return this.guard.unlock(this.replica, typeof form === 'string' ? { pin: form } : form, now);
  }

  touch(now) {
    return this.guard.touch(this.replica, now);
  }

  close() {
    return this.guard.close(this.replica);
  }

  /** A request that was answered. */
  async meet(now) {
    this.guard.asked(this.replica);
    await this.guard.met(this.replica, now);
  }

  /** The firm wants something of its devices. */
  want(key, value) {
    const row = { ':id': key, ':key': key, ':value': value };
    return this.replica.tx((r) => r.run('INSERT OR REPLACE INTO firm_setting VALUES (:id, :key, :value)', row));
  }

  get lock() {
    return JSON.parse(this.replica.meta('app_lock') || 'null');
  }
}

/** @param {string} work JavaScript over `device`, PIN and arg; returns what it returns @param {any} arg */
export async function run(work, arg) {
  const device = await Device.of(`guard-${crypto.randomUUID()}`);
  const AsyncFunction = /** @type {any} */ ((async () => {}).constructor);
  const late = new Promise((_, fail) => setTimeout(fail, PATIENCE_MS, new Error('no answer')));
  try {
    return await Promise.race([new AsyncFunction('device', 'PIN', 'arg', work)(device, PIN, arg), late]);
  } finally {
    await device.replica.destroy();
  }
}
