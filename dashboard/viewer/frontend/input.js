// Mouse, wheel and keys: which action they mean. Left drag does what the tool says; right drag is always the window,
// middle drag always pans, ctrl and wheel zooms. The outline tool and the click editor take their presses themselves.

import { actionOf } from "./keys.js";

const WHEEL_STEP = 40;
const ZOOM_STEP = 1.0015;

export class Input {
  constructor(viewer) {
    this.viewer = viewer;
    this.wheel = 0;
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    for (const view of Object.values(viewer.views)) this.listen(view, signal);
    document.addEventListener("keydown", (event) => this.key(event), { signal });
    document.addEventListener("click", (event) => this.jump(event), { signal });
    this.activate(viewer.active);
  }

  listen(view, signal) {
    const { element } = view;
    element.addEventListener("wheel", (event) => this.scroll(view, event), { signal, passive: false });
    element.addEventListener("pointerdown", (event) => this.down(view, event), { signal });
    element.addEventListener("pointermove", (event) => this.move(view, event), { signal });
    element.addEventListener("pointerup", () => this.up(), { signal });
    element.addEventListener("pointercancel", () => this.up(), { signal });
    element.addEventListener("pointerleave", () => this.hover(null), { signal });
    element.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    element.addEventListener("dblclick", () => this.enlarge(view), { signal });
  }

  activate(view) {
    this.viewer.active = view;
    for (const other of Object.values(this.viewer.views)) other.element.classList.toggle("active", other === view);
  }

  /** A double click makes a plane the large one, or puts it back. */
  enlarge(view) {
    this.viewer.enlarge(this.viewer.planes.dataset.large === view.name ? "axial" : view.name);
  }

  scroll(view, event) {
    event.preventDefault();
    this.activate(view);
    if (event.ctrlKey) {
      view.zoomBy(ZOOM_STEP ** -event.deltaY, event);
      this.viewer.changed("lines", view);
      return;
    }
    const pixels = event.deltaMode === 0 ? event.deltaY : event.deltaY * WHEEL_STEP;
    if (Math.sign(pixels) !== Math.sign(this.wheel)) this.wheel = 0;
    this.wheel += pixels;
    const steps = Math.trunc(this.wheel / WHEEL_STEP) || (Math.abs(pixels) >= 4 && this.fresh() ? Math.sign(pixels) : 0);
    if (!steps) return;
    this.wheel = 0;
    view.step(steps);
  }

  /** Whether the last step lies so far back that a small turn of the wheel means one slice. */
  fresh() {
    const now = performance.now();
    const isFresh = now - (this.lastStep ?? 0) > 120;
    if (isFresh) this.lastStep = now;
    return isFresh;
  }

  down(view, event) {
    this.activate(view);
    this.viewer.host.focus({ preventScroll: true }); // enter and space are then no press of the button chosen before
    view.element.setPointerCapture(event.pointerId);
    const hand = event.shiftKey ? null : this.viewer.hands[this.viewer.tool];
    if (hand?.takes(event, view)) {
      this.drag = { hand, view };
      hand.down(view, event);
      event.preventDefault();
      return;
    }
    const isRuler = ["ruler", "ellipse"].includes(this.viewer.tool);
    const chosen = this.viewer.hands[this.viewer.tool] || (isRuler && !view.measures) ? "crosshair" : this.viewer.tool;
    const tool = event.button === 2 ? "window" : event.button === 1 || event.shiftKey ? "pan" : chosen;
    this.drag = { tool, view, x: event.clientX, y: event.clientY, window: { ...this.viewer.window } };
    if (tool === "ruler" || tool === "ellipse") this.drag.mark = this.viewer.marks.begin(tool, view, view.toPicture(event));
    if (tool === "crosshair") view.press(event);
    event.preventDefault();
  }

  move(view, event) {
    this.hover(view.voxelUnder(event));
    const { drag, viewer } = this;
    if (!drag || drag.view !== view) return;
    if (drag.hand) return drag.hand.move?.(view, event);
    const dx = event.clientX - drag.x;
    const dy = event.clientY - drag.y;
    if (drag.tool === "window") return viewer.setWindow(drag.window.width + dx * 2, drag.window.centre + dy * 2);
    if (drag.tool === "crosshair") return view.press(event);
    if (drag.mark) drag.mark.to = view.toPicture(event);
    if (drag.tool === "pan") view.panBy(dx, dy);
    if (drag.tool === "zoom") view.zoomBy(1.01 ** -dy);
    if (drag.tool === "pan" || drag.tool === "zoom") Object.assign(drag, { x: event.clientX, y: event.clientY });
    viewer.changed("lines", view);
  }

  up() {
    this.drag?.hand?.up?.();
    if (this.drag?.mark) this.viewer.marks.settle(this.drag.mark, this.drag.view);
    if (this.drag) this.viewer.changed("lines", this.drag.view);
    this.drag = null;
  }

  hover(index) {
    this.viewer.hovered = index;
    this.viewer.strip.readOut(index ?? this.viewer.cursor);
  }

  key(event) {
    const found = actionOf(event);
    if (!found) return;
    event.preventDefault();
    this.viewer.act(found.action, found.argument);
  }

  /** Anything on the page with data-secondlook-place="k,j,i" is a way there; data-secondlook-view may name a view to open, data-secondlook-layer a layer to show. */
  jump(event) {
    const target = event.composedPath().find((node) => node.dataset?.secondlookPlace);
    if (!target) return;
    if (target.dataset.secondlookView) this.viewer.vessel.show(target.dataset.secondlookView, true);
    const layer = this.viewer.layers.find(({ id }) => id === target.dataset.secondlookLayer);
    if (layer && !layer.visible) this.viewer.toggleLayer(layer, true);
    this.viewer.jump(target.dataset.secondlookPlace.split(",").map(Number));
  }

  destroy() {
    this.listeners.abort();
  }
}
