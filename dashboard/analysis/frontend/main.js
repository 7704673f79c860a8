// The way in: Streamlit calls the default export with the data and an element.

import { CaseLine } from "./case.js";
import { STYLE } from "./style.js";

const lines = new WeakMap();

export default function mount(args) {
  const { parentElement: parent, data } = args;
  const known = lines.get(parent);
  if (known) {
    known.line.args = args;
    known.line.follow(data.case);
    return known.cleanup;
  }
  const host = document.createElement("div");
  host.className = "secondlook-analysis";
  parent.replaceChildren(Object.assign(document.createElement("style"), { textContent: STYLE }), host);
  const line = new CaseLine(host, args);
  line.follow(data.case);
  const cleanup = () => {
    line.destroy();
    lines.delete(parent);
  };
  lines.set(parent, { line, cleanup });
  return cleanup;
}
