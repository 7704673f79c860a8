// The viewer's look. Image areas are black in both themes; the rest follows Streamlit's theme variables.

export const STYLE = `
.secondlook-viewer { --page: var(--st-background-color, #0E1116); --text: var(--st-text-color, #E6EDF3);
  --line: var(--st-border-color, #2D333B); --muted: color-mix(in srgb, var(--text) 66%, var(--page));
  --panel: var(--st-secondary-background-color, #161B22); --accent: #4C9AFF;
  display: flex; flex-direction: column; gap: 8px; height: calc(100vh - 112px); min-height: 520px; width: 100%;
  background: var(--page); color: var(--text); font: 13px/1.4 var(--st-font, sans-serif); font-variant-numeric: tabular-nums;
  box-sizing: border-box; outline: none; }
.secondlook-viewer:fullscreen { height: 100vh; padding: 8px; }
.secondlook-viewer * { box-sizing: border-box; }
.planes { position: relative; flex: 1; min-height: 0; display: grid; gap: 2px; grid-template-columns: 2fr 1fr; grid-template-rows: 1fr 1fr; }
.plane { position: relative; overflow: hidden; background: #000; cursor: crosshair; touch-action: none; border: 1px solid transparent; }
.planes:has(> .panel:not([hidden])) { grid-template-rows: 1fr 1fr auto; }
.plane { grid-column: 2; } .plane.main { grid-row: 1 / -1; grid-column: 1; } .plane[hidden] { display: none; }
.plane.active { border-color: var(--line); }
.picture { position: absolute; left: 0; top: 0; transform-origin: 0 0; }
.lines { position: absolute; inset: 0; width: 100%; height: 100%; }
.words { position: absolute; inset: 0; pointer-events: none; color: #D0D7DE; font-size: 12px; text-shadow: 0 0 2px #000, 0 0 2px #000, 0 0 3px #000, 0 0 5px #000; white-space: pre-line; }
.words span { position: absolute; }
.top-left { left: 8px; top: 6px; } .top-right { right: 8px; top: 6px; text-align: right; }
.bottom-right { right: 8px; bottom: 24px; } .notice { right: 8px; bottom: 6px; color: #D29922; }
.middle { left: 0; right: 0; top: 45%; text-align: center; font-size: 14px; }
.side-left { left: 8px; top: 50%; } .side-right { right: 8px; top: 50%; }
.side-top { top: 6px; left: 50%; } .side-bottom { bottom: 6px; left: 50%; }
.side-left, .side-right, .side-top, .side-bottom { font-weight: 600; color: #FFD166; }
.toolbar { display: flex; flex-wrap: wrap; gap: 4px 1px; align-items: center; font-size: 12px; }
.spring { flex: 1; }
button, select { font: inherit; color: var(--text); background: none; border: 1px solid var(--line); border-radius: 4px; height: 26px; padding: 0 7px; cursor: pointer; }
.toolbar button { padding: 0 3px; }
select { background: var(--page); max-width: 106px; padding: 0 2px; } .toolbar select { max-width: 66px; }
button:hover, select:hover { border-color: var(--muted); }
button:focus-visible, select:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
button[aria-pressed=true] { border-color: var(--accent); color: var(--accent); }
.strip { display: flex; flex-wrap: wrap; gap: 4px; max-height: 138px; overflow-y: auto; font-size: 12px; }
.chip { display: flex; align-items: center; gap: 4px; height: 24px; padding: 0 6px 0 2px; border: 1px solid var(--line); border-radius: 4px; }
.chip.hu { padding-left: 6px; }
.chip[hidden] { display: none; }
.strip .group { height: 24px; padding: 0 6px; border: none; color: var(--muted); } .strip .group:hover { color: var(--text); }
.strip .group::before { content: "\u25B8"; margin-right: 4px; } .strip .group[aria-expanded=true]::before { content: "\u25BE"; }
.chip .name { max-width: 21ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.chip .value { color: var(--muted); min-width: 7ch; text-align: right; white-space: nowrap; }
.chip.layer.off .name { color: var(--muted); } .chip.layer.off .controls, .chip.layer.off:not([data-state=failed], [data-state=loading]) .value { display: none; }
.chip[data-state=failed] { border-color: #F85149; } .chip[data-state=failed] .value { color: #F85149; }
.controls { display: flex; align-items: center; gap: 4px; }
.controls button, .controls select { height: 18px; padding: 0 3px; font-size: 12px; max-width: 12ch; }
.controls input[type=range] { width: 36px; accent-color: var(--muted); }
.eye { width: 20px; height: 20px; padding: 0; border: none; position: relative; }
.eye::after { content: ""; position: absolute; inset: 4px; border: 2px solid var(--colour); border-radius: 2px; opacity: 0.35; }
.eye[data-line=dashed]::after { border-style: dashed; } .eye[data-line=map]::after { background: var(--colour); }
.eye[aria-pressed=true]::after { opacity: 1; } .eye[aria-pressed=true] { background: #0008; border-radius: 3px; }
.scale { display: flex; align-items: center; gap: 4px; color: var(--muted); font-size: 12px; }
.scale .bar { width: 40px; height: 8px; border-radius: 2px; }
.panel { grid-row: 3; grid-column: 2; min-width: 0; display: flex; flex-direction: column; gap: 8px; padding: 8px 12px;
  background: var(--panel); border: 1px solid var(--line); border-radius: 6px; }
.panel { pointer-events: none; } .panel button, .panel select, .panel input { pointer-events: auto; }
.panel .row { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; min-height: 20px; }
.panel .said { white-space: pre-line; flex: 1; min-height: 2.8em; } .panel[data-failed=true] .said { color: color-mix(in srgb, #F85149 76%, var(--text)); }
.panel .bar { flex: none; align-self: flex-start; margin-top: 6px; width: 96px; height: 6px; border-radius: 3px; overflow: hidden; background: color-mix(in srgb, var(--text) 12%, var(--page)); }
.panel .bar i { display: block; height: 100%; width: 0; background: var(--accent); transition: width 0.3s linear; }
.panel .tools { display: flex; flex-direction: column; gap: 8px; }
.panel input[type=number] { width: 48px; height: 26px; font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: 4px; padding: 0 4px; }
.panel button { padding: 0 6px; } .panel select { flex: 1; max-width: none; min-width: 0; }
.panel button:disabled, .panel select:disabled { opacity: 0.5; cursor: default; }
.panel[hidden], .panel .tools[hidden], .panel .row[hidden], .panel .bar[hidden], .panel button[hidden], .panel select[hidden] { display: none; }
.panel .chosen, .panel .save:enabled { border-color: var(--accent); }
.navigator { flex: none; color: var(--text); } .navigator canvas { width: 100%; height: 100%; cursor: ew-resize; touch-action: none; }
.help { background: var(--panel); color: var(--text); border: 1px solid var(--line); border-radius: 6px; padding: 16px 24px; max-height: 88vh; overflow: auto; }
.help::backdrop { background: #0009; }
.help h2 { font-size: 15px; margin: 0 0 8px; }
.help dl { columns: 3 220px; margin: 0; } .help dt { float: left; clear: left; width: 88px; } .help dd { margin: 0 0 4px 88px; break-inside: avoid; }
kbd { font: inherit; border: 1px solid var(--line); border-radius: 3px; padding: 0 5px; }
@media (max-width: 900px) { .planes { grid-template-columns: 1fr; } .plane, .plane.main, .panel { grid-row: auto; grid-column: 1; } }
`;
