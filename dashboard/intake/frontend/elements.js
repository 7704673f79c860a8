// Small pieces of the page, and numbers and times in words.

/** @returns {HTMLElement} an element with a class, children and properties */
export function make(tag, className = "", children = [], properties = {}) {
  const element = Object.assign(document.createElement(tag), { className }, properties);
  element.append(...[children].flat().filter((child) => child !== null && child !== ""));
  return element;
}

export function button(text, onClick, className = "", title = "") {
  const element = make("button", className, text, { type: "button", title });
  element.addEventListener("click", onClick);
  return element;
}

/** A bar that fills from 0 to 100. */
export class Bar {
  constructor(label) {
    this.fill = make("i");
    this.element = make("span", "bar", this.fill);
    this.element.setAttribute("role", "progressbar");
    this.element.setAttribute("aria-label", label);
    this.element.setAttribute("aria-valuemin", "0");
    this.element.setAttribute("aria-valuemax", "100");
  }

  show(percent) {
    this.fill.style.width = `${percent}%`;
    this.element.setAttribute("aria-valuenow", String(Math.round(percent)));
  }
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function bytes(number) {
  const [size, unit] = [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]].find(([least]) => number >= least) ?? [1, "bytes"];
  return `${(number / size).toLocaleString("en", { maximumFractionDigits: number < 1e4 * size && size > 1 ? 1 : 0 })} ${unit}`;
}

/** "09:41" today, "21 Nov, 09:41" before, in the reader's own time zone. */
export function moment(text) {
  const then = new Date(text);
  const time = then.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (then.toDateString() === new Date().toDateString()) return time;
  const year = then.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return `${then.toLocaleDateString("en-GB", { day: "numeric", month: "short", year })}, ${time}`;
}

export function duration(from, to) {
  const seconds = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** The three parts of an error, a line each. */
export function threeParts({ must, found, todo }, className = "parts") {
  const line = (label, text) => [make("dt", "", label), make("dd", "", text)];
  return make("dl", className, [...line("must", must), ...line("found", found), ...line("do", todo)]);
}
