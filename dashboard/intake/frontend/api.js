// Talks to the page's own routes. The session cookie goes along by itself; an answer that is none says so in words.

export class SignedOut extends Error {}

/** An answer that the server refused: what must hold, what was found, what to do. */
export class Refused extends Error {
  constructor(status, { error, must = "", found = "", todo = "" }) {
    super(error ?? `The server answered ${status}.`);
    Object.assign(this, { status, must, found, todo });
  }
}

export async function ask(url, { method = "GET", body, signal } = {}) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await fetch(url, { method, headers, body: text, signal, credentials: "same-origin" }).catch(unreachable);
  if (answer.status === 401) throw new SignedOut("Your sign-in is over. Open the sign-in link again.");
  const content = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Refused(answer.status, content ?? {});
  return content;
}

function unreachable(error) {
  throw error.name === "AbortError" ? error : new TypeError("The server does not answer.");
}

export const intakes = (before = 0) => ask(`/intakes?before=${before}`);
export const linesOf = (id, after, taken) => ask(`/intakes/${id}/lines?after=${after}&taken=${taken}`);
export const act = (id, action) => ask(`/intakes/${id}/${action}`, { method: "POST" });

/** Send one file; its path goes in a header, never in an address. `onProgress` hears the bytes sent so far. */
export function sendFile(upload, path, file, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/uploads/${upload}/file`);
    request.setRequestHeader("X-Relative-Path", encodeURIComponent(path));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded));
    request.addEventListener("load", () => {
      if (request.status === 204) resolve();
      else if (request.status === 401) reject(new SignedOut("Your sign-in is over. Open the sign-in link again."));
      else reject(new Refused(request.status, parsed(request.responseText)));
    });
    request.addEventListener("error", () => reject(new TypeError("The connection broke.")));
    request.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
