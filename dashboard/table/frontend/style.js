// The worklist's look: one line a case, quiet, the same colours as the case page.

import { lines } from "../analysis/style.js";

export const STYLE = `
.secondlook-table { --page: var(--st-background-color, #0E1116); --text: var(--st-text-color, #E6EDF3);
  --line: var(--st-border-color, #2D333B); --muted: color-mix(in srgb, var(--text) 66%, var(--page));
  --hover: color-mix(in srgb, var(--text) 5%, var(--page)); --accent: #4C9AFF; --amber: #D29922; --red: #F85149;
  display: flex; flex-direction: column; gap: 8px; height: calc(100vh - 112px); min-height: 320px;
  color: var(--text); font: 14px/1.4 var(--st-font, sans-serif); font-variant-numeric: tabular-nums; }
.secondlook-table * { box-sizing: border-box; }
.bar { display: flex; align-items: center; gap: 8px; flex-wrap: wrap; }
.tabs { display: flex; align-items: center; gap: 4px; flex-wrap: wrap; flex: 1; }
button, select, input { font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: 4px; height: 32px; padding: 0 8px; }
button { cursor: pointer; } button:hover { border-color: var(--muted); }
button:focus-visible, select:focus-visible, input:focus-visible, .grid:focus-visible { outline: 2px solid var(--accent); outline-offset: -1px; }
.tab { border-color: transparent; color: var(--muted); } .tab[aria-selected=true] { color: var(--text); border-color: var(--line); }
.tab .number { margin-left: 8px; color: var(--muted); font-size: 12px; }
.own { display: inline-flex; align-items: center; } .forget { border: none; padding: 0 4px; color: var(--muted); }
.save { border-style: dashed; color: var(--muted); }
.search { width: 240px; } .order { width: 160px; } .count { color: var(--muted); min-width: 9ch; text-align: right; }
.analyses { display: flex; align-items: center; gap: 8px; height: 28px; color: var(--muted); font-size: 13px; }
.analyses button { height: 24px; font-size: 12px; } .analyses .case { border: none; padding: 0 4px; color: var(--text); text-decoration: underline dotted; } .failures { overflow: hidden; white-space: nowrap; }
.middle { display: flex; gap: 16px; flex: 1; min-height: 0; }
.rail { width: 168px; flex: none; display: flex; flex-direction: column; gap: 8px; } .rail[hidden] { display: none; }
.filter { display: flex; flex-direction: column; gap: 4px; color: var(--muted); font-size: 12px; } .filter select { font-size: 14px; }
.filter select.set { border-color: var(--accent); }
.grid { position: relative; flex: 1; overflow: auto; border-top: 1px solid var(--line); }
.body { position: relative; min-width: 1192px; }
.row { display: grid; grid-template-columns: var(--columns); align-items: center; height: 40px; border-bottom: 1px solid color-mix(in srgb, var(--line) 60%, var(--page)); }
.body .row { position: absolute; left: 0; right: 0; cursor: pointer; } .body .row[hidden] { display: none; }
.row:hover { background: var(--hover); } .row.focused { background: var(--hover); box-shadow: inset 2px 0 0 var(--accent); }
.heading { position: sticky; top: 0; z-index: 1; height: 32px; background: var(--page); min-width: 1192px; }
.heading .cell { color: var(--muted); font-size: 12px; border: none; height: 31px; text-align: left; line-height: 31px; background: none; }
.heading button.cell:hover { color: var(--text); }
[aria-sort=descending]::after { content: " \\2193"; } [aria-sort=ascending]::after { content: " \\2191"; }
.cell { padding: 0 8px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.cell.picture { display: flex; padding: 0 8px; } .picture img { background: #000; border-radius: 2px; }
.cell.case { font-weight: 600; display: flex; align-items: center; gap: 8px; } .heading .cell.case { font-weight: 400; }
.cell.status, .cell.added, .cell.reader, .cell.patient, .cell.none { color: var(--muted); }
.cell.diameter, .cell.flip, .cell.agreement, .cell.slices, .cell.added { text-align: right; }
.badge { color: var(--amber); border: 1px solid var(--amber); border-radius: 3px; font-size: 10px; font-weight: 600; padding: 0 4px; line-height: 16px; }
.dot { display: inline-block; width: 8px; height: 8px; border-radius: 50%; margin-right: 8px; background: var(--muted); }
.dot.s2 { background: var(--amber); } .dot.s3 { background: var(--red); }
.more { color: var(--muted); }
.coming .cell::before { content: ""; display: block; height: 8px; border-radius: 4px; background: var(--hover); }
.notice { position: absolute; inset: 40px 0 auto; text-align: center; color: var(--muted); padding-top: 64px; } .notice:empty { display: none; }
.notice code { color: var(--accent); } .failed { color: var(--red); } .retry { margin-left: 16px; }
.slow .count::before { content: "loading "; }
.help { background: var(--page); color: var(--text); border: 1px solid var(--line); border-radius: 6px; padding: 16px 24px; } .help::backdrop { background: #0009; }
.help h2 { font-size: 15px; margin: 0 0 8px; } .help dl { display: grid; grid-template-columns: 96px 1fr; gap: 4px; margin: 0; } .help dd { margin: 0; }
${lines(".analyses")}`;
