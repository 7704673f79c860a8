// What the viewer shows, in the address behind #, so that a link opens the same case, place, layers and window.
// Nothing behind # is ever sent to a server.

const DELAY_MS = 150;
const STYLES = { outline: "o", fill: "f", map: "m" };
const STYLE_OF = { o: "outline", f: "fill", m: "map" };
let waiting = null;

/** Take over what the address says; whatever it does not say stays. */
export function readHash(viewer) {
  const said = new URLSearchParams(window.location.hash.slice(1));
  if (said.has("of") && said.get("of") !== viewer.data.case.key) return;
  const number = (name) => (said.has(name) && Number.isFinite(Number(said.get(name))) ? Number(said.get(name)) : null);
  const index = ["k", "j", "i"].map(number);
  if (index.every((value) => value !== null)) {
    viewer.cursor = index.map((value, axis) => Math.min(viewer.data.shape[axis] - 1, Math.max(0, Math.round(value))));
  }
  const [width, centre] = [number("w"), number("l")];
  if (width !== null && centre !== null) viewer.window = { width: Math.max(1, width), centre };
  viewer.invert = said.get("inv") === "1";
  if (said.has("slab")) readSlab(viewer, said.get("slab"));
  if (said.has("along")) readVessel(viewer.vessel, said);
  if (said.has("layers")) readLayers(viewer, said.get("layers"));
}

function readSlab(viewer, text) {
  const [mode, mm] = text.split(":");
  if (["mip", "average"].includes(mode)) viewer.slab = { mode, mm: Number(mm) || 10 };
}

/** The views along the vessel: which are shown, how many mm along. A case without centreline has none. */
function readVessel(vessel, said) {
  if (!vessel.isThere) return;
  if (said.get("across") === "1") vessel.shown.add("perpendicular");
  if (["right", "down"].includes(said.get("straight"))) {
    vessel.shown.add("straight");
    vessel.side = said.get("straight");
  }
  vessel.way = Math.min(vessel.author.ways.length - 1, Math.max(0, Number(said.get("way")) || 0));
  vessel.asked = Number(said.get("along")) || null;
}

function readLayers(viewer, text) {
  const wanted = new Map(text.split(",").filter(Boolean).map((part) => [part.split(":")[0], part.split(":")]));
  for (const layer of viewer.layers) {
    const said = wanted.get(layer.id);
    layer.visible = said !== undefined;
    if (said) {
      layer.style = STYLE_OF[said[1]] ?? layer.style;
      const opacity = Number(said[2]);
      if (opacity >= 0 && opacity <= 1) layer.opacity = opacity;
    }
  }
}

/** Write the state into the address, at most every 150 ms and only when it changed. */
export function writeHash(viewer) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const text = `#${hashOf(viewer)}`;
    if (text !== window.location.hash) window.history.replaceState(window.history.state, "", text);
  }, DELAY_MS);
}

export function hashOf(viewer) {
  const [k, j, i] = viewer.cursor;
  const parts = [`of=${viewer.data.case.key}`, `k=${k}`, `j=${j}`, `i=${i}`, `w=${Math.round(viewer.window.width)}`, `l=${Math.round(viewer.window.centre)}`];
  if (viewer.invert) parts.push("inv=1");
  if (viewer.slab.mode !== "off") parts.push(`slab=${viewer.slab.mode}:${viewer.slab.mm}`);
  parts.push(...vesselParts(viewer.vessel));
  const layers = viewer.layers.filter((layer) => layer.visible);
  parts.push(`layers=${layers.map((layer) => `${layer.id}:${STYLES[layer.style]}:${layer.opacity.toFixed(2)}`).join(",")}`);
  return parts.join("&");
}

function vesselParts({ shown, side, way, along }) {
  if (!shown.size) return [];
  const views = [shown.has("perpendicular") && "across=1", shown.has("straight") && `straight=${side}`];
  return [...views.filter(Boolean), `way=${way}`, `along=${along.toFixed(1)}`];
}

/** Forget a write that has not happened yet: the page now shows another case. */
export function forgetHash() {
  clearTimeout(waiting);
}
