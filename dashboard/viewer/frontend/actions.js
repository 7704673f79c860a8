// What every key and button does.

import { WINDOWS } from "./keys.js";
import { fileWindow } from "./start.js";

const SLABS = ["off", "mip", "average"];

/** Do what a key or button asks for. */
export function act(viewer, action, argument) {
  const names = viewer.shownViews.map(({ name }) => name);
  const at = names.indexOf(viewer.active.name);
  const actions = {
    slice: () => viewer.active.step(argument),
    plane: () => viewer.input.activate(viewer.views[names[(at + argument + names.length) % names.length]]),
    place: () => viewer.goPlace(argument),
    case: () => viewer.hands.correct.mayLeave() && viewer.args.setTriggerValue("step", { by: argument }),
    window: () => {
      const chosen = WINDOWS[argument] ?? fileWindow(viewer.data);
      viewer.setWindow(chosen.width, chosen.centre);
    },
    layer: () => viewer.toggleLayer(viewer.layers[argument]),
    invert: () => {
      viewer.invert = !viewer.invert;
      viewer.redrawWindow();
    },
    cine: () => viewer.playOrStop(),
    tool: () => viewer.setTool(argument),
    across: () => viewer.vessel.across(),
    straighten: () => viewer.vessel.straighten(),
    enter: () => viewer.hands[viewer.tool]?.enter?.(),
    click: () => viewer.hands.correct.clickHere(argument),
    undo: () => viewer.hands.correct.undo(),
    redo: () => viewer.hands.correct.redo(),
    cross: () => viewer.set("showCross", !viewer.showCross),
    sharp: () => viewer.set("sharp", !viewer.sharp),
    slab: () => viewer.setSlab({ mode: SLABS[(SLABS.indexOf(viewer.slab.mode) + 1) % SLABS.length] }),
    unmark: () => viewer.marks.removeLast(),
    mark: () => viewer.mark(),
    fullscreen: () => (document.fullscreenElement ? document.exitFullscreen() : viewer.host.requestFullscreen()),
    whole: () => viewer.loader.wholeScan(),
    reset: () => viewer.reset(),
    help: () => viewer.help.toggle(),
    escape: () => {
      viewer.help.toggle(false);
      viewer.playOrStop(false);
      viewer.hands[viewer.tool]?.leave();
    },
  };
  actions[action]?.();
  viewer.changed("lines");
}
