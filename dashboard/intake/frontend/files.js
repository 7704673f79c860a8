// From what was dropped or chosen to a list of { path, file }: folders are walked, hidden files are left out.

const NAMES_THAT_MEAN_SOMETHING = new Set(["ct", "readers", "models", "segmentations"]);
const JUNK = new Set(["thumbs.db", "desktop.ini"]);

/** Everything in a drop. Must be called while the drop event is handled: the browser forgets it afterwards. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = entries.length ? [] : [...transfer.files].map((file) => ({ path: file.name, file }));
  for (const entry of entries) await walk(entry, "", found);
  return tidy(found);
}

/** Everything in an <input type=file>, of files or of a folder. */
export function chosen(input) {
  return tidy([...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}

async function walk(entry, above, found) {
  const path = `${above}${entry.name}`;
  if (entry.isFile) {
    found.push({ path, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // at most 100 at a time
    if (!some.length) return;
    for (const inside of some) await walk(inside, `${path}/`, found);
  }
}

function tidy(files) {
  const seen = files.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".") || JUNK.has(part.toLowerCase())));
  return withoutOuterFolder(seen);
}

/** One folder that holds everything: its own name says nothing that is needed, and may name a patient. */
function withoutOuterFolder(files) {
  const [outer] = files[0]?.path.split("/") ?? [""];
  const holdsAll = files.every(({ path }) => path.startsWith(`${outer}/`));
  if (!files.length || !holdsAll || NAMES_THAT_MEAN_SOMETHING.has(outer)) return files;
  return files.map(({ path, file }) => ({ path: path.slice(outer.length + 1), file }));
}
