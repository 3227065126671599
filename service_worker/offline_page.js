/**
 * What a person sees instead of a page: web/pages/trouble.html, in the person's language, inside the usual
 * shell.  It must be possible whatever failed; so there is a last resort that needs nothing at all.
 */

/**
 * @typedef {'offline'|'unsent'|'not_ready'|'not_found'|'failed'} Trouble
 */

/** @type {Record<Trouble, number>} */
export const STATUS = { offline: 503, unsent: 503, not_ready: 503, not_found: 404, failed: 500 };

/**
 * @param {any} pages @param {() => any} viewer see Host.viewer; it may fail, too
 * @param {Trouble} what @param {{from: string, back?: string, partial: boolean}} asked from: the address with its query; back: a page that is here
 * @returns {string} HTML
 */
export function troublePage(pages, viewer, what, { from, back = "", partial }) {
  const path = `/trouble/${what}`;
  try {
    const { page, params } = pages.match(path);
    const form = { errors: {}, values: {} };
    return pages.render(page, { ...viewer(), path, params, query: { from, back }, partial, form });
  } catch (error) {
    console.error("the page that explains trouble failed", error);
    return LAST_RESORT;
  }
}

const LAST_RESORT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Roadbook</title><link rel="stylesheet" href="/static/app.css">
<main id="main"><h1>Roadbook</h1>
<p>This page failed. What you saved before is safe.</p>
<p lang="zh-Hans">页面出错。此前保存的内容没有丢失。</p>
<p lang="zh-Hant">頁面出錯。先前儲存的內容沒有遺失。</p>
<p><a class="btn btn--primary" href="/">Today · 今日</a></p></main></html>`;
