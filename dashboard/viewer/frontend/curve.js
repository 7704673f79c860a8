// A centreline in space: points at equal steps, its direction, the place nearest to a point, and frames along it.

import { between, cross, distance, dot, minus, norm, plus, times, unit } from "./vectors.js";

const STEP = 1; // mm between the points that a curve is kept as
const REACH = 3; // mm to either side from which the direction is taken: the stored points are rounded
const DOWN = [0, 0, -1];
const LEFT = [1, 0, 0];
const BACK = [0, 1, 0];

export class Curve {
  /** @param points LPS mm from the top down, at least two that differ */
  constructor(points) {
    const distinct = points.filter((point, rank) => rank === 0 || distance(point, points[rank - 1]) > 1e-6);
    this.length = distinct.slice(1).reduce((sum, point, rank) => sum + distance(point, distinct[rank]), 0);
    const count = Math.max(2, Math.round(this.length / STEP) + 1);
    this.step = this.length / (count - 1);
    this.points = equallySpaced(distinct, count, this.step);
  }

  get count() {
    return this.points.length;
  }

  /** The point so many mm along, kept to the curve's ends. */
  at(along) {
    const place = Math.min(this.count - 1, Math.max(0, along / this.step));
    const low = Math.min(this.count - 2, Math.floor(place));
    return between(this.points[low], this.points[low + 1], place - low);
  }

  /** Unit direction so many mm along, towards the end. */
  direction(along) {
    return unit(minus(this.at(along + REACH), this.at(along - REACH)));
  }

  /** @returns {{along: number, distance: number}} of the place of the curve that is nearest to a point, mm */
  nearest(point) {
    let best = { along: 0, distance: Infinity };
    for (let rank = 0; rank < this.count - 1; rank += 1) {
      const [from, to] = [this.points[rank], this.points[rank + 1]];
      const side = minus(to, from);
      const share = Math.min(1, Math.max(0, dot(minus(point, from), side) / dot(side, side)));
      const far = distance(point, plus(from, side, share));
      if (far < best.distance) best = { along: (rank + share) * this.step, distance: far };
    }
    return best;
  }

  /**
   * Frames that turn about the curve as little as they can: the double reflection of Wang et al. 2008,
   * doi:10.1145/1330511.1330513. The first one is that of `tilted`.
   * @returns {{right: number[], down: number[]}[]} one for each point: two unit vectors across the curve
   */
  frames() {
    const directions = this.points.map((_, rank) => this.direction(rank * this.step));
    const found = [tilted(directions[0]).right];
    for (let rank = 1; rank < this.count; rank += 1) {
      found.push(reflectedTwice(this.points, directions, rank - 1, found[rank - 1]));
    }
    return found.map((right, rank) => ({ right, down: cross(right, directions[rank]) }));
  }
}

function reflectedTwice(points, directions, rank, vector) {
  const chord = minus(points[rank + 1], points[rank]);
  const ahead = mirrored(directions[rank], chord);
  const turn = minus(directions[rank + 1], ahead);
  const carried = mirrored(vector, chord);
  const moved = norm(turn) > 1e-12 ? mirrored(carried, turn) : carried;
  const across = plus(moved, directions[rank + 1], -dot(moved, directions[rank + 1]));
  return unit(across); // no rounding adds up along a long curve
}

/** A vector in the mirror whose plane is perpendicular to `normal`. */
function mirrored(vector, normal) {
  return plus(vector, normal, (-2 * dot(vector, normal)) / dot(normal, normal));
}

/**
 * How a plane perpendicular to a direction is shown: the axial plane, tilted the shortest way.
 * So its right is the patient's left and its top the front, as far as that can be.
 * @returns {{normal: number[], right: number[], down: number[]}} unit vectors; the normal points towards the feet
 */
export function tilted(direction) {
  const normal = dot(direction, DOWN) < 0 ? times(direction, -1) : direction;
  const axis = cross(DOWN, normal);
  const cosine = dot(DOWN, normal);
  const turned = (vector) => plus(plus(times(vector, cosine), cross(axis, vector)), axis, dot(axis, vector) / (1 + cosine));
  return { normal, right: turned(LEFT), down: turned(BACK) };
}

/** @returns {Curve[]} the ways down of one author: the aorta alone, or with each of its limbs */
export function waysDown(curves) {
  const aorta = curves.find(({ name }) => name === "centreline")?.points ?? [];
  const limbs = curves.filter(({ name }) => name !== "centreline");
  const names = limbs.map(({ name }) => name.split(", ")[1] ?? name);
  if (!limbs.length) return aorta.length > 1 ? [{ name: "aorta", curve: new Curve(aorta) }] : [];
  return limbs.map(({ points }, rank) => ({ name: `aorta and ${names[rank]}`, curve: new Curve([...aorta, ...points]) }));
}

function equallySpaced(points, count, step) {
  const found = [points[0]];
  let rank = 0;
  let before = 0; // mm up to points[rank]
  for (let number = 1; number < count - 1; number += 1) {
    const wanted = number * step;
    while (before + distance(points[rank], points[rank + 1]) < wanted) {
      before += distance(points[rank], points[rank + 1]);
      rank += 1;
    }
    found.push(between(points[rank], points[rank + 1], (wanted - before) / distance(points[rank], points[rank + 1])));
  }
  return [...found, points.at(-1)];
}
