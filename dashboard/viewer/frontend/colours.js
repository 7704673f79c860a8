// The same colour for the same thing on every page. Ramps are straight lines in OKLab, so they are even to the eye
// (Ottosson 2020); categorical colours are those of Okabe and Ito (2008), safe for colour-blind readers.

export const STRUCTURES = {
  lumen: "#D55E00",
  thrombus: "#E69F00",
  "outer wall": "#FFFFFF",
  "false positive": "#CC79A7",
  "false negative": "#F0E442",
};
export const READERS = ["#56B4E9", "#8CCBF0", "#2E93CE", "#BFE2F8"];
export const CONSENSUS = "#009E73";
export const MODEL = "#FFFFFF";
/** What a reader draws and has not stored: rulers, boxes, an outline that is being corrected. */
export const MARK = "#FFD166";
/** What a click added or took away: the colours of false negatives and false positives. */
export const ADDED = "#F0E442";
export const REMOVED = "#CC79A7";
const OTHERS = ["#B5A6D3", "#9FC5A8", "#D3B8A6", "#A6BFD3", "#D3A6BF", "#C9CFA3"];
const RAMPS = {
  probability: ["#0B1B2A", "#56B4E9", "#FFFFFF"],
  "soft label": ["#0B1B2A", "#56B4E9", "#FFFFFF"],
  aleatoric: ["#00191A", "#00A3A1", "#D8FFFB"],
  epistemic: ["#22001E", "#C02A9B", "#FFE3F6"],
  total: ["#440154", "#3B528B", "#21918C", "#5EC962", "#FDE725"],
  attribution: ["#762A83", "#F7F7F7", "#1B7837"],
  influence: ["#12062B", "#7B5CD6", "#EDE6FF"],
  disagreement: ["#00201A", "#009E73", "#DCFFF2"],
  error: ["#F0E442", "#303030", "#CC79A7"],
};

export function rgb(hex) {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** A structure's own colour; others get one of six by their name, the same in every case. */
export function structureColour(name) {
  const sum = [...name].reduce((total, letter) => total * 31 + letter.codePointAt(0), 7);
  return STRUCTURES[name] ?? OTHERS[sum % OTHERS.length];
}

/** 256 colours [r, g, b] from the low to the high end of a kind of map. */
export function ramp(kind) {
  const stops = (RAMPS[kind] ?? RAMPS.total).map((hex) => toLab(rgb(hex)));
  return Array.from({ length: 256 }, (_, step) => {
    const place = (step / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    return fromLab(stops[low].map((value, axis) => value + (stops[low + 1][axis] - value) * (place - low)));
  });
}

function toLab(colour) {
  const [r, g, b] = colour.map((value) => {
    const unit = value / 255;
    return unit <= 0.04045 ? unit / 12.92 : ((unit + 0.055) / 1.055) ** 2.4;
  });
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromLab([lightness, a, b]) {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear.map((value) => {
    const unit = Math.min(1, Math.max(0, value));
    return Math.round(255 * (unit <= 0.0031308 ? 12.92 * unit : 1.055 * unit ** (1 / 2.4) - 0.055));
  });
}
