// The way in: Streamlit calls the default export with the data and an element.

import { Intake } from "./page.js";
import { STYLE } from "./style.js";

const pages = new WeakMap();

export default function mount(args) {
  const { parentElement: parent } = args;
  const known = pages.get(parent);
  if (known) {
    known.page.args = args;
    return known.cleanup;
  }
  const host = document.createElement("div");
  host.className = "secondlook-intake";
  parent.replaceChildren(Object.assign(document.createElement("style"), { textContent: STYLE }), host);
  const page = new Intake(host, args);
  host.page = page;
  const cleanup = () => {
    page.destroy();
    pages.delete(parent);
  };
  pages.set(parent, { page, cleanup });
  return cleanup;
}
