/**
 * A passkey of this device as its app lock, checked here: no server knows of it.  It was made for this site, shows that
 * the device itself asked its owner (finger, face or code), and signs a challenge that is used once.
 */

const USER_PRESENT = 1;
const USER_VERIFIED = 4;
const ES256 = -7;
const RS256 = -257;

/** @typedef {import("./app_lock.js").Lock} Lock */

/** What a passkey has to sign. */
export function newChallenge() {
  return encoded(crypto.getRandomValues(new Uint8Array(32)));
}

/** The lock that a page's `navigator.credentials.create` made; null for what is none.
 * @param {string} text JSON of id, key, alg @returns {Pick<Lock, 'kind'|'key_id'|'key'|'alg'>|null} */
export function passkeyLock(text) {
  try {
    const { id, key, alg } = JSON.parse(text);
    const isWhole = [id, key].every((part) => typeof part === "string" && part && part.length < 2_000);
    return isWhole && [ES256, RS256].includes(alg) ? { kind: "passkey", key_id: id, key, alg } : null;
  } catch {
    return null;
  }
}

/** Does this assertion open the lock? @param {Lock} lock @param {string} text JSON of id, client, data, signature (base64)
 * @param {string} challenge what was to be signed @returns {Promise<boolean>} */
export async function isProof(lock, text, challenge) {
  try {
    const { id, client, data, signature } = JSON.parse(text);
    const [clientBytes, dataBytes, signed] = [decoded(client), decoded(data), decoded(signature)];
    const said = JSON.parse(new TextDecoder().decode(clientBytes));
    const isAsked = said.type === "webauthn.get" && said.origin === self.location.origin && isSame(decoded(said.challenge), decoded(challenge));
    const isHere = isSame(dataBytes.slice(0, 32), await hashOf(new TextEncoder().encode(self.location.hostname)));
    const wanted = USER_PRESENT | USER_VERIFIED;
    if (!challenge || id !== lock.key_id || !isAsked || !isHere || (dataBytes[32] & wanted) !== wanted) return false;
    return await isSigned(lock, new Uint8Array([...dataBytes, ...(await hashOf(clientBytes))]), signed);
  } catch (error) {
    console.warn("what came is no proof", error);
    return false;
  }
}

/** @param {Lock} lock @param {Uint8Array<ArrayBuffer>} message @param {Uint8Array<ArrayBuffer>} signature */
async function isSigned({ key, alg }, message, signature) {
  const isCurve = alg === ES256;
  const kind = isCurve ? { name: "ECDSA", namedCurve: "P-256" } : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const known = await crypto.subtle.importKey("spki", decoded(key ?? ""), kind, false, ["verify"]);
  const how = isCurve ? { name: "ECDSA", hash: "SHA-256" } : { name: "RSASSA-PKCS1-v1_5" };
  return crypto.subtle.verify(how, known, isCurve ? plainSignature(signature) : signature, message);
}

/** WebCrypto wants the two numbers side by side, passkeys give them in DER. @param {Uint8Array} der */
function plainSignature(der) {
  const plain = new Uint8Array(64);
  for (let at = 2, place = 0; place < 2; place++) {
    const length = der[at + 1];
    const number = der.slice(at + 2, at + 2 + length).slice(-32);
    plain.set(number, 32 * place + 32 - number.length);
    at += 2 + length;
  }
  return plain;
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function hashOf(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** @param {Uint8Array} one @param {Uint8Array} other */
function isSame(one, other) {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

/** @param {Uint8Array} bytes */
export function encoded(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

/** @param {string} text base64, or base64url without padding @returns {Uint8Array<ArrayBuffer>} */
export function decoded(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}
