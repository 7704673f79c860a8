// Above the list: views with their counts, the search box, how many cases there are. At its left: the filters.

import { BUILT_IN, FILTERS, FIRST_SORT, isScore, scoreOf } from "./question.js";

const TITLES = { all: "All", flagged: "Flagged", disputed: "Disputed", mine: "Mine", done: "Done" };

export class Bar {
  constructor(table) {
    this.table = table;
    this.element = make("div", "bar");
    this.tabs = make("div", "tabs");
    this.tabs.setAttribute("role", "tablist");
    this.search = Object.assign(make("input", "search"), { type: "search", placeholder: "Search case, flag, reader  ( / )" });
    this.search.setAttribute("aria-label", "Search");
    this.search.addEventListener("input", () => table.searchFor(this.search.value));
    this.count = make("span", "count");
    this.count.setAttribute("aria-live", "polite");
    this.order = make("select", "order");
    this.order.setAttribute("aria-label", "Sort by");
    this.order.addEventListener("change", () => this.sort());
    this.toggle = Object.assign(make("button", "toggle", "Filters"), { type: "button" });
    this.toggle.addEventListener("click", () => table.toggleFilters());
    this.element.append(this.toggle, this.tabs, this.order, this.search, this.count);
  }

  /** @param orders scores that any case has; a list that is sorted by a column is named after it */
  showOrders(orders = [], question) {
    const chosen = question.sort ?? FIRST_SORT;
    const columns = [[FIRST_SORT, "flags first"], ...(chosen === FIRST_SORT || isScore(chosen) ? [] : [[chosen, `column ${chosen}`]])];
    const missing = isScore(chosen) && !orders.some(({ sort }) => sort === chosen) ? [[chosen, scoreOf(chosen)]] : [];
    this.orders = new Map(orders.map(({ sort, descending }) => [sort, descending]));
    const scores = [...orders.map(({ sort, name }) => [sort, name]), ...missing];
    this.order.replaceChildren(...[...columns, ...scores].map(([value, text]) => new Option(text, value)));
    this.order.value = chosen;
  }

  sort() {
    const sort = this.order.value;
    this.table.change({ sort, descending: String(this.orders.get(sort) ?? true) });
  }

  /** @param counts cases per built-in view; @param saved the user's own views */
  showViews({ counts, saved }, question) {
    const chosen = question.view ?? "all";
    const builtIn = BUILT_IN.map((name) => this.tab(TITLES[name], counts[name], chosen === name && !question.own, () => this.table.ask({ view: name })));
    const own = saved.map((view) => this.tab(view.name, null, question.own === view.name, () => this.table.ask({ ...view.query, own: view.name }), () => this.table.forget(view.name)));
    const save = Object.assign(make("button", "save", "Save view"), { type: "button", title: "Keep these filters under a name" });
    save.addEventListener("click", () => this.nameView(save));
    this.tabs.replaceChildren(...builtIn, ...own, save);
  }

  tab(title, count, isChosen, onClick, onForget) {
    const tab = Object.assign(make("button", "tab"), { type: "button" });
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-selected", String(isChosen));
    tab.append(title);
    if (count !== null && count !== undefined) tab.append(make("span", "number", count.toLocaleString("en")));
    tab.addEventListener("click", onClick);
    if (!onForget) return tab;
    const forget = Object.assign(make("button", "forget", "\u00d7"), { type: "button", title: `Forget the view ${title}` });
    forget.setAttribute("aria-label", `Forget the view ${title}`);
    forget.addEventListener("click", onForget);
    const pair = make("span", "own");
    pair.append(tab, forget);
    return pair;
  }

  /** A small field in the button's place; enter keeps the view. */
  nameView(button) {
    const field = Object.assign(make("input", "name"), { maxLength: 60, placeholder: "Name of the view" });
    field.setAttribute("aria-label", "Name of the view");
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && field.value.trim()) this.table.save(field.value.trim());
      if (event.key === "Escape") field.replaceWith(button);
      if (["Enter", "Escape"].includes(event.key)) event.stopPropagation();
    });
    button.replaceWith(field);
    field.focus();
  }

  say(total) {
    this.count.textContent = total === null ? "" : `${total.toLocaleString("en")} ${total === 1 ? "case" : "cases"}`;
  }
}

export class FilterRail {
  constructor(table) {
    this.table = table;
    this.element = make("div", "rail");
    this.element.setAttribute("aria-label", "Filters");
    this.selects = Object.entries(FILTERS).map(([name, [title, options]]) => this.filter(name, title, options));
    const clear = Object.assign(make("button", "clear", "Clear filters"), { type: "button" });
    clear.addEventListener("click", () => table.ask({ view: "all" }));
    this.element.append(clear);
  }

  filter(name, title, options) {
    const label = make("label", "filter", title);
    const select = document.createElement("select");
    select.append(new Option("any", ""), ...options.map(([value, text]) => new Option(text, value)));
    select.addEventListener("change", () => this.table.change({ [name]: select.value }));
    label.append(select);
    this.element.append(label);
    return [name, select];
  }

  show(question) {
    for (const [name, select] of this.selects) {
      select.value = question[name] ?? "";
      select.classList.toggle("set", Boolean(select.value));
    }
  }
}

export function make(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}
