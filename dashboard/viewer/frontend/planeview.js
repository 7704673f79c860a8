// One of the three planes: the scan's own slices at native resolution.

import { CanvasView } from "./canvasview.js";
import { boxOnPlane, clamp, makePlane, pictureOf, placeAt, slicePosition } from "./geometry.js";
import { drawImage, drawSlab } from "./render.js";

export class PlaneView extends CanvasView {
  constructor(name, viewer) {
    super(name, viewer, makePlane(name, viewer.data));
    this.isSlice = true;
    this.measures = true;
    this.thickness = viewer.data.spacing[this.plane.normal];
  }

  get slice() {
    return this.viewer.cursor[this.plane.normal];
  }

  get count() {
    return this.viewer.data.shape[this.plane.normal];
  }

  get isAtEnd() {
    return this.slice + 1 >= this.count;
  }

  /** Whether the picture is another one since it was drawn. */
  get isStale() {
    return this.drawn !== this.slice;
  }

  /** The voxels of the image or of a layer, on the grid that `plane` and `at` walk through. */
  blockOf(source) {
    return source.block;
  }

  placeAt(x, y) {
    return placeAt(this.plane, x, y, this.slice);
  }

  /** A point in LPS mm in this picture: x, y in picture pixels, and how many mm it lies off the plane. */
  project(point) {
    const place = this.viewer.toVoxels(point);
    const [x, y] = pictureOf(this.plane, place);
    return { x, y, off: (place[this.plane.normal] - this.slice) * this.thickness };
  }

  cross() {
    return pictureOf(this.plane, this.viewer.cursor);
  }

  step(by) {
    const axis = this.plane.normal;
    const target = [...this.viewer.cursor];
    target[axis] = clamp(target[axis] + by, 0, this.count - 1);
    this.viewer.moveTo(target);
  }

  /** The crosshair, under the pointer. */
  press(event) {
    this.viewer.moveTo(this.voxelUnder(event));
  }

  fitBox() {
    const { fitBox } = this.viewer;
    return fitBox ? boxOnPlane(this.plane, fitBox.origin, fitBox.shape) : [0, 0, this.plane.width, this.plane.height];
  }

  drawImage() {
    const { viewer, plane, pixels } = this;
    this.drawn = this.slice;
    const slab = viewer.slabOf(plane);
    return slab
      ? drawSlab(pixels, plane, viewer.block, slab, viewer.table)
      : drawImage(pixels, plane, viewer.block, this.slice, viewer.table);
  }

  said() {
    const { viewer, plane } = this;
    const slab = viewer.slabOf(plane);
    const name = `${this.name[0].toUpperCase()}${this.name.slice(1)}`;
    const where = slicePosition(plane, viewer.data.affine, viewer.cursor);
    return {
      ...super.said(),
      "top-left": [`${name} ${this.slice + 1}/${this.count}`, where, `spacing ${this.thickness.toFixed(2)} mm`].join("\n"),
      "top-right": this.name === "axial" ? `W ${Math.round(viewer.window.width)} C ${Math.round(viewer.window.centre)} HU` : "",
      "bottom-right": slab ? `${slab.mode === "mip" ? "MIP" : "average"} ${slab.mm.toFixed(1)} mm` : "",
      notice: this.name === "axial" ? viewer.data.badges.join(" \u00b7 ") : "",
    };
  }
}
