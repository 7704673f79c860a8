// What arrives and when: the cropped region first, layers when they are shown, the whole scan when it is asked for.

import { inside } from "./geometry.js";
import { Block, Source } from "./volume.js";

export class Loader {
  constructor(viewer) {
    this.viewer = viewer;
    this.data = viewer.data;
    this.source = new Source(this.data.token, this.data.token_url);
    this.message = "Loading the image";
    this.full = false;
  }

  async start() {
    const { crop, digest, dtype } = this.data.image;
    try {
      if (crop) this.show(Block.fromNifti(await this.source.bytes(crop.digest), dtype, crop.origin, crop.shape), crop.digest === digest);
      else await this.loadFull(digest, dtype);
    } catch (error) {
      this.fail(error);
    }
    await this.loadLayers();
    this.follow();
  }

  /** Load the whole scan once the cursor leaves the region that is there. */
  follow() {
    const { crop } = this.data.image;
    if (crop && this.viewer.block && !this.full && !inside(this.viewer.cursor, crop.origin, crop.shape)) this.wholeScan();
  }

  async loadFull(digest, dtype) {
    const total = this.data.shape.reduce((product, size) => product * size, 2) + 352;
    const buffer = await this.source.bytes(digest, (size) => this.viewer.toolbar.progress(size / total));
    this.show(Block.fromNifti(buffer, dtype, [0, 0, 0], this.data.shape), true);
    this.viewer.toolbar.progress(null);
  }

  async wholeScan() {
    if (this.full || this.isLoadingFull) return;
    this.isLoadingFull = true;
    this.viewer.changed("lines");
    try {
      await this.loadFull(this.data.image.digest, this.data.image.dtype);
    } catch (error) {
      this.fail(error);
    }
    this.isLoadingFull = false;
    this.viewer.toolbar.progress(null);
  }

  show(block, full) {
    Object.assign(this, { full, message: "" });
    this.viewer.block = block;
    this.viewer.host.dataset.ready ??= "image";
    this.viewer.host.dataset.full = String(full);
    this.viewer.changed("picture");
  }

  fail(error) {
    if (error.name === "AbortError") return;
    const what = this.viewer.block ? "The whole scan" : "The image";
    this.message = `${what} did not load: ${error.message}`;
    this.viewer.host.dataset.failed = error.message;
    this.viewer.changed("lines");
  }

  async loadLayers() {
    await Promise.all(this.viewer.layers.filter((layer) => layer.visible).map((layer) => this.loadLayer(layer)));
    this.viewer.host.dataset.ready = "all";
  }

  async loadLayer(layer) {
    const loading = layer.load(this.source);
    this.viewer.strip.update();
    await loading;
    this.viewer.strip.update();
    this.viewer.changed("picture");
  }

  /** Why a plane shows nothing, or "" when it shows what it should. */
  messageFor(view) {
    if (this.message) return this.message;
    if (view.covered !== false) return "";
    return this.isLoadingFull ? "Loading the whole scan" : "Outside the part that is loaded: open the whole scan";
  }
}
