// The way in: Streamlit calls the default export with the data and an element.

import { STYLE } from "./style.js";
import { Table } from "./table.js";

const tables = new WeakMap();

export default function mount(args) {
  const { parentElement: parent } = args;
  const known = tables.get(parent);
  if (known) {
    known.table.args = args;
    return known.cleanup;
  }
  const host = document.createElement("div");
  host.className = "secondlook-table";
  parent.replaceChildren(Object.assign(document.createElement("style"), { textContent: STYLE }), host);
  const table = new Table(host, args);
  host.table = table;
  const cleanup = () => {
    table.destroy();
    tables.delete(parent);
  };
  tables.set(parent, { table, cleanup });
  return cleanup;
}
