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
  firstSync: "Your customers are coming to this device. Stay online until they are all here.",
  signedOut: "You are signed out. What you write is kept here and sent when you have signed in again.",
  signIn: "Sign in",
  portal: "This network wants you to sign in first. What you write is kept here until then.",
  tooOld: "This version of Roadbook is too old for the server. Close all its windows and open it again. If that does not help, save what was not sent as a file.",
  export: "Save as a file",
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
  firstSync: "正在把您的客户数据存到此设备，完成前请保持联网。",
  signedOut: "您已退出登录。您填写的内容保存在此设备上，重新登录后发送。",
  signIn: "登录",
  portal: "此网络要求先登录。在此之前，您填写的内容保存在此设备上。",
  tooOld: "此版本的路书对服务器来说太旧。请关闭所有路书窗口后重新打开；如仍不行，请将未发送的内容存为文件。",
  export: "存为文件",
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
  firstSync: "正在把您的客戶資料存到此裝置，完成前請保持連線。",
  signedOut: "您已登出。您填寫的內容儲存在此裝置上，重新登入後傳送。",
  signIn: "登入",
  portal: "此網路要求先登入。在此之前，您填寫的內容儲存在此裝置上。",
  tooOld: "此版本的路書對伺服器來說太舊。請關閉所有路書視窗後重新開啟；如仍不行，請將未傳送的內容存成檔案。",
  export: "存成檔案",
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
