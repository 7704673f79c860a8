// Masks that are not stored yet: one that grows while a vessel is followed, and one that a reader corrects.
// They are drawn like layers, in the colour of a reader's own marks.

import { MARK } from "./colours.js";
import { Block } from "./volume.js";

const INSIDE = new Uint8Array(256).fill(1, 1);
const ROOM = 16; // voxels added where a mask outgrows its box

export class Draft {
  constructor(id) {
    Object.assign(this, { id, visible: true, style: "outline", opacity: 1, dash: [], block: null });
  }

  outlines() {
    return [{ member: INSIDE, colour: MARK, width: 2 }];
  }
}

/** A mask that changes slice by slice; its box grows as it needs to. */
export class EditedMask extends Draft {
  /** @param shape of the whole image; @param block what to begin with; @param {Uint8Array} member which of its values count */
  constructor(shape, block, member) {
    super("edited");
    this.shape = shape;
    this.block = new Block(Uint8Array.from(block.data, (value) => member[value]), block.origin, block.shape);
  }

  get size() {
    return this.shape[1] * this.shape[2];
  }

  /** @returns {Uint8Array} rows x columns of the whole slice k */
  slice(k) {
    const whole = new Uint8Array(this.size);
    this.rows(k, (inBlock, inSlice, width) => whole.set(this.block.data.subarray(inBlock, inBlock + width), inSlice));
    return whole;
  }

  put(k, mask) {
    this.makeRoom(k, boxOf(mask, this.shape[2]));
    this.rows(k, (inBlock, inSlice, width) => this.block.data.set(mask.subarray(inSlice, inSlice + width), inBlock));
  }

  /** Call back for every row of slice k that lies in the block. */
  rows(k, each) {
    const { origin, shape, strides } = this.block;
    const at = k - origin[0];
    if (at < 0 || at >= shape[0]) return;
    for (let row = 0; row < shape[1]; row += 1) {
      each(at * strides[0] + row * strides[1], (origin[1] + row) * this.shape[2] + origin[2], shape[2]);
    }
  }

  makeRoom(k, box) {
    const { origin, shape } = this.block;
    if (!box) return;
    const first = [k, box[0], box[1]];
    const last = [k, box[2], box[3]];
    const isRoomy = origin.every((low, axis) => first[axis] >= low && last[axis] < low + shape[axis]);
    if (!isRoomy) this.block = grown(this.block, first, last, this.shape);
  }
}

/** First and last row and column of a mask, or null where it is empty. */
function boxOf(mask, columns) {
  let box = null;
  for (let at = mask.indexOf(1); at >= 0; at = mask.indexOf(1, at + 1)) {
    const row = Math.floor(at / columns);
    const column = at % columns;
    box ??= [row, column, row, column];
    box = [box[0], Math.min(box[1], column), row, Math.max(box[3], column)];
  }
  return box;
}

function grown(block, first, last, within) {
  const origin = block.origin.map((low, axis) => Math.max(0, Math.min(low, first[axis] - ROOM)));
  const end = block.origin.map((low, axis) => Math.min(within[axis], Math.max(low + block.shape[axis], last[axis] + 1 + ROOM)));
  const shape = end.map((high, axis) => high - origin[axis]);
  const larger = new Block(new Uint8Array(shape[0] * shape[1] * shape[2]), origin, shape);
  const [dk, dj, di] = block.origin.map((low, axis) => low - origin[axis]);
  for (let k = 0; k < block.shape[0]; k += 1) {
    for (let j = 0; j < block.shape[1]; j += 1) {
      const from = k * block.strides[0] + j * block.strides[1];
      larger.data.set(block.data.subarray(from, from + block.shape[2]), (k + dk) * larger.strides[0] + (j + dj) * larger.strides[1] + di);
    }
  }
  return larger;
}
