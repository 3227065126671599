/**
 * A device's authenticator, in JavaScript: real keys, real signatures.
 */

import { encoded, newChallenge } from '/service_worker/app_lock_passkey.js';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
const PRESENT_AND_VERIFIED = 5;

export class Authenticator {
  /** @param {number} alg -7 or -257 */
  static async of(alg) {
    const made = new Authenticator();
    made.isCurve = alg === -7;
    const { publicKey, privateKey } = await crypto.subtle.generateKey(made.isCurve ? CURVE : RSA, true, ['sign', 'verify']);
    made.privateKey = privateKey;
    made.made = JSON.stringify({ id: 'own', key: encoded(new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))), alg });
    return made;
  }

  /** @param {string} challenge @param {any} [spoil] what is different from what a page of this site would bring */
  async prove(challenge, spoil = {}) {
    const said = { type: 'webauthn.get', origin: location.origin, challenge, ...spoil.client };
    if (said.challenge === 'another') said.challenge = newChallenge();
    const client = bytesOf(JSON.stringify(said));
    const site = await hashOf(bytesOf(spoil.site ?? location.hostname));
    const data = new Uint8Array([...site, spoil.flags ?? PRESENT_AND_VERIFIED, 0, 0, 0, 1]);
    const signature = await this.#sign(new Uint8Array([...data, ...(await hashOf(client))]));
    if (spoil.isChanged) data[36] = 2;
    return JSON.stringify({ id: spoil.id ?? 'own', client: encoded(client), data: encoded(data), signature: encoded(signature) });
  }

  async #sign(message) {
    const how = this.isCurve ? { name: 'ECDSA', hash: 'SHA-256' } : RSA;
    const plain = new Uint8Array(await crypto.subtle.sign(how, this.privateKey, message));
    return this.isCurve ? der(plain) : plain;
  }
}

/** Two numbers as passkeys write them: without leading zeros, positive. */
function der(plain) {
  const body = [...number(plain.slice(0, 32)), ...number(plain.slice(32))];
  return new Uint8Array([48, body.length, ...body]);
}

function number(bytes) {
  let from = 0;
  while (from < 31 && bytes[from] === 0) from += 1;
  const short = bytes.slice(from);
  return short[0] > 127 ? [2, short.length + 1, 0, ...short] : [2, short.length, ...short];
}

function bytesOf(text) {
  return new TextEncoder().encode(text);
}

async function hashOf(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
