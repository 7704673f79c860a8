// A view that is not made of the scan's own slices: its picture is resampled from the blocks that are loaded.
// A view says `rows()`, the lines of its picture through the voxels, and `signature`, which changes with them.

import { CanvasView } from "./canvasview.js";
import { drawImage } from "./render.js";
import { UNKNOWN, sampleImage, sampleNearest } from "./resample.js";

export class ResampledView extends CanvasView {
  constructor(name, viewer, plane) {
    super(name, viewer, plane);
    Object.assign(this, { isSlice: false, drawn: null, sampled: new Map() });
  }

  get at() {
    return 0;
  }

  get isStale() {
    return this.drawn !== this.signature;
  }

  /** The image or a layer on the rows of this picture; kept as long as both stay. */
  blockOf(source) {
    const known = this.sampled.get(source);
    if (known?.from === source.block) return known.block;
    const block = source === this.viewer ? sampleImage(source.block, this.path) : sampleNearest(source.block, this.path);
    this.sampled.set(source, { from: source.block, block });
    return block;
  }

  drawImage() {
    const { viewer } = this;
    if (this.isStale) this.renew();
    for (const source of viewer.drawn) if (!viewer.layers.includes(source)) this.sampled.delete(source); // masks that change in place
    if (!viewer.block) return false;
    const block = this.blockOf(viewer);
    drawImage(this.pixels, this.plane, block, 0, viewer.table);
    return block.data.some((value) => value !== UNKNOWN);
  }

  renew() {
    this.drawn = this.signature;
    this.sampled.clear();
    this.path = this.rows();
  }

  placeAt(x, y) {
    return this.viewer.toVoxels(this.pointAt(x, y));
  }

  fitBox() {
    return [0, 0, this.plane.width, this.plane.height];
  }

  step(by) {
    this.viewer.vessel.moveTo(this.viewer.vessel.along + by);
  }

  get isAtEnd() {
    const { along, curve } = this.viewer.vessel;
    return along >= curve.length;
  }
}
