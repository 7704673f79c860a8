// The list itself: only the lines in sight exist, however many cases there are.

import { isScore, scoreOf } from "./question.js";
import { COLUMNS, fillRow, makeRow } from "./rows.js";

export const ROW_HEIGHT = 40;
const SPARE = 6;
const AHEAD = 60; // fetch the next page when the end of what is known comes this near

export class List {
  /** @param onOpen called with a row; @param onSort called with a column's sort; @param onNeed called when more rows are wanted */
  constructor({ onOpen, onSort, onNeed }) {
    Object.assign(this, { onOpen, onSort, onNeed, rows: [], total: 0, focused: 0, pool: [] });
    this.element = Object.assign(document.createElement("div"), { className: "grid", tabIndex: 0 });
    this.element.setAttribute("role", "grid");
    this.element.setAttribute("aria-label", "Cases");
    this.element.style.setProperty("--columns", COLUMNS.map(([, , , width]) => width).join(" "));
    this.heading = this.makeHeading();
    this.body = Object.assign(document.createElement("div"), { className: "body" });
    this.notice = Object.assign(document.createElement("div"), { className: "notice" });
    this.element.append(this.heading, this.body, this.notice);
    this.element.addEventListener("scroll", () => this.draw(), { passive: true });
    this.body.addEventListener("click", (event) => this.click(event));
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
  }

  makeHeading() {
    const heading = Object.assign(document.createElement("div"), { className: "row heading" });
    heading.setAttribute("role", "row");
    this.sorts = new Map();
    for (const [name, text, sort] of COLUMNS) {
      const cell = document.createElement(sort ? "button" : "span");
      Object.assign(cell, { className: `cell ${name}`, textContent: text });
      cell.setAttribute("role", "columnheader");
      if (sort) {
        cell.type = "button";
        cell.title = `Sort by ${text.toLowerCase()}`;
        cell.dataset.sort = sort;
        cell.addEventListener("click", () => this.onSort(cell.dataset.sort));
        this.sorts.set(sort, cell);
      }
      heading.append(cell);
    }
    return heading;
  }

  /** A score that the list is sorted by stands in the column of agreement. */
  showSort(sort, descending) {
    const agreement = this.sorts.get("agreement");
    const [text, title] = isScore(sort) ? ["Score", scoreOf(sort)] : ["Agreement", "Sort by agreement"];
    Object.assign(agreement, { textContent: text, title });
    agreement.dataset.sort = isScore(sort) ? sort : "agreement";
    for (const cell of this.sorts.values()) {
      const order = cell.dataset.sort === sort ? (descending ? "descending" : "ascending") : "none";
      cell.setAttribute("aria-sort", order);
    }
  }

  /** Show rows of a list of `total`; lines beyond the known rows are drawn as coming. */
  show(rows, total) {
    Object.assign(this, { rows, total });
    this.element.setAttribute("aria-rowcount", String(total + 1));
    this.body.style.height = `${total * ROW_HEIGHT}px`;
    this.focused = Math.min(this.focused, Math.max(0, total - 1));
    this.draw();
  }

  say(node) {
    this.notice.replaceChildren(...(node ? [node] : []));
  }

  draw() {
    const height = this.element.clientHeight;
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW_HEIGHT) - SPARE);
    const last = Math.min(this.total, Math.ceil((this.element.scrollTop + height) / ROW_HEIGHT) + SPARE);
    while (this.pool.length < last - first) this.pool.push(this.addLine());
    this.pool.forEach((line, place) => this.place(line, first + place, first + place < last));
    if (last + AHEAD > this.rows.length && this.rows.length < this.total) this.onNeed();
  }

  addLine() {
    const line = makeRow();
    this.body.append(line.element);
    return line;
  }

  place(line, number, visible) {
    line.element.hidden = !visible;
    if (!visible) return;
    const row = this.rows[number];
    line.element.style.transform = `translateY(${number * ROW_HEIGHT}px)`;
    line.element.classList.toggle("focused", number === this.focused);
    line.element.setAttribute("aria-selected", String(number === this.focused));
    if (line.row !== row || line.number !== number) fillRow(line, row, number);
    Object.assign(line, { row, number });
  }

  click(event) {
    const line = this.pool.find(({ element }) => element.contains(event.target));
    if (!line?.row) return;
    this.focused = line.number;
    this.draw();
    this.onOpen(line.row);
  }

  move(by) {
    this.focused = Math.min(Math.max(0, this.focused + by), Math.max(0, this.total - 1));
    const top = this.focused * ROW_HEIGHT;
    const room = this.element.clientHeight - 2 * ROW_HEIGHT;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    if (top > this.element.scrollTop + room) this.element.scrollTop = top - room;
    this.draw();
  }

  get pageSize() {
    return Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 2);
  }

  openFocused() {
    if (this.rows[this.focused]) this.onOpen(this.rows[this.focused]);
  }

  destroy() {
    this.observer.disconnect();
  }
}
