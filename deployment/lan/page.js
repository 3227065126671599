// Opens the steps for this kind of device, and tries whether it trusts Roadbook already.

const state = document.getElementById("state");

for (const details of document.querySelectorAll("details")) {
  details.open = details.dataset.device === deviceKind(navigator.userAgent, navigator.maxTouchPoints);
}
tell();
// Whoever comes back from the settings sees at once whether it was enough.
document.addEventListener("visibilitychange", () => document.hidden || tell());

function deviceKind(agent, touchPoints) {
  if (/Firefox/.test(agent)) return "firefox";
  if (/iPhone|iPad/.test(agent) || (/Macintosh/.test(agent) && touchPoints > 1)) return "ios";
  if (/Android/.test(agent)) return "android";
  if (/Macintosh/.test(agent)) return "macos";
  return /Windows/.test(agent) ? "windows" : "linux";
}

async function tell() {
  const isTrusted = await trusts(`https://${state.dataset.host}/trusts-roadbook`);
  state.textContent = isTrusted ? state.dataset.trusted : state.dataset.missing;
  state.classList.toggle("good", isTrusted);
}

/** Whether the browser accepts the certificate: what is answered does not matter. */
async function trusts(address) {
  try {
    await fetch(address, { mode: "no-cors", cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(8000) });
    return true;
  } catch {
    return false;
  }
}
