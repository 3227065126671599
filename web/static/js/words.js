/** What page scripts say, in the page's language. Pages themselves take their words from the catalogues. */

/** @returns {typeof EN} */
export function words() {
  const lang = document.documentElement.lang;
  return lang === "zh-Hans" ? HANS : lang === "zh-Hant" ? HANT : EN;
}

// The codes of GeolocationPositionError.
const DENIED = 1;
const TOO_SLOW = 3;

const EN = {
  newVersion: "A new version of Roadbook is ready.",
  reload: "Reload now",
  finding: "Finding your position…",
  /** @param {string} lat @param {string} lng @param {number} metres */
  checkedIn: (lat, lng, metres) => `Checked in at ${lat}, ${lng}, accurate to ${metres} m. It is saved with the form.`,
  /** @param {number} code @returns {string} */
  noPosition: (code) => {
    if (code === DENIED) return "Roadbook may not see your position. Allow it in the browser's settings for this site, or save without it.";
    if (code === TOO_SLOW) return "No position yet. Step outside or to a window and tap again, or save without it.";
    return "This device gives no position. Switch on location and tap again, or save without it.";
  },
  /** @param {string} used @param {string} quota @param {boolean} isKept */
  storage: (used, quota, isKept) =>
    `${used} MB used of ${quota} MB. ${isKept ? "The browser keeps it until you delete it." : "The browser may delete it when space runs out; installing Roadbook prevents that."}`,
  /** @param {number} n */
  unsent: (n) => `${n} of your changes on this device were not sent yet. Signing out deletes them for good. Sign out all the same?`,
};

/** @type {typeof EN} */
const HANS = {
  newVersion: "路书有新版本。",
  reload: "立即刷新",
  finding: "正在获取位置…",
  checkedIn: (lat, lng, metres) => `已签到：${lat}, ${lng}，精度 ${metres} 米。保存表单时一并保存。`,
  noPosition: (code) => {
    if (code === DENIED) return "路书无权获取位置。请在浏览器的网站设置中允许，或不签到直接保存。";
    if (code === TOO_SLOW) return "暂未获取到位置。请到室外或窗边再点一次，或不签到直接保存。";
    return "此设备无法提供位置。请打开定位后再点一次，或不签到直接保存。";
  },
  storage: (used, quota, isKept) =>
    `已用 ${used} MB，共 ${quota} MB。${isKept ? "浏览器会一直保留，直到您删除。" : "空间不足时浏览器可能删除数据；安装路书可避免。"}`,
  unsent: (n) => `此设备上有 ${n} 项修改尚未发送，退出登录将永久删除。仍要退出吗？`,
};

/** @type {typeof EN} */
const HANT = {
  newVersion: "路書有新版本。",
  reload: "立即重新整理",
  finding: "正在取得位置…",
  checkedIn: (lat, lng, metres) => `已簽到：${lat}, ${lng}，精確度 ${metres} 公尺。儲存表單時一併儲存。`,
  noPosition: (code) => {
    if (code === DENIED) return "路書無權取得位置。請在瀏覽器的網站設定中允許，或不簽到直接儲存。";
    if (code === TOO_SLOW) return "尚未取得位置。請到室外或窗邊再點一次，或不簽到直接儲存。";
    return "此裝置無法提供位置。請開啟定位後再點一次，或不簽到直接儲存。";
  },
  storage: (used, quota, isKept) =>
    `已用 ${used} MB，共 ${quota} MB。${isKept ? "瀏覽器會一直保留，直到您刪除。" : "空間不足時瀏覽器可能刪除資料；安裝路書可避免。"}`,
  unsent: (n) => `此裝置上有 ${n} 項修改尚未傳送，登出將永久刪除。仍要登出嗎？`,
};
