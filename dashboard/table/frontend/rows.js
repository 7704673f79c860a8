// One case a line, 40 px: what a reader needs to choose the next one.

const DASH = "\u2013";
const MEASURED = "Largest diameter of the outer wall, perpendicular to the centreline, with its 95 % interval";
const FLIPS = "Probability that the true diameter lies on the other side of the threshold from the shown one";
const UNITS = [[86400, "d"], [3600, "h"], [60, "min"]];

/** [name, heading, what it sorts by or "", width] */
export const COLUMNS = [
  ["picture", "", "", "48px"],
  ["case", "Case", "case", "200px"],
  ["status", "Status", "", "92px"],
  ["flag", "Flag and its first reason", "priority", "minmax(160px, 1fr)"],
  ["diameter", "Dmax (95 %)", "diameter", "156px"],
  ["flip", "P(flip)", "flip", "64px"],
  ["agreement", "Agreement", "agreement", "92px"],
  ["verdict", "Verdict", "", "100px"],
  ["reader", "Reader", "", "88px"],
  ["patient", "Patient", "", "64px"],
  ["slices", "Slices", "slices", "64px"],
  ["added", "Added", "added", "64px"],
];
const FILLED = COLUMNS.map(([name]) => name).filter((name) => name !== "picture");

/** An empty line to be filled; lines are made once and used again while scrolling. */
export function makeRow() {
  const element = document.createElement("div");
  element.className = "row";
  element.setAttribute("role", "row");
  const cells = Object.fromEntries(COLUMNS.map(([name]) => {
    const cell = Object.assign(document.createElement("span"), { className: `cell ${name}` });
    cell.setAttribute("role", "gridcell");
    element.append(cell);
    return [name, cell];
  }));
  const picture = Object.assign(document.createElement("img"), { alt: "", width: 32, height: 32, decoding: "async" });
  cells.picture.append(picture);
  return { element, cells, picture };
}

/** Fill a line with a case, or show that it is still coming. */
export function fillRow({ element, cells, picture }, row, number) {
  element.classList.toggle("coming", !row);
  element.setAttribute("aria-rowindex", String(number + 2));
  for (const name of FILLED) cells[name].textContent = "";
  picture.hidden = !row?.thumbnail;
  if (!row) return;
  if (row.thumbnail && picture.getAttribute("src") !== row.thumbnail) picture.src = row.thumbnail;
  cells.case.append(row.key);
  if (row.synthetic) cells.case.append(badge("SYNTHETIC"));
  cells.status.textContent = row.status;
  cells.status.classList.toggle("done", row.status === "completed");
  fillFlag(cells.flag, row);
  fillHeadline(cells, row.headline);
  fillAgreement(cells.agreement, row);
  say(cells.verdict, row.verdict ?? DASH, row.verdict ? "" : "no verdict yet");
  say(cells.reader, row.reviewer || DASH, row.reviewer ? row.reviewer : "nobody has judged this case");
  say(cells.patient, [row.sex, row.age_years].filter((part) => part !== null).join(" ") || DASH, "sex and age in years");
  cells.slices.textContent = String(row.slices);
  say(cells.added, ago(row.created_at), new Date(row.created_at).toLocaleString());
}

function fillFlag(cell, row) {
  if (!row.flag_count) {
    say(cell, "no flag", "");
    cell.classList.add("none");
    return;
  }
  cell.classList.remove("none");
  const dot = Object.assign(document.createElement("i"), { className: `dot s${row.severity}` });
  dot.title = row.severity >= 3 ? "look first" : "look";
  const more = row.flag_count > 1 ? ` and ${row.flag_count - 1} more` : "";
  cell.title = `${row.first_flag}${more}`;
  cell.append(dot, row.first_flag, Object.assign(document.createElement("span"), { className: "more", textContent: more }));
}

/** The score that the list is sorted by, where it is; the lowest agreement elsewhere. */
function fillAgreement(cell, { score, agreement, agreement_reason }) {
  if (score === null) say(cell, DASH, "this score is not defined here, or not made yet");
  else if (score !== undefined) say(cell, Number(score.toPrecision(3)).toString(), String(score));
  else if (agreement === null) say(cell, DASH, agreement_reason);
  else say(cell, agreement.toFixed(2), "Lowest Dice of the outer wall between a model and another author");
}

function fillHeadline(cells, { diameter_mm, lower_mm, upper_mm, flip, reason, flip_reason }) {
  const interval = lower_mm === null || upper_mm === null ? "" : ` (${lower_mm.toFixed(1)}${DASH}${upper_mm.toFixed(1)})`;
  say(cells.diameter, diameter_mm === null ? DASH : `${diameter_mm.toFixed(1)}${interval} mm`, diameter_mm === null ? reason : interval ? MEASURED : `${MEASURED}: none here`);
  say(cells.flip, flip === null ? DASH : flip.toFixed(2), flip === null ? flip_reason : FLIPS);
}

function say(cell, text, title) {
  cell.textContent = text;
  cell.title = title;
}

function badge(text) {
  return Object.assign(document.createElement("span"), { className: "badge", textContent: text, title: "Generated data, no patient" });
}

function ago(moment) {
  const seconds = Math.max(0, (Date.now() - Date.parse(moment)) / 1000);
  const [size, unit] = UNITS.find(([length]) => seconds >= length) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}
