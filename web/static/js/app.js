/**
 * Behaviour of pages, each in its own file and keyed by a data attribute.  Pages are links and forms first:
 * nothing here is needed to read or to save.
 */

import { startAppLock } from "./app_lock.js";
import { startCheckin } from "./checkin.js";
import { startInstall } from "./install.js";
import { startLive } from "./live.js";
import { startOnce } from "./once.js";
import { startPhotos } from "./photos.js";
import { startPrint } from "./print.js";
import { startPush } from "./push.js";
import { startReminders } from "./reminders.js";
import { startSignOut } from "./sign_out.js";
import { startStorage } from "./storage.js";
import { startSyncEvents } from "./sync_events.js";
import { startUnsaved } from "./unsaved.js";
import { startUpdate } from "./update.js";
import { registerWorker } from "./worker.js";

startUnsaved();
startCheckin();
startSignOut();
startInstall();
startPrint();
startPhotos();
startStorage();
startOnce(); // after all that may stop a form from being sent

registerWorker().then((registration) => {
  if (!registration) return; // an old browser: the server renders everything
  startSyncEvents();
  startAppLock();
  startLive();
  startReminders();
  startUpdate(registration);
  startPush(registration);
});
