/** What stands in the place of a picture that only the server has, while it cannot be reached: plain, and in words. */

/** @type {Record<string, string>} */
const WORDS = { "en": "Needs the signal", "zh-Hans": "需要网络", "zh-Hant": "需要網路" };

/** @param {string} lang */
export function needsSignal(lang) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="192" height="192" viewBox="0 0 192 192" role="img">
<rect width="192" height="192" fill="#e8ebf0"/>
<g transform="translate(66 40) scale(2.5)" fill="none" stroke="#4a5463" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M7 18h10a4 4 0 0 0 1-7.800A6 6 0 0 0 7 9a4.5 4.5 0 0 0 0 9zM4 4l16 16"/></g>
<text x="96" y="138" text-anchor="middle" font-family="system-ui,sans-serif" font-size="21" fill="#303846">${WORDS[lang] ?? WORDS.en}</text></svg>`;
  return new Response(svg, { status: 503, headers: { "Content-Type": "image/svg+xml", "Cache-Control": "no-store" } });
}
