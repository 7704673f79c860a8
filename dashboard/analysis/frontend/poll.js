// Asks again and again how something stands: soon while it goes on, seldom otherwise, and not while nobody looks.

const BUSY_MS = 1500;
const CALM_MS = 15000;

export class Poll {
  /** @param question gives a promise of the answer; @param show draws it; @param isBusy says of an answer that it will change soon */
  constructor(question, show, isBusy) {
    Object.assign(this, { question, show, isBusy, isGone: false });
    this.awake = () => document.hidden || this.now();
    document.addEventListener("visibilitychange", this.awake);
  }

  /** Ask at once. One question at a time; an error says itself in the line and the next question comes by itself. */
  async now() {
    clearTimeout(this.timer);
    if (this.asking || this.isGone) return;
    this.asking = true;
    let isBusy = false;
    try {
      const answer = await this.question();
      isBusy = this.isBusy(answer);
      if (!this.isGone) this.show(answer, null);
    } catch (error) {
      if (!this.isGone) this.show(null, error);
    }
    this.asking = false;
    if (!this.isGone && !document.hidden) this.timer = setTimeout(() => this.now(), isBusy ? BUSY_MS : CALM_MS);
  }

  stop() {
    this.isGone = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.awake);
  }
}
