// What was done to a mask, step by step, so that it can be undone and done again. A step knows the slices that it
// changed, before and after, as run lengths.

/**
 * @typedef {{click: [number, number, number, boolean, number] | null, before: Map<number, number[]>,
 *   after: Map<number, number[]>, text: string}} Step
 *   click: slice, row, column, whether it adds, changed voxels; null for what was carried to other slices
 */
export class Steps {
  constructor() {
    this.done = [];
    this.undone = [];
  }

  add(step) {
    this.done.push(step);
    this.undone = [];
  }

  /** @returns {Step|undefined} the step that is to be taken back */
  undo() {
    const step = this.done.pop();
    if (step) this.undone.push(step);
    return step;
  }

  redo() {
    const step = this.undone.pop();
    if (step) this.done.push(step);
    return step;
  }

  get last() {
    return this.done.at(-1);
  }

  get clicks() {
    return this.done.map(({ click }) => click).filter(Boolean);
  }

  /** Clicks of one slice as the route takes them: [row, column, whether it adds]. */
  clicksOn(k) {
    return this.clicks.filter(([slice]) => slice === k).map(([, row, column, positive]) => [row, column, positive]);
  }

  /** The slices that differ now from what they were at first, with their masks as run lengths. */
  changedSlices() {
    const first = new Map();
    const now = new Map();
    for (const { before, after } of this.done) {
      for (const [k, runs] of before) if (!first.has(k)) first.set(k, runs);
      for (const [k, runs] of after) now.set(k, runs);
    }
    return new Map([...now].filter(([k, runs]) => runs.join() !== first.get(k).join()));
  }
}
