/**
 * The lock that makes one worker at a time the owner of the replica.
 *
 * During an update two workers live at once, each with the whole database in memory; if both wrote, the
 * pages of one would land between the pages of the other.  So the lock is taken before anything is loaded
 * and held for as long as the worker lives, or until it lets go.  Never take it in `install`: the new
 * worker would wait for the old one, which waits for the new one.
 */

const ASK_AGAIN_MS = 1000;

/**
 * Wait for the lock, telling its present holder that somebody does.
 *
 * @param {string} name
 * @param {() => void} [onWanted] called later, each time that another worker starts to wait for this lock
 * @returns {Promise<() => void>} the function that lets go; the death of the worker does, too
 */
export async function takeLock(name, onWanted = () => {}) {
  const release = (await request(name, { ifAvailable: true })) ?? (await waitFor(name));
  const calls = new BroadcastChannel(name);
  calls.onmessage = () => onWanted();
  return () => {
    calls.close();
    release();
  };
}

/** @param {string} name @returns {Promise<() => void>} */
async function waitFor(name) {
  const granted = request(name, {});
  const calls = new BroadcastChannel(name);
  const call = () => calls.postMessage("wanted");
  call();
  const repeat = setInterval(call, ASK_AGAIN_MS); // the holder may still be starting
  try {
    return /** @type {() => void} */ (await granted);
  } finally {
    clearInterval(repeat);
    calls.close();
  }
}

/**
 * @param {string} name
 * @param {LockOptions} options
 * @returns {Promise<(() => void) | null>} null where `ifAvailable` was asked and it is not
 */
function request(name, options) {
  return new Promise((resolve, reject) => {
    /** @param {Lock | null} lock */
    const hold = (lock) => {
      if (!lock) return resolve(null);
      return new Promise((/** @type {(_: void) => void} */ release) => resolve(() => release()));
    };
    navigator.locks.request(name, options, hold).catch(reject);
  });
}
