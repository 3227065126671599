/**
 * Photos are made smaller before they are posted: `input[type=file][data-photos]`.  A copy without the camera's notes, where the
 * place is among them, takes the original's place; what this browser cannot read, and PDF, goes as it is.  Without this script
 * everything goes as it is, and nothing else is different.
 */

const LONGEST_SIDE = 1_600;
const QUALITY = 0.82;
const MOST_BYTES = 20_000_000;
// A picture of a screen is sharper and often smaller as it is.
const SMALL_PNG = 400_000;

/** @type {WeakMap<HTMLInputElement, Promise<void>>} */
const working = new WeakMap();

export function startPhotos() {
  document.addEventListener("change", ({ target }) => isOurs(target) && begin(/** @type {HTMLInputElement} */ (target)));
  document.addEventListener("submit", wait, true);
  document.addEventListener("reset", ({ target }) => inputsOf(target).forEach((input) => stripOf(input)?.replaceChildren()));
}

/** A form waits until its photos are ready. @param {SubmitEvent} event */
function wait(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const jobs = inputsOf(form).flatMap((input) => working.get(input) ?? []);
  if (!jobs.length) return;
  event.preventDefault();
  event.stopPropagation();
  Promise.all(jobs).then(() => form.requestSubmit(event.submitter));
}

/** @param {HTMLInputElement} input */
function begin(input) {
  const job = prepare(input)
    .catch((error) => console.warn("photos go as they are", error))
    .finally(() => working.get(input) === job && working.delete(input));
  working.set(input, job);
}

/** @param {HTMLInputElement} input */
async function prepare(input) {
  const chosen = [...(input.files ?? [])];
  const strip = stripOf(input);
  strip?.replaceChildren(...(chosen.length ? [line(input.dataset.working ?? "…")] : []));
  const ready = /** @type {File[]} */ ([]);
  for (const file of chosen) ready.push(await smaller(file).catch(() => file));
  // Somebody chose anew meanwhile: those are looked after by themselves.
  if (!isSame(chosen, [...(input.files ?? [])])) return;
  const carrier = new DataTransfer();
  for (const file of ready) carrier.items.add(file);
  input.files = carrier.files;
  strip?.replaceChildren(...ready.map((file, index) => entry(input, file, chosen[index])));
}

/** @param {File} file @returns {Promise<File>} */
async function smaller(file) {
  if (!file.type.startsWith("image/") || file.type === "image/svg+xml") return file;
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    if (file.type === "image/png" && scale === 1 && file.size <= SMALL_PNG) return file;
    const blob = await drawn(picture, Math.round(picture.width * scale), Math.round(picture.height * scale));
    return blob ? new File([blob], `${file.name.replace(/\.[^.]*$/, "")}.jpg`, { type: "image/jpeg", lastModified: file.lastModified }) : file;
  } finally {
    picture.close();
  }
}

/** @param {ImageBitmap} picture @param {number} width @param {number} height @returns {Promise<Blob|null>} */
function drawn(picture, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, width);
  canvas.height = Math.max(1, height);
  const context = canvas.getContext("2d");
  if (!context) return Promise.resolve(null);
  context.fillStyle = "#fff"; // JPEG knows no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

/** @param {HTMLInputElement} input @param {File} file @param {File} was */
function entry(input, file, was) {
  const { smaller: changed = "", same = "", tooLarge = "" } = input.dataset;
  const words = file.size > MOST_BYTES ? tooLarge : file === was ? same : changed;
  const item = line(words.replace("{name}", file.name).replace("{now}", size(file.size)).replace("{was}", size(was.size)));
  if (file.type.startsWith("image/")) item.prepend(preview(file));
  return item;
}

/** @param {File} file */
function preview(file) {
  const frame = document.createElement("span");
  const picture = new Image(96, 96);
  const address = URL.createObjectURL(file);
  picture.alt = "";
  picture.onload = picture.onerror = () => URL.revokeObjectURL(address);
  picture.addEventListener("error", () => frame.remove()); // a kind that this browser cannot show
  picture.src = address;
  frame.className = "receipt";
  frame.append(picture);
  return frame;
}

/** @param {string} words */
function line(words) {
  const item = document.createElement("li");
  const text = document.createElement("small");
  text.textContent = words;
  item.append(text);
  return item;
}

/** @param {number} bytes */
function size(bytes) {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1_000))} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** @param {File[]} some @param {File[]} others */
function isSame(some, others) {
  return some.length === others.length && some.every((file, index) => file === others[index]);
}

/** @param {HTMLInputElement} input */
function stripOf(input) {
  return input.closest(".photos")?.querySelector("[data-photos-strip]");
}

/** @param {EventTarget|null} form @returns {HTMLInputElement[]} */
function inputsOf(form) {
  return form instanceof HTMLFormElement ? /** @type {HTMLInputElement[]} */ ([...form.elements].filter(isOurs)) : [];
}

/** @param {EventTarget|null} target */
function isOurs(target) {
  return target instanceof HTMLInputElement && target.type === "file" && "photos" in target.dataset;
}
