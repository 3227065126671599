/** What the person should know about sync beyond the chip: the first copy coming in, and what needs a hand. */

import { hideNotice, linkTo, showNotice } from "./notice.js";
import { words } from "./words.js";

/** @param {{rows: number, total: number}} progress of the first sync */
export function showProgress({ rows, total }) {
  if (!isOnServer()) return; // the rows are here already; what comes now is news
  const bar = document.createElement("progress");
  bar.max = Math.max(total, rows, 1);
  bar.value = rows;
  showNotice("first-sync", words().firstSync(rows, Math.max(total, rows))).append(bar);
}

/** A first sync that does not move says why. @param {{why: string, doing: string, rows: number, rows_expected: number, is_whole: boolean}} status */
export function showFirstSync({ why, doing, rows, rows_expected: total, is_whole: isWhole }) {
  if (isWhole || !isOnServer()) return;
  const text = words().standstill(doing || why);
  if (text) showNotice("first-sync", text);
  else if (total && doing) showProgress({ rows, total });
}

/** @param {{why: string, is_whole: boolean}} status */
export function showObstacle({ why, is_whole: isWhole }) {
  if (isWhole) hideNotice("first-sync");
  hideNotice("obstacle");
  if (isOnServer()) return; // whoever sees this page has just reached the server
  const here = encodeURIComponent(location.pathname + location.search);
  if (why === "signed_out") showNotice("obstacle", words().signedOut, linkTo(`/sign-in?next=${here}`, words().signIn));
  if (why === "portal") showNotice("obstacle", words().portal);
  if (why === "too_old") showNotice("obstacle", words().tooOld, linkTo("/outbox/export.json", words().export));
}

function isOnServer() {
  return document.body.dataset.host === "server";
}
