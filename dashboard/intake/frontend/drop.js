// The place to drop files on, what can be said about them, and the upload while it runs. Its size stays the same.

import { Bar, button, bytes, count, make, threeParts } from "./elements.js";
import { chosen, dropped } from "./files.js";
import { begin, current, discard, unfinished } from "./upload.js";

const SOURCES = [["", "nobody said: leave them out"], ["expert", "an expert"], ["consensus", "a consensus of readers"], ["software", "software"]];

export class Drop {
  /** @param onIntake called with the number of the intake that an upload has become */
  constructor(onIntake) {
    this.onIntake = onIntake;
    this.area = make("div", "area");
    this.element = make("section", "drop", [this.area, this.said()]);
    this.element.setAttribute("aria-label", "Upload");
    this.listen();
    if (current) this.follow(current);
    else this.invite();
  }

  listen() {
    let depth = 0;
    const over = (by) => {
      depth = Math.max(0, depth + by);
      this.area.classList.toggle("over", depth > 0);
    };
    this.area.addEventListener("dragenter", (event) => (event.preventDefault(), over(1)));
    this.area.addEventListener("dragleave", () => over(-1));
    this.area.addEventListener("dragover", (event) => event.preventDefault());
    this.area.addEventListener("drop", (event) => {
      event.preventDefault();
      over(-depth);
      if (!current) this.take(dropped(event.dataTransfer));
    });
  }

  /** What a person can say that the files do not say themselves. */
  said() {
    this.source = make("select");
    this.source.append(...SOURCES.map(([value, text]) => new Option(text, value)));
    this.burned = make("input", "", [], { type: "checkbox" });
    return make("div", "said", [
      make("label", "", ["Masks without a named author were drawn by", this.source]),
      make("label", "", [this.burned, "Take images with text burned in: I have looked at them, they name nobody"]),
    ]);
  }

  options() {
    return { label_source: this.source.value, allow_burned_in: this.burned.checked };
  }

  async invite() {
    const files = this.input({ multiple: true });
    const folder = this.input({ webkitdirectory: true });
    const words = make("p", "lead", "Drop a folder, files, a zip or a tar here");
    const more = make("p", "muted", "DICOM as a PACS exports it, NIfTI images, masks and maps. Names, numbers and dates of patients are replaced on the way in.");
    const choose = make("div", "choose", [button("Choose a folder", () => folder.click()), button("Choose files", () => files.click())]);
    this.area.classList.remove("stopped");
    this.area.replaceChildren(make("div", "", [words, more]), choose, files, folder);
    const left = await unfinished();
    if (left && !current) this.offer(left, words, more, choose);
  }

  /** An upload of this tab stopped halfway: the same files again go on with it. */
  offer({ token, files, bytes: size }, words, more, choose) {
    words.textContent = "An upload stopped halfway: choose the same files again to go on";
    more.textContent = `${count(files, "file")}, ${bytes(size)} are here already and are not sent again.`;
    const away = button("Discard it", async () => {
      await discard(token);
      this.invite();
    });
    choose.append(away);
  }

  input(properties) {
    const input = make("input", "", [], { type: "file", hidden: true, ...properties });
    input.addEventListener("change", () => this.take(Promise.resolve(chosen(input))));
    return input;
  }

  async take(coming) {
    try {
      const files = await coming;
      if (files.length) this.follow(begin(files, () => this.options()));
      else this.say({ must: "An upload must hold files.", found: "none that can be read.", todo: "Choose a folder, files or an archive." });
    } catch {
      this.say({ must: "The browser must be able to read what was dropped.", found: "a file or folder that it cannot.", todo: "Check that it is still there, then drop it again." });
    }
  }

  follow(upload) {
    this.shown = null;
    this.bar = new Bar("Upload");
    this.text = make("p", "lead");
    this.more = make("div", "muted");
    this.buttons = make("div", "choose");
    this.area.replaceChildren(make("div", "sending", [this.text, this.bar.element, this.more]), this.buttons);
    upload.onChange = () => (this.frame ??= requestAnimationFrame(() => this.show(upload)));
    this.show(upload);
  }

  show(upload) {
    this.frame = null;
    if (upload.state === "done") {
      this.onIntake(upload.intake);
      this.invite();
    } else if (upload.state === "cancelled") this.invite();
    else if (this.area.contains(this.text)) this.showProgress(upload);
  }

  showProgress(upload) {
    const stopped = upload.state === "stopped";
    this.area.classList.toggle("stopped", stopped);
    this.bar.show(upload.percent);
    this.text.textContent = stopped ? "The upload stopped" : `Uploading ${count(upload.files.length, "file")}`;
    const progress = `${upload.filesArrived.toLocaleString("en")} of ${count(upload.files.length, "file")}, ${bytes(upload.bytesSent)} of ${bytes(upload.size)}`;
    this.more.replaceChildren(stopped ? explain(upload.error) : progress);
    if (this.shown === upload.state) return;
    this.shown = upload.state;
    const resume = stopped ? button("Go on", () => upload.run()) : null;
    this.buttons.replaceChildren(...[resume, button("Cancel the upload", () => upload.cancel())].filter(Boolean));
  }

  say(parts) {
    const back = button("Back", () => this.invite());
    this.area.replaceChildren(threeParts(parts), make("div", "choose", back));
    back.focus();
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    if (current) current.onChange = () => {};
  }
}

function explain(error) {
  if (error.must) return threeParts(error);
  if (error.name === "TypeError") return "The connection broke. What has arrived stays; go on when the server answers again.";
  if (error.name === "NotReadableError" || error.name === "NotFoundError") return "A file changed or went away while it was read. Cancel, and choose the files again.";
  return error.message;
}
