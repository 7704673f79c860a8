// Two viewers beside each other: what moves in one moves in the other, to the same place along the vessel. Both load this
// module from the same address, so that it knows them all. Only the one that was pointed at last answers to keys.

const linked = [];
let leading = null;
let isLinked = true;

/** Tie a viewer to the others on this page. `said.points`: its centreline from the top down, LPS mm, or none;
 *  `said.zero_mm`: the height above its lower end that belongs to the other's. */
export function link(viewer, said) {
  const one = new Linked(viewer, said);
  linked.push(one);
  leading ??= one;
  if (linked.length === 2) linked[0].lead();
  return () => {
    one.release();
    linked.splice(linked.indexOf(one), 1);
    leading = linked[0] ?? null;
    isLinked = true;
  };
}

class Linked {
  constructor(viewer, said) {
    this.viewer = viewer;
    this.points = said.points;
    this.heights = heightsOf(said.points);
    this.shift = said.zero_mm;
    this.apart = null; // mm from the other's crosshair to this one's, where there is no centreline to go by
    this.moveTo = viewer.moveTo.bind(viewer);
    viewer.moveTo = (...where) => {
      this.moveTo(...where);
      if (leading === this) this.lead();
    };
    for (const name of ["key", "jump"]) {
      const own = viewer.input[name].bind(viewer.input);
      viewer.input[name] = (event) => leading === this && own(event);
    }
    this.listeners = new AbortController();
    const take = () => (leading = this);
    for (const kind of ["pointerdown", "wheel", "focusin"]) {
      viewer.host.addEventListener(kind, take, { signal: this.listeners.signal, capture: true, passive: true });
    }
    this.addButton();
  }

  addButton() {
    const words = { textContent: "Linked", title: "moving here moves the other scan; switched on again, the places shown now belong together" };
    this.button = Object.assign(document.createElement("button"), words, { type: "button" });
    this.button.addEventListener("click", () => setLinked(!isLinked), { signal: this.listeners.signal });
    this.showButton();
    this.viewer.toolbar.element.append(this.button);
  }

  showButton() {
    this.button.setAttribute("aria-pressed", String(isLinked));
  }

  /** Let the others follow. */
  lead() {
    if (isLinked) for (const other of linked) if (other !== this) other.follow(this);
  }

  follow(first) {
    if (first.points.length && this.points.length) {
      const { height, offset } = first.along();
      this.goTo(add(this.at(height - first.shift + this.shift), offset));
    } else if (this.apart) this.goTo(add(first.here, this.apart));
  }

  /** Where the crosshair is, LPS mm. */
  get here() {
    const { affine } = this.viewer.data;
    return [0, 1, 2].map((row) => affine[row][3] + this.viewer.cursor.reduce((sum, value, axis) => sum + affine[row][axis] * value, 0));
  }

  /** Height above the lower end of the nearest point of the centreline, and how far from it the crosshair is. */
  along() {
    const { here } = this;
    const away = this.points.map((point) => Math.hypot(...subtract(here, point)));
    const nearest = away.indexOf(Math.min(...away));
    return { height: this.heights[nearest], offset: subtract(here, this.points[nearest]) };
  }

  /** The point of the centreline at a height above its lower end; beyond its ends, straight on along the body. */
  at(height) {
    const { heights, points } = this;
    const last = points.length - 1;
    if (height >= heights[0]) return add(points[0], [0, 0, height - heights[0]]);
    if (height <= 0) return add(points[last], [0, 0, height]);
    const below = heights.findIndex((value) => value <= height);
    const share = (height - heights[below]) / (heights[below - 1] - heights[below]);
    return add(points[below], scaled(subtract(points[below - 1], points[below]), share));
  }

  goTo(point) {
    const { affine } = this.viewer.data;
    const away = [0, 1, 2].map((row) => point[row] - affine[row][3]);
    this.moveTo([0, 1, 2].map((axis) => {
      const column = [0, 1, 2].map((row) => affine[row][axis]);
      return dot(away, column) / dot(column, column);
    }));
  }

  release() {
    this.listeners.abort();
    this.button.remove();
  }
}

/** Linked again, the places that are shown then belong together. */
function setLinked(now) {
  isLinked = now;
  const [first, second] = linked;
  if (now && second) {
    first.apart = subtract(first.here, second.here);
    second.apart = subtract(second.here, first.here);
    if (first.points.length && second.points.length) second.shift = second.along().height - first.along().height + first.shift;
  }
  for (const one of linked) one.showButton();
}

/** Height of every point above the last one, along the curve. */
function heightsOf(points) {
  const heights = points.map(() => 0);
  for (let at = points.length - 2; at >= 0; at -= 1) heights[at] = heights[at + 1] + Math.hypot(...subtract(points[at], points[at + 1]));
  return heights;
}

const add = (a, b) => a.map((value, axis) => value + b[axis]);
const subtract = (a, b) => a.map((value, axis) => value - b[axis]);
const scaled = (a, factor) => a.map((value) => value * factor);
const dot = (a, b) => a.reduce((sum, value, axis) => sum + value * b[axis], 0);
