// Talks to the worklist's own routes: pages of rows by keyset, saved views.

export class SignedOut extends Error {}

/** Pages of one question, in order; at most 200 rows each, the next one asked for by the cursor of the last. */
export class Pages {
  constructor(question) {
    this.question = question;
    this.rows = [];
    this.total = null;
    this.next = "";
    this.abort = new AbortController();
  }

  get isComplete() {
    return this.total !== null && !this.next;
  }

  /** Fetch the next page unless one is on its way or there is none. */
  async more() {
    if (this.isComplete) return;
    this.coming ??= this.fetchPage().finally(() => (this.coming = null));
    await this.coming;
  }

  async fetchPage() {
    const parameters = new URLSearchParams(this.question);
    if (this.next) parameters.set("after", this.next);
    const page = await ask(`/cases?${parameters}`, { signal: this.abort.signal });
    this.rows.push(...page.rows);
    Object.assign(this, { total: page.total, next: page.next });
  }

  stop() {
    this.abort.abort();
  }
}

export function views() {
  return ask("/views");
}

export function saveView(name, query) {
  return ask("/views", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name, query }) });
}

export function forgetView(name) {
  return ask(`/views/${encodeURIComponent(name)}`, { method: "DELETE" });
}

async function ask(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", ...options });
  if (answer.status === 401) throw new SignedOut("Your sign-in is over. Open the sign-in link again.");
  const body = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(body?.error ?? `The server answered ${answer.status}.`);
  return body;
}
