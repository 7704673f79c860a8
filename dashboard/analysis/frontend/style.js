// The look of the lines: quiet, and always as high, so that nothing below them moves.

/** What a line about analyses looks like within an element. */
export const lines = (scope) => `
${scope} .bar { display: inline-block; flex: none; width: 96px; height: 6px; border-radius: 3px; overflow: hidden; background: color-mix(in srgb, var(--text) 12%, var(--page)); }
${scope} .bar i { display: block; height: 100%; width: 0; background: var(--accent); transition: width 0.3s linear; }
${scope} .words { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
${scope}[hidden], ${scope} [hidden] { display: none; }
`;

export const STYLE = `
.secondlook-analysis { --page: var(--st-background-color, #0E1116); --text: var(--st-text-color, #E6EDF3);
  --line: var(--st-border-color, #2D333B); --muted: color-mix(in srgb, var(--text) 66%, var(--page)); --accent: #4C9AFF;
  --red: color-mix(in srgb, #F85149 76%, var(--text)); --amber: color-mix(in srgb, #D29922 62%, var(--text));
  display: flex; align-items: center; gap: 8px; height: 28px; color: var(--muted); font: 13px/20px var(--st-font, sans-serif); font-variant-numeric: tabular-nums; }
.secondlook-analysis * { box-sizing: border-box; }
.secondlook-analysis[data-state=failed] .words { color: var(--red); } .secondlook-analysis[data-state=interrupted] .words { color: var(--amber); }
.actions { margin-left: auto; flex: none; }
button { font: inherit; height: 26px; padding: 0 10px; color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: 4px; cursor: pointer; white-space: nowrap; }
button:hover { border-color: var(--muted); } button:disabled { opacity: 0.5; cursor: default; } button:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
button.show { border-color: var(--accent); }
${lines(".secondlook-analysis")}`;
