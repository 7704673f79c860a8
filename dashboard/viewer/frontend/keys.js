// The one table of keys; docs/keys.md and the page that `?` shows are made from it. No key stands twice.

export const WINDOWS = {
  1: { name: "soft tissue", width: 400, centre: 40 },
  2: { name: "angio", width: 600, centre: 200 },
  3: { name: "thrombus", width: 250, centre: 60 },
  4: { name: "bone", width: 1800, centre: 400 },
};

/** [key as the browser names it (with modifiers), what it does, action, argument] */
export const KEYS = [
  ["ArrowUp", "previous slice", "slice", -1],
  ["ArrowDown", "next slice", "slice", 1],
  ["ArrowLeft", "plane before", "plane", -1],
  ["ArrowRight", "plane after", "plane", 1],
  ["PageUp", "ten slices back", "slice", -10],
  ["PageDown", "ten slices on", "slice", 10],
  ["Home", "first slice", "slice", -Infinity],
  ["End", "last slice", "slice", Infinity],
  ["n", "next place", "place", 1],
  ["p", "previous place", "place", -1],
  ["Shift+N", "next case", "case", 1],
  ["Shift+P", "previous case", "case", -1],
  ["1", "window: soft tissue 400/40", "window", 1],
  ["2", "window: angio 600/200", "window", 2],
  ["3", "window: thrombus 250/60", "window", 3],
  ["4", "window: bone 1800/400", "window", 4],
  ["5", "window: the file's own", "window", 5],
  ...Array.from({ length: 9 }, (_, at) => [`Alt+${at + 1}`, `layer ${at + 1} on or off`, "layer", at]),
  ["i", "invert", "invert"],
  ["c", "cine: play and stop", "cine"],
  ["z", "zoom tool", "tool", "zoom"],
  ["g", "pan tool", "tool", "pan"],
  ["w", "window tool", "tool", "window"],
  ["r", "ruler", "tool", "ruler"],
  ["e", "ellipse with mean HU", "tool", "ellipse"],
  ["x", "crosshair tool", "tool", "crosshair"],
  ["o", "outline with one box or click", "tool", "outline"],
  ["Enter", "outline: follow the vessel from the box, or from the crosshair; diameter: an end point, then save", "enter"],
  ["v", "plane perpendicular to the centreline, on or off", "across"],
  ["l", "straightened view: from the front, from the side, off", "straighten"],
  ["d", "your own diameter", "tool", "diameter"],
  ["t", "correct an outline by clicks", "tool", "correct"],
  ["+", "correct: add at the crosshair", "click", true],
  ["-", "correct: remove at the crosshair", "click", false],
  ["Ctrl+Z", "correct: undo", "undo"],
  ["Ctrl+Shift+Z", "correct: redo", "redo"],
  ["h", "hide or show the crosshair", "cross"],
  ["s", "sharp or smooth voxels", "sharp"],
  ["b", "slab: off, MIP, average", "slab"],
  ["Delete", "remove the last mark", "unmark"],
  ["m", "mark this place for the review", "mark"],
  ["f", "full screen", "fullscreen"],
  ["Space", "reset zoom, pan and window", "reset"],
  ["?", "show the keys", "help"],
  ["Escape", "close the keys, stop cine, leave the tool", "escape"],
];

/** Keys of the Review tab; Streamlit's own buttons listen to them. */
export const REVIEW_KEYS = [
  ["Alt+A", "verdict: acceptable"],
  ["Alt+M", "verdict: minor edit"],
  ["Alt+J", "verdict: major edit"],
  ["Alt+X", "verdict: reject"],
  ["Alt+U", "verdict: not assessable"],
];

const BY_KEY = new Map(KEYS.map(([key, , action, argument]) => [key, { action, argument }]));

/** The action of a keyboard event, or null. Events inside a text field belong to that field. */
export function actionOf(event) {
  if (isTyping(event)) return null;
  return BY_KEY.get(nameOf(event)) ?? null;
}

function nameOf(event) {
  if (event.ctrlKey || event.metaKey) return `Ctrl+${event.shiftKey ? "Shift+" : ""}${event.key.toUpperCase()}`;
  if (event.code === "Space") return "Space";
  if (event.altKey) return event.code.startsWith("Digit") ? `Alt+${event.code.slice(5)}` : `Alt+${event.key}`;
  if (event.shiftKey && /^[a-z]$/i.test(event.key)) return `Shift+${event.key.toUpperCase()}`;
  return event.key;
}

function isTyping(event) {
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  const field = target.closest("input, textarea, select, [contenteditable]");
  if (field) return !(field instanceof HTMLInputElement && ["range", "checkbox"].includes(field.type) && !event.key.startsWith("Arrow"));
  return ["Space", "Enter"].includes(event.code) && target.closest("a, button, [role=button], [role=tab], summary") !== null;
}
