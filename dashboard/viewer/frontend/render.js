// Pixels: a slice of the image through the window, and maps and fills blended over it. Plain loops on typed arrays.

const BLACK = 0xff000000;
const HALF_RANGE = 32768;

/** Grey value (as packed pixel) for every int16: index is HU + 32768. */
export function windowTable(width, centre, invert, table = new Uint32Array(65536)) {
  const low = centre - width / 2;
  const scale = 255 / Math.max(width, 1);
  for (let step = 0; step < 65536; step += 1) {
    let grey = Math.round((step - HALF_RANGE - low) * scale);
    grey = grey < 0 ? 0 : grey > 255 ? 255 : grey;
    if (invert) grey = 255 - grey;
    table[step] = BLACK | (grey << 16) | (grey << 8) | grey;
  }
  table[0] = BLACK; // HU -32768 is what a resampled picture has where nothing is loaded
  return table;
}

/**
 * How to walk through a block along a plane: first offset, steps, and the rectangle of the picture that it covers.
 * @returns {null|object} null where the plane's slice `at` misses the block
 */
export function walk(plane, block, at) {
  const inside = at - block.origin[plane.normal];
  if (inside < 0 || inside >= block.shape[plane.normal]) return null;
  const { u, v } = plane;
  const x = plane.flipU ? plane.width - block.origin[u] - block.shape[u] : block.origin[u];
  const y = plane.flipV ? plane.height - block.origin[v] - block.shape[v] : block.origin[v];
  const stepU = plane.flipU ? -block.strides[u] : block.strides[u];
  const stepV = plane.flipV ? -block.strides[v] : block.strides[v];
  let first = inside * block.strides[plane.normal];
  if (plane.flipU) first += (block.shape[u] - 1) * block.strides[u];
  if (plane.flipV) first += (block.shape[v] - 1) * block.strides[v];
  return { x, y, width: block.shape[u], height: block.shape[v], first, stepU, stepV };
}

/** Draw one slice of the image into `pixels` (plane.width x plane.height), black where nothing is loaded. */
export function drawImage(pixels, plane, block, at, table) {
  const path = block && walk(plane, block, at);
  if (!path || path.width < plane.width || path.height < plane.height) pixels.fill(BLACK);
  if (!path) return false;
  const { data } = block;
  for (let row = 0; row < path.height; row += 1) {
    let out = (path.y + row) * plane.width + path.x;
    let offset = path.first + row * path.stepV;
    for (let column = 0; column < path.width; column += 1) {
      pixels[out] = table[data[offset] + HALF_RANGE];
      out += 1;
      offset += path.stepU;
    }
  }
  return true;
}

/** Draw a slab: the largest value ("mip") or the mean ("average") of the slices from `from` to `to`, both included. */
export function drawSlab(pixels, plane, block, { from, to, mode }, table) {
  pixels.fill(BLACK);
  if (!block) return false;
  const first = Math.max(from, block.origin[plane.normal]);
  const last = Math.min(to, block.origin[plane.normal] + block.shape[plane.normal] - 1);
  const path = first <= last && walk(plane, block, first);
  if (!path) return false;
  const step = block.strides[plane.normal];
  const count = last - first + 1;
  const combine = mode === "mip" ? largest : mean;
  for (let row = 0; row < path.height; row += 1) {
    const out = (path.y + row) * plane.width + path.x;
    for (let column = 0; column < path.width; column += 1) {
      const offset = path.first + row * path.stepV + column * path.stepU;
      pixels[out + column] = table[combine(block.data, offset, step, count) + HALF_RANGE];
    }
  }
  return true;
}

function largest(data, offset, step, count) {
  let best = data[offset];
  for (let slice = 1; slice < count; slice += 1) {
    const value = data[offset + slice * step];
    if (value > best) best = value;
  }
  return best;
}

function mean(data, offset, step, count) {
  let sum = 0;
  for (let slice = 0; slice < count; slice += 1) sum += data[offset + slice * step];
  return Math.round(sum / count);
}

