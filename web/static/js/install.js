/**
 * The offer to install: after the first useful act, never before, and never inside the installed app.
 * `[data-install]` holds a button where the browser lets us ask; `[data-install-ios]` is the picture guide
 * where it does not.
 */

const ACTED = "has-acted";

/** @type {any} */
let prompt = null;

export function startInstall() {
  if (isInstalled()) return;
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault(); // our own button asks, at a better moment
    prompt = event;
    show();
  });
  addEventListener("appinstalled", () => {
    prompt = null;
    show();
  });
  document.addEventListener("submit", ({ target }) => {
    if (target instanceof HTMLFormElement && target.querySelector('[name^="row."]')) remember();
  });
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("[data-install] button")) ask();
  });
  document.addEventListener("htmx:after:swap", show);
  show();
}

function show() {
  const isDue = localStorage.getItem(ACTED) === "1";
  for (const offer of document.querySelectorAll("[data-install]")) offer.toggleAttribute("hidden", !(isDue && prompt));
  for (const guide of document.querySelectorAll("[data-install-ios]")) {
    // Only iOS browsers know `standalone`, and only they cannot ask.
    guide.toggleAttribute("hidden", !(isDue && "standalone" in navigator));
  }
}

async function ask() {
  await prompt?.prompt();
  prompt = null; // a prompt can be used once
  show();
}

function remember() {
  localStorage.setItem(ACTED, "1");
}

function isInstalled() {
  return matchMedia("(display-mode: standalone)").matches || /** @type {any} */ (navigator).standalone === true;
}
