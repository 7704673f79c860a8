// One upload: several files at a time, each streamed from the disk; it can be cancelled, and goes on where it stopped.

import { Refused, SignedOut, ask, sendFile } from "./api.js";

const AT_ONCE = 4;
const TRIES = 3;
const KEY = "secondlook upload";

/** The upload of this tab. It goes on while the reader looks at another page. */
export let current = null;

export function begin(files, options) {
  current = new Upload(files, options);
  current.run();
  return current;
}

/** The token of an upload that stopped halfway in this tab, or null. */
export async function unfinished() {
  const token = sessionStorage.getItem(KEY);
  if (!token) return null;
  try {
    return { token, ...(await ask(`/uploads/${token}`)) };
  } catch (error) {
    if (error instanceof Refused) sessionStorage.removeItem(KEY);
    return null;
  }
}

export async function discard(token) {
  sessionStorage.removeItem(KEY);
  await ask(`/uploads/${token}`, { method: "DELETE" }).catch(() => null);
}

export class Upload {
  /** @param files [{path, file}]; @param options what is said about them, read when all have arrived */
  constructor(files, options, token = sessionStorage.getItem(KEY)) {
    Object.assign(this, { files, options, token, error: null, intake: null, state: "sending", onChange: () => {} });
    this.size = files.reduce((sum, { file }) => sum + file.size, 0);
    this.sent = new Array(files.length).fill(0);
    this.arrived = new Array(files.length).fill(false);
    this.abort = new AbortController();
    this.leaving = (event) => event.preventDefault();
    window.addEventListener("beforeunload", this.leaving);
  }

  get bytesSent() {
    return this.sent.reduce((sum, bytes) => sum + bytes, 0);
  }

  get filesArrived() {
    return this.arrived.filter(Boolean).length;
  }

  get percent() {
    return this.size ? Math.min(100, (100 * this.bytesSent) / this.size) : 100;
  }

  async run() {
    this.set("sending");
    this.error = null;
    try {
      const waiting = await this.whatIsMissing();
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.sendFrom(waiting)));
      await this.finish();
    } catch (error) {
      if (this.state !== "cancelled") this.stopAt(error);
    }
  }

  /** The places of the files still to be sent; all of them for a new upload. */
  async whatIsMissing() {
    const { signal } = this.abort;
    if (this.token) {
      try {
        const wanted = this.files.map(({ path, file }) => [path, file.size]);
        const { missing } = await ask(`/uploads/${this.token}/missing`, { method: "POST", body: wanted, signal });
        const lacking = new Set(missing);
        this.files.forEach(({ file }, place) => this.note(place, lacking.has(place) ? 0 : file.size, !lacking.has(place)));
        return missing;
      } catch (error) {
        if (!(error instanceof Refused && error.status === 404)) throw error;
      }
    }
    const { upload } = await ask("/uploads", { method: "POST", body: { files: this.files.length, bytes: this.size }, signal });
    this.token = upload;
    sessionStorage.setItem(KEY, upload);
    return this.files.map((_, place) => place);
  }

  async sendFrom(waiting) {
    while (waiting.length && !this.abort.signal.aborted) await this.send(waiting.shift());
  }

  async send(place) {
    const { path, file } = this.files[place];
    for (let attempt = 1; ; attempt += 1) {
      try {
        await sendFile(this.token, path, file, { onProgress: (bytes) => this.note(place, Math.min(bytes, file.size)), signal: this.abort.signal });
        this.note(place, file.size, true);
        return;
      } catch (error) {
        this.note(place, 0);
        if (attempt === TRIES || error instanceof Refused || error instanceof SignedOut || error.name === "AbortError") throw error;
        await new Promise((resolve) => setTimeout(resolve, 500 * attempt));
      }
    }
  }

  async finish() {
    this.set("starting");
    const { intake } = await ask(`/uploads/${this.token}/start`, { method: "POST", body: this.options() });
    this.intake = intake;
    this.leave();
    this.set("done");
  }

  stopAt(error) {
    this.abort.abort();
    this.abort = new AbortController();
    this.error = error;
    this.set("stopped");
  }

  cancel() {
    this.set("cancelled");
    this.abort.abort();
    this.leave();
    if (this.token) discard(this.token);
  }

  leave() {
    window.removeEventListener("beforeunload", this.leaving);
    sessionStorage.removeItem(KEY);
    if (current === this) current = null;
  }

  note(place, bytes, hasArrived = this.arrived[place]) {
    this.sent[place] = bytes;
    this.arrived[place] = hasArrived;
    this.onChange();
  }

  set(state) {
    this.state = state;
    this.onChange();
  }
}