/** Blend a layer over the picture. `table`: [r, g, b, alpha 0..256] by stored value >> shift. */
export function blend(pixels, plane, block, at, table, shift = 0) {
  const path = walk(plane, block, at);
  if (!path) return;
  const { data } = block;
  for (let row = 0; row < path.height; row += 1) {
    let out = (path.y + row) * plane.width + path.x;
    let offset = path.first + row * path.stepV;
    for (let column = 0; column < path.width; column += 1) {
      const entry = (data[offset] >> shift) << 2;
      const alpha = table[entry + 3];
      if (alpha) pixels[out] = over(pixels[out], table, entry, alpha);
      out += 1;
      offset += path.stepU;
    }
  }
}

/** Blend a map whose transparency comes from another map: certain voxels are opaque. */
export function blendByOther(pixels, plane, block, at, table, shift, other, alphaTable, otherShift) {
  const path = walk(plane, block, at);
  if (!path) return;
  const index = [0, 0, 0];
  index[plane.normal] = at;
  for (let row = 0; row < path.height; row += 1) {
    const y = path.y + row;
    index[plane.v] = plane.flipV ? plane.height - 1 - y : y;
    for (let column = 0; column < path.width; column += 1) {
      const x = path.x + column;
      index[plane.u] = plane.flipU ? plane.width - 1 - x : x;
      const value = other.at(index);
      const entry = (block.data[path.first + row * path.stepV + column * path.stepU] >> shift) << 2;
      const alpha = value === null ? 0 : (table[entry + 3] * alphaTable[value >> otherShift]) >> 8;
      if (alpha) pixels[y * plane.width + x] = over(pixels[y * plane.width + x], table, entry, alpha);
    }
  }
}

function over(pixel, table, entry, alpha) {
  const keep = 256 - alpha;
  const r = ((pixel & 255) * keep + table[entry] * alpha) >> 8;
  const g = (((pixel >> 8) & 255) * keep + table[entry + 1] * alpha) >> 8;
  const b = (((pixel >> 16) & 255) * keep + table[entry + 2] * alpha) >> 8;
  return BLACK | (b << 16) | (g << 8) | r;
}

/**
 * Edges between voxels where `member[value]` changes, as flat [x0, y0, x1, y1, ...] in picture pixels.
 * They run exactly along voxel borders, so an outline hugs its mask at every zoom.
 */
export function outline(plane, block, at, member) {
  const path = walk(plane, block, at);
  const lines = [];
  if (!path) return lines;
  const { width, height, x, y } = path;
  const across = width + 2; // a border of zeros all around
  const inside = membership(path, block.data, member, across);
  for (let row = 0; row <= height; row += 1) {
    const first = (row + 1) * across + 1;
    runs(inside, first, first - across, 1, width, (from, to) => lines.push(x + from, y + row, x + to, y + row));
  }
  for (let column = 0; column <= width; column += 1) {
    const first = across + column + 1;
    runs(inside, first, first - 1, across, height, (from, to) => lines.push(x + column, y + from, x + column, y + to));
  }
  return lines;
}

function membership({ width, height, first, stepU, stepV }, data, member, across) {
  const inside = new Uint8Array(across * (height + 2));
  for (let row = 0; row < height; row += 1) {
    let offset = first + row * stepV;
    const out = (row + 1) * across + 1;
    for (let column = 0; column < width; column += 1) {
      inside[out + column] = member[data[offset]];
      offset += stepU;
    }
  }
  return inside;
}

/** Call back for every run of places where two lines of `inside` differ. */
function runs(inside, one, other, step, length, add) {
  let start = -1;
  for (let place = 0; place <= length; place += 1) {
    const isEdge = place < length && inside[one + place * step] !== inside[other + place * step];
    if (isEdge && start < 0) start = place;
    if (!isEdge && start >= 0) {
      add(start, place);
      start = -1;
    }
  }
}
