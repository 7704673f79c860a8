// What the list asks for, kept in the address behind # so that a link opens the same list.

export const FILTERS = {
  status: ["Status", [["scheduled", "scheduled"], ["in progress", "in progress"], ["completed", "completed"]]],
  flagged: ["Flags", [["true", "flagged"], ["false", "without flag"]]],
  flag_reason: ["Reason", ["uncertain", "decision in doubt", "rapid growth", "disagreement", "centreline", "fragments", "slices without mask", "cut at the image edge", "empty mask", "contrast", "intensity", "spacing", "drawn at random"].map((name) => [name, name])],
  verdict: ["Verdict", ["acceptable", "minor edit", "major edit", "reject", "not assessable"].map((name) => [name, name])],
  synthetic: ["Data", [["false", "real"], ["true", "SYNTHETIC"]]],
  agreement_below: ["Agreement", [["0.95", "Dice below 0.95"], ["0.9", "Dice below 0.90"], ["0.85", "Dice below 0.85"], ["0.7", "Dice below 0.70"]]],
};
export const BUILT_IN = ["all", "flagged", "disputed", "mine", "done"];
export const FIRST_SORT = "priority";
const SCORE = "score:"; // before the name of a score that the list is sorted by
const NAMES = ["view", "search", "sort", "descending", ...Object.keys(FILTERS)];

/** @returns {Record<string, string>} the question in the address; unknown names are left out */
export function readHash() {
  const said = new URLSearchParams(window.location.hash.slice(1));
  return Object.fromEntries(NAMES.filter((name) => said.get(name)).map((name) => [name, said.get(name)]));
}

export function writeHash(question) {
  const text = new URLSearchParams(question).toString();
  window.history.replaceState(window.history.state, "", text ? `#${text}` : window.location.pathname + window.location.search);
}

/** The question without empty answers. */
export function cleaned(question) {
  return Object.fromEntries(Object.entries(question).filter(([name, value]) => NAMES.includes(name) && value !== "" && value !== undefined));
}

export function isScore(sort) {
  return Boolean(sort?.startsWith(SCORE));
}

export function scoreOf(sort) {
  return sort.slice(SCORE.length);
}
