/**
 * Visit check-in: the position is asked for on a tap and at no other time, and shown to whoever taps.
 * `<button type="button" data-checkin>` fills the hidden `….checkin_*` inputs of its form and says so in
 * `[data-checkin-result]`.
 */

import { words } from "./words.js";

const WAIT = { enableHighAccuracy: true, timeout: 20_000, maximumAge: 0 };

export function startCheckin() {
  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button[data-checkin]") : null;
    if (button) checkIn(/** @type {HTMLButtonElement} */ (button));
  });
}

/** @param {HTMLButtonElement} button */
async function checkIn(button) {
  const { form } = button;
  if (!form) return;
  say(form, words().finding);
  button.disabled = true;
  try {
    const { coords, timestamp } = await position();
    const accuracy = Math.ceil(coords.accuracy);
    fill(form, {
      checkin_lat_e6: Math.round(coords.latitude * 1e6),
      checkin_lng_e6: Math.round(coords.longitude * 1e6),
      checkin_accuracy_m: Math.min(accuracy, 100_000),
      checkin_at_ms: Math.round(timestamp),
    });
    say(form, words().checkedIn(coords.latitude.toFixed(5), coords.longitude.toFixed(5), accuracy));
  } catch (error) {
    say(form, words().noPosition(/** @type {GeolocationPositionError} */ (error).code));
  } finally {
    button.disabled = false;
  }
}

/** @returns {Promise<GeolocationPosition>} */
function position() {
  return new Promise((resolve, reject) => {
    if (!("geolocation" in navigator)) reject({ code: 2 });
    else navigator.geolocation.getCurrentPosition(resolve, reject, WAIT);
  });
}

/** @param {HTMLFormElement} form @param {Record<string, number>} values by field, whatever the slot */
function fill(form, values) {
  for (const input of /** @type {any} */ (form.elements)) {
    const field = input.name?.split(".")[1];
    if (field in values && !input.name.endsWith(".was")) input.value = String(values[field]);
  }
}

/** @param {HTMLFormElement} form @param {string} text */
function say(form, text) {
  const place = form.querySelector("[data-checkin-result]");
  if (place) place.textContent = text;
}
