// The worklist's keys; docs/keys.md and the line that `?` shows are made from them. No key stands twice.

/** [key, what it does, action, argument] */
export const KEYS = [
  ["ArrowUp", "previous case", "move", -1],
  ["ArrowDown", "next case", "move", 1],
  ["k", "previous case", "move", -1],
  ["j", "next case", "move", 1],
  ["PageUp", "a page back", "page", -1],
  ["PageDown", "a page on", "page", 1],
  ["Home", "first case", "move", -Infinity],
  ["End", "last case", "move", Infinity],
  ["Enter", "open the case", "open"],
  ["/", "search", "search"],
  ["Escape", "leave the search, then clear it", "clear"],
  ["?", "show the keys", "help"],
];

const BY_KEY = new Map(KEYS.map(([key, , action, argument]) => [key, { action, argument }]));
const IN_SEARCH = new Set(["ArrowUp", "ArrowDown", "Enter", "Escape"]);

/** The action of a keyboard event, or null. In the search box only arrows, enter and escape are ours. */
export function actionOf(event, searchBox) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const target = event.composedPath()[0];
  const field = target instanceof Element && target.closest("input, textarea, select, [contenteditable]");
  if (field && (field !== searchBox || !IN_SEARCH.has(event.key))) return null;
  if (event.key === "Enter" && target instanceof Element && target.closest("button, a, summary")) return null;
  return BY_KEY.get(event.key) ?? null;
}
