/**
 * What is going on between this device and the server while an answer is awaited, for the status line: a
 * person never looks at something that turns without words.  A quick round says nothing.
 *
 * @typedef {object} Going
 * @property {'' | 'connecting' | 'slow' | 'receiving'} doing '' for nothing worth a word
 * @property {number} since_ms when it began
 */

const WORTH_A_WORD_MS = 2_000;
const SLOW_MS = 8_000;
const TICK_MS = 1_000;

export class Course {
  #onChange;
  #beganAt = 0;
  #heardAt = 0;
  #isAnswered = false;
  #timer = 0;
  #told = "";

  /** @param {() => void} onChange hears at most once a second */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  begin() {
    if (!this.#beganAt) this.#beganAt = Date.now();
    this.#heardAt = Date.now();
    this.#isAnswered = false;
    if (!this.#timer) this.#timer = setInterval(() => this.#tell(), TICK_MS);
  }

  /** Something came from the server. */
  heard() {
    this.#heardAt = Date.now();
    this.#isAnswered = true;
  }

  end() {
    clearInterval(this.#timer);
    this.#timer = this.#beganAt = 0;
    this.#told = "";
  }

  /** @returns {Going} */
  get going() {
    const now = Date.now();
    if (!this.#beganAt || now - this.#beganAt < WORTH_A_WORD_MS) return { doing: "", since_ms: this.#beganAt };
    const isQuiet = now - this.#heardAt >= SLOW_MS;
    return { doing: isQuiet ? "slow" : this.#isAnswered ? "receiving" : "connecting", since_ms: this.#beganAt };
  }

  #tell() {
    const { doing } = this.going;
    if (doing === this.#told && doing !== "receiving") return; // rows are counted while they come
    this.#told = doing;
    this.#onChange();
  }
}
