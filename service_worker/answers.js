/**
 * Answers made on the device: pages from the replica, posts into it, the outbox as a file.  None of them
 * throws, and none waits for the network, but for a row that is not here and may be there.
 */

import { CSP } from "../generated/security.gen.js";
import { needsSignal } from "./attachments_picture.js";
import { keepFiles } from "./attachments_posted.js";
import { NotSaved, save, settleRefused } from "./edit.js";
import { withFiles } from "./form_files.js";
import { STATUS, troublePage } from "./offline_page.js";
import { authorOf, operationOf } from "./outbox.js";
import { NotFound } from "./pages.js";
import { ReplicaClosed, ReplicaDamaged, storedTyped } from "./replica.js";
import { allTyped } from "./sent.js";

/** @typedef {import("./host.js").Host} Host */
/** @typedef {import("./offline_page.js").Trouble} Trouble */
/** @typedef {{request: Request, url: URL, found: {page: any, params: Record<string, string>}}} Asked */

const ASK_SERVER_MS = 4_000;
const NO_FORM = { errors: {}, values: {} };

export class Answers {
  #host;
  #pages;

  /** @param {Host} host @param {any} pages */
  constructor(host, pages) {
    this.#host = host;
    this.#pages = pages;
  }

  /** @param {Asked} asked @returns {Promise<Response>} */
  async page(asked) {
    try {
      if (!(await this.#host.answering())) return await this.fromNetwork(asked.request, "not_ready");
      return html(this.#render(asked));
    } catch (error) {
      if (error instanceof NotFound) return this.#askServer(asked.request);
      if (error instanceof ReplicaDamaged || error instanceof ReplicaClosed) return this.fromNetwork(asked.request, "failed");
      return this.#failed(asked.request, error);
    }
  }

  /** @param {Asked} asked @param {(why: 'edited') => void} onEdited something waits to be sent now */
  async post(asked, onEdited) {
    try {
      const replica = await this.#host.answering();
      if (!replica) return await this.fromNetwork(asked.request, "unsent");
      const { items, errors } = await keepFiles(this.#host.files.store, await asked.request.clone().formData(), Date.now());
      const { next, entities } = await this.#keep(replica, withFiles(items), errors);
      if (entities.length) {
        this.#host.changed(entities);
        onEdited("edited");
      }
      if (isPartial(asked.request)) return await this.page(asked);
      return seeOther(next || asked.url.pathname + asked.url.search);
    } catch (error) {
      if (error instanceof NotSaved) return this.#again(asked, error.form);
      return this.#failed(asked.request, error);
    }
  }

  /** Everything that is not yet safe on the server, as a file: also when nothing else works any more.
   * @param {URL} url */
  async exportOutbox(url) {
    const replica = await this.#host.open().catch(() => null);
    const kept = await this.#host.kept.all().catch(() => []);
    const here = replica ? allTyped(replica) : /** @type {any[]} */ (await storedTyped());
    const entries = [...here, ...kept];
    const me = replica?.meta("user");
    const wanted = url.searchParams.get("of") ?? me;
    const own = entries.filter((entry) => !wanted || authorOf(entry) === wanted);
    const file = {
      roadbook: "outbox",
      exported_at_ms: Date.now(),
      user: wanted ?? "",
      others: [...new Set(entries.map(authorOf))].filter((author) => author !== wanted),
      operations: own.map((entry) => ({ ...operationOf(entry), state: entry.state, reason: entry.reason, detail: entry.detail })),
    };
    const day = new Date().toISOString().slice(0, 10);
    return new Response(JSON.stringify(file, null, 1), {
      headers: {
        "Content-Type": "application/json",
        "Content-Disposition": `attachment; filename="roadbook-outbox-${day}.json"`,
        "Cache-Control": "no-store",
      },
    });
  }

  /** A file that hangs on a row: from here, else from the server. @param {Request} request @param {string} hash */
  async attachment(request, hash) {
    try {
      const replica = await this.#host.answering();
      // Without its row here the server says whether this person may have it.
      if (!replica?.value("SELECT count(*) FROM attachment WHERE hash = :hash", { ":hash": hash })) return await fetch(request);
      const stored = await this.#host.files.stored(hash).catch(() => null);
      return stored ?? (await this.#host.files.fetched(hash));
    } catch {
      return request.mode === "navigate" ? this.#trouble(request, "offline") : needsSignal(this.#host.viewer().lang);
    }
  }

  /** Nothing is shown now, but why, and what opens it. @param {Request} request @param {URL} url @param {string} locked
   * @param {Record<string, string>} [typed] */
  locked(request, url, locked, typed = {}) {
    // The page that asks for a lock is one of the app's own, with parts that ask again: it must not load itself anew for ever.
    const isHidden = locked !== "set_up" && isPartial(request);
    if (isHidden) return new Response(null, { status: 423, headers: { ...HEADERS, "HX-Refresh": "true" } });
    if (request.mode !== "navigate") return new Response(null, { status: 423, headers: HEADERS });
    const next = url.pathname === "/locked" ? localPath(url.searchParams.get("next")) : url.pathname + (request.method === "GET" ? url.search : "");
    return this.#lockPage(locked === "set_up" ? "/me/app-lock" : "/locked", { next }, typed, 423);
  }

  /** @param {Request} request @param {URL} url */
  async unlock(request, url) {
    const replica = await this.#host.open().catch(() => null);
    const form = await textsOf(request);
    const next = localPath(url.searchParams.get("next"));
    if (!replica) return this.fromNetwork(request, "failed");
    if (form.act === "again") return this.#signInAgain(replica, next);
    const why = this.#host.locked === "lease" ? "" : await this.#host.guard.unlock(replica, form, Date.now());
    if (!why) return seeOther(next);
    this.#host.guard.ask();
    return this.#lockPage("/locked", { next }, { why }, 422);
  }

  /** The session ends, so that only the person opens it who signs in; what was typed here stays.
   * @param {any} replica @param {string} next */
  async #signInAgain(replica, next) {
    const answer = await fetch("/devices/leave", { method: "POST" }).catch(() => null);
    // Not the app's page for it: its parts are locked, and load it anew for ever.
    if (!answer?.ok) {
      this.#host.guard.ask();
      return this.#lockPage("/locked", { next }, { why: "unsent" }, 503);
    }
    await this.#host.guard.leave(replica);
    return seeOther(`/sign-in?next=${encodeURIComponent(next)}`);
  }

  /** @param {Request} request @param {URL} url */
  async changeLock(request, url) {
    const replica = await this.#host.answering();
    if (!replica) return this.fromNetwork(request, "unsent");
    const form = await textsOf(request);
    const next = localPath(url.searchParams.get("next") || "/me/app-lock");
    const [wrong] = Object.entries(await this.#host.guard.change(replica, form, Date.now()));
    if (!wrong) return seeOther(next);
    this.#host.guard.ask();
    return this.#lockPage("/me/app-lock", { next }, { field: wrong[0], why: wrong[1], act: form.act }, 422);
  }

  /** @param {string} path @param {Record<string, string>} query @param {Record<string, string>} values @param {number} status */
  #lockPage(path, query, values, status) {
    const { page, params } = this.#pages.match(path);
    const form = { errors: {}, values };
    return html(this.#pages.render(page, { ...this.#host.viewer(), path, params, query, partial: false, form }), status);
  }

  /** What only the server can answer. @param {Request} request @param {Trouble} [without] what to say without it */
  async fromNetwork(request, without = request.method === "GET" ? "offline" : "unsent") {
    try {
      const answer = await fetch(request);
      // The browser has begun to empty this device: nothing that is held in memory may come back.
      if (answer.headers.has("Clear-Site-Data")) await this.#host.empty(answer.headers.get("Roadbook-Wipe") ?? "").catch(() => {});
      return answer;
    } catch {
      return this.#trouble(request, without);
    }
  }

  /** @param {Asked} asked @param {{errors: object, values: object}} [form] */
  #render({ request, url, found }, form = NO_FORM) {
    return this.#pages.render(found.page, {
      ...this.#host.viewer(),
      path: url.pathname,
      params: found.params,
      query: url.searchParams,
      partial: isPartial(request),
      form,
    });
  }

  /** @param {any} replica @param {Array<[string, string]>} items @param {Record<string, any>} refused files that were not kept */
  #keep(replica, items, refused) {
    if (items.some(([name]) => name === "outbox.action")) return settleRefused(replica, this.#host, items);
    const { me, now_ms: now, tz } = this.#host.viewer();
    const today = replica.value("SELECT local_date(:now, :tz)", { ":now": now, ":tz": tz });
    return save(replica, this.#host, items, { me: me.id, now_ms: now, today, tz }, refused);
  }

  /** The page again, with what was typed and why it was not saved. @param {Asked} asked @param {any} form */
  #again(asked, form) {
    try {
      return html(this.#render(asked, form), 422);
    } catch (error) {
      // The form is of a row that is not here: the server finds the same fault, and has the page for it.
      if (error instanceof NotFound) return this.fromNetwork(asked.request, "unsent");
      return this.#failed(asked.request, error);
    }
  }

  /** The row may have been made a moment ago, elsewhere. @param {Request} request */
  async #askServer(request) {
    try {
      const signal = AbortSignal.timeout(ASK_SERVER_MS);
      // What was posted is kept here already: only the page is asked for.
      const answer = await (request.method === "GET" ? fetch(request, { signal }) : fetch(request.url, { headers: request.headers, signal }));
      if (answer.ok || answer.type === "opaqueredirect") return answer;
    } catch {
      // No signal: what is not here is not here.
    }
    return this.#trouble(request, "not_found");
  }

  /** @param {Request} request @param {unknown} error */
  #failed(request, error) {
    console.error(`${request.method} ${request.url} failed`, error);
    return this.#trouble(request, "failed");
  }

  /** @param {Request} request @param {Trouble} what */
  #trouble(request, what) {
    const url = new URL(request.url);
    const asked = { from: url.pathname + url.search, back: wayBack(request, url), partial: isPartial(request) };
    return html(troublePage(this.#pages, () => this.#host.viewer(), what, asked), STATUS[what]);
  }
}

/** @param {Request} request @returns {Promise<Record<string, string>>} */
async function textsOf(request) {
  return Object.fromEntries([...(await request.formData())].filter(([, value]) => typeof value === "string"));
}

/** @param {string|null} path where to go on to; only ever an address of this site */
function localPath(path) {
  const url = new URL(path || "/", self.location.origin);
  return url.origin === self.location.origin && !path?.startsWith("//") ? url.pathname + url.search : "/";
}

/** @param {Request} request */
export function isPartial(request) {
  return request.headers.get("HX-Request-Type") === "partial";
}

/** Where the person came from, or the same page without what only the server has; '' for neither.
 * @param {Request} request @param {URL} asked */
function wayBack(request, asked) {
  const here = new URL(asked);
  here.searchParams.delete("server");
  if (here.search !== asked.search) return here.pathname + here.search;
  const from = request.referrer ? new URL(request.referrer) : null;
  return from?.origin === asked.origin && from.pathname !== asked.pathname ? from.pathname + from.search : "";
}

/** @param {string} body @param {number} [status] */
function html(body, status = 200) {
  return new Response(body, { status, headers: { ...HEADERS, "Content-Type": "text/html; charset=utf-8" } });
}

/** @param {string} address */
function seeOther(address) {
  return new Response(null, { status: 303, headers: { ...HEADERS, Location: new URL(address, self.location.origin).href } });
}

const HEADERS = {
  "Content-Security-Policy": CSP,
  "Cache-Control": "no-store",
  "Referrer-Policy": "same-origin",
  "Vary": "HX-Request-Type",
  "X-Content-Type-Options": "nosniff",
};
