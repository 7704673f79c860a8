// The way in: Streamlit calls the default export with the data and an element, and again whenever the data change.

import { link } from "./link.js";
import { forgetHash } from "./urlstate.js";
import { STYLE } from "./style.js";
import { Viewer } from "./viewer.js";

const viewers = new WeakMap();

export default function mount(args) {
  const { parentElement: parent, data } = args;
  const known = viewers.get(parent);
  if (known && known.signature === signature(data)) {
    known.viewer.refresh(args);
    return known.cleanup;
  }
  known?.cleanup();
  const host = document.createElement("div");
  host.className = "secondlook-viewer";
  host.tabIndex = -1;
  const style = Object.assign(document.createElement("style"), { textContent: STYLE });
  parent.replaceChildren(style, host);
  const viewer = new Viewer(host, args);
  host.viewer = viewer;
  const unlink = data.link ? link(viewer, data.link) : () => {};
  const cleanup = () => {
    forgetHash();
    unlink();
    viewer.destroy();
    viewers.delete(parent);
  };
  viewers.set(parent, { viewer, cleanup, signature: signature(data) });
  return cleanup;
}

/** What is looked at: while this stays, the viewer keeps its place and its voxels, whatever is known of the image. */
function signature({ case: { key }, image: { digest }, shape, affine }) {
  return JSON.stringify([key, digest, shape, affine]);
}
