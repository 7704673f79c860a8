// The page's look: calm, 8 px apart, the same colours as the worklist. Text keeps its contrast in a light theme too.

export const STYLE = `
.secondlook-intake { --page: var(--st-background-color, #0E1116); --text: var(--st-text-color, #E6EDF3);
  --line: var(--st-border-color, #2D333B); --muted: color-mix(in srgb, var(--text) 66%, var(--page));
  --hover: color-mix(in srgb, var(--text) 5%, var(--page)); --accent: #4C9AFF;
  --amber: color-mix(in srgb, #D29922 62%, var(--text)); --red: color-mix(in srgb, #F85149 76%, var(--text)); --link: color-mix(in srgb, #4C9AFF 66%, var(--text));
  display: flex; flex-direction: column; gap: 24px; padding-top: 8px; color: var(--text); font: 14px/20px var(--st-font, sans-serif); font-variant-numeric: tabular-nums; }
.secondlook-intake * { box-sizing: border-box; }
p, dl, dd, ol { margin: 0; padding: 0; } ol { list-style: none; } [hidden] { display: none !important; }
.muted { color: var(--muted); } .failed { color: var(--red); } code { color: var(--link); font-size: 13px; }
button, select { font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: 4px; height: 32px; padding: 0 12px; }
button { cursor: pointer; white-space: nowrap; } button:hover { border-color: var(--muted); } button:disabled { opacity: 0.5; cursor: default; border-color: var(--line); }
button:focus-visible, select:focus-visible, input:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
a { color: var(--link); text-decoration: none; border-radius: 2px; } a:hover { text-decoration: underline; }

.area { display: flex; align-items: center; justify-content: space-between; gap: 24px; min-height: 104px; padding: 16px 24px; border: 1px dashed color-mix(in srgb, var(--text) 36%, var(--page)); border-radius: 8px; }
.area.over { border-color: var(--accent); background: color-mix(in srgb, var(--accent) 8%, var(--page)); }
.area.over * { pointer-events: none; } .area.stopped { border-style: solid; }
.lead { font-size: 16px; line-height: 24px; } .area .muted { min-height: 20px; }
.choose { display: flex; gap: 8px; flex: none; }
.sending { flex: 1; min-width: 0; } .sending .bar { width: 100%; margin: 8px 0; }
.said { display: flex; flex-wrap: wrap; gap: 8px 32px; padding-top: 8px; color: var(--muted); font-size: 13px; }
.said label { display: flex; align-items: center; gap: 8px; min-height: 32px; } .said select { height: 28px; padding: 0 4px; }
.said input { appearance: none; display: grid; place-content: center; width: 16px; height: 16px; margin: 0; border: 1px solid var(--muted); border-radius: 3px; background: var(--page); cursor: pointer; }
.said input:checked { background: var(--accent); border-color: var(--accent); } .said input:checked::after { content: ""; width: 4px; height: 8px; margin-top: -2px; border: solid #0E1116; border-width: 0 2px 2px 0; transform: rotate(45deg); }
.bar { display: inline-block; height: 8px; border-radius: 4px; background: color-mix(in srgb, var(--text) 12%, var(--page)); overflow: hidden; vertical-align: middle; }
.bar i { display: block; height: 100%; width: 0; background: var(--accent); border-radius: 4px; transition: width 0.3s linear; }

.row { display: grid; grid-template-columns: minmax(0, 1fr) 192px; align-items: center; border-bottom: 1px solid color-mix(in srgb, var(--line) 60%, var(--page)); }
.open { display: grid; grid-template-columns: 24px 112px minmax(96px, 208px) minmax(160px, 1fr) repeat(4, 80px); align-items: center; height: 40px; padding: 0; border: none; border-radius: 0; background: none; text-align: left; }
li > .row:hover { background: var(--hover); } button.open:focus-visible { outline-offset: -2px; }
.heading { border-color: var(--line); } .heading .open { height: 32px; color: var(--muted); font-size: 12px; } .heading .cell { color: var(--muted); }
.cell { padding: 0 8px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.cell.when, .cell.who { color: var(--muted); } .cell.new, .cell.accepted, .cell.mended, .cell.refused { text-align: right; }
button .cell.new, button .cell.accepted, button .cell.mended, button .cell.refused { color: var(--muted); }
button .cell.new.some { color: var(--text); font-weight: 600; } button .cell.mended.some { color: var(--amber); } button .cell.refused.some { color: var(--red); }
.cell.state { display: flex; align-items: center; gap: 16px; } .state .bar { flex: none; width: 128px; } .words { overflow: hidden; text-overflow: ellipsis; white-space: pre; }
[data-state=failed] .words { color: var(--red); } [data-state=interrupted] .words { color: var(--amber); } [data-state=done] .words, [data-state=cancelled] .words, [data-state=queued] .words { color: var(--muted); }
.arrow { width: 8px; height: 8px; margin: 0 8px; } button .arrow { border: solid var(--muted); border-width: 0 1px 1px 0; transform: rotate(-45deg); transition: transform 0.1s; width: 6px; height: 6px; }
[aria-expanded=true] .arrow { transform: rotate(45deg); }
.actions { display: flex; gap: 8px; justify-content: flex-end; } .actions button { height: 28px; padding: 0 10px; font-size: 13px; }
.skeleton { height: 41px; padding: 16px 8px; border-bottom: 1px solid color-mix(in srgb, var(--line) 60%, var(--page)); } .skeleton i { display: block; height: 8px; border-radius: 4px; background: var(--hover); }
.past > .notice { min-height: 0; } .past > .notice:not(:empty) { padding: 48px 16px; text-align: center; color: var(--muted); } .retry { margin-left: 16px; }
.more { display: block; margin: 16px auto; color: var(--muted); }

.report { padding: 8px 192px 24px 32px; border-bottom: 1px solid color-mix(in srgb, var(--line) 60%, var(--page)); }
.tools { display: flex; align-items: center; gap: 16px; padding-bottom: 8px; } .filter { height: 28px; font-size: 13px; } .filter[aria-pressed=true] { border-color: var(--accent); color: var(--link); }
.download { font-size: 13px; }
.line { padding: 8px 16px; border-left: 2px solid var(--line); margin-bottom: 4px; content-visibility: auto; contain-intrinsic-size: auto 36px; }
.line.mended { border-color: var(--amber); } .line.refused { border-color: var(--red); contain-intrinsic-size: auto 96px; }
.head { display: flex; align-items: baseline; gap: 16px; } .sign { flex: none; width: 64px; color: var(--muted); } .sign.mended { color: var(--amber); } .sign.refused { color: var(--red); }
.what { flex: 1 1 auto; min-width: 0; overflow-wrap: anywhere; } .accepted .what { color: var(--muted); } .outcome { flex: none; min-width: 128px; text-align: right; color: var(--muted); } .head .case { flex: none; width: 128px; text-align: right; font-weight: 600; }
.badge { flex: none; color: var(--amber); border: 1px solid var(--amber); border-radius: 3px; font-size: 10px; font-weight: 600; padding: 0 4px; line-height: 16px; }
.how, .remark, .line .parts { margin-left: 80px; } .how { color: var(--amber); } .remark { color: var(--muted); } .how, .remark { font-size: 13px; overflow-wrap: anywhere; }
.parts { display: grid; grid-template-columns: 48px minmax(0, 1fr); gap: 0 8px; font-size: 13px; } .parts dt { color: var(--muted); } .parts dd { overflow-wrap: anywhere; }
.ended .parts { padding: 8px 16px; margin-bottom: 16px; border: 1px solid var(--line); border-left: 2px solid var(--muted); border-radius: 4px; } .ended .parts.failed { border-left-color: var(--red); color: var(--text); } .ended .parts.interrupted { border-left-color: var(--amber); }
.report .notice:empty { display: none; }
@media (max-width: 1100px) { .report { padding-right: 0; } .open { grid-template-columns: 24px 104px minmax(64px, 1fr) minmax(120px, 2fr) repeat(4, 64px); } .row { grid-template-columns: minmax(0, 1fr) 176px; } .area { flex-wrap: wrap; } }
`;
