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
  /** @param {number} rows @param {number} total */
  firstSync: (rows, total) => `Your customers are coming to this device: ${rows.toLocaleString("en")} of ${total.toLocaleString("en")} rows are here. Stay online until it is done.`,
  /** @param {string} what @returns {string} '' where it moves */
  standstill: (what) => {
    if (what === "connecting") return "Your customers are coming to this device. Waiting for the server…";
    if (what === "slow") return "Your customers are coming to this device. The line is slow; what has arrived is kept, and it goes on by itself.";
    if (what === "offline" || what === "cut") return "Your customers are not all on this device yet. The line broke; it goes on by itself where it stopped.";
    if (what === "server") return "Your customers are not all on this device yet. The server has asked for patience; it is asked again by itself.";
    if (what === "storage_full") return "Your customers do not fit on this device: there is no space left. Free some, then open Roadbook again.";
    return "";
  },
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
  /** @param {string} used @param {string} quota both with their unit @param {boolean} isKept */
  storage: (used, quota, isKept) =>
    `${used} used of ${quota}. ${isKept ? "The browser keeps it until you delete it." : "The browser may delete it when space runs out; installing Roadbook prevents that."}`,
  /** @param {number} n */
  unsent: (n) => `${n} of your changes on this device were not sent yet. Signing out deletes them for good. Sign out all the same?`,
};

/** @type {typeof EN} */
const HANS = {
  newVersion: "路书有新版本。",
  reload: "立即刷新",
  firstSync: (rows, total) => `正在把您的客户数据存到此设备：已有 ${rows.toLocaleString("en")} / ${total.toLocaleString("en")} 条。完成前请保持联网。`,
  standstill: (what) => {
    if (what === "connecting") return "正在把您的客户数据存到此设备，正在等待服务器…";
    if (what === "slow") return "正在把您的客户数据存到此设备。网络很慢，已收到的会保留，随后自动继续。";
    if (what === "offline" || what === "cut") return "您的客户数据尚未全部存到此设备。连接中断，将自动从中断处继续。";
    if (what === "server") return "您的客户数据尚未全部存到此设备。服务器请稍候，将自动重试。";
    if (what === "storage_full") return "此设备空间不足，放不下您的客户数据。请腾出空间后重新打开路书。";
    return "";
  },
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
    `已用 ${used}，共 ${quota}。${isKept ? "浏览器会一直保留，直到您删除。" : "空间不足时浏览器可能删除数据；安装路书可避免。"}`,
  unsent: (n) => `此设备上有 ${n} 项修改尚未发送，退出登录将永久删除。仍要退出吗？`,
};

/** @type {typeof EN} */
const HANT = {
  newVersion: "路書有新版本。",
  reload: "立即重新整理",
  firstSync: (rows, total) => `正在把您的客戶資料存到此裝置：已有 ${rows.toLocaleString("en")} / ${total.toLocaleString("en")} 筆。完成前請保持連線。`,
  standstill: (what) => {
    if (what === "connecting") return "正在把您的客戶資料存到此裝置，正在等待伺服器…";
    if (what === "slow") return "正在把您的客戶資料存到此裝置。網路很慢，已收到的會保留，隨後自動繼續。";
    if (what === "offline" || what === "cut") return "您的客戶資料尚未全部存到此裝置。連線中斷，將自動從中斷處繼續。";
    if (what === "server") return "您的客戶資料尚未全部存到此裝置。伺服器請稍候，將自動重試。";
    if (what === "storage_full") return "此裝置空間不足，放不下您的客戶資料。請騰出空間後重新開啟路書。";
    return "";
  },
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
    `已用 ${used}，共 ${quota}。${isKept ? "瀏覽器會一直保留，直到您刪除。" : "空間不足時瀏覽器可能刪除資料；安裝路書可避免。"}`,
  unsent: (n) => `此裝置上有 ${n} 項修改尚未傳送，登出將永久刪除。仍要登出嗎？`,
};
