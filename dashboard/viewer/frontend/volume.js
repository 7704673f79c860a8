// Image bytes: fetched by content, inflated by the browser, looked at without a copy.

const NIFTI_OFFSET_AT = 108; // vox_offset in the NIfTI-1 header
const ARRAYS = { int16: Int16Array, uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array };

export class SignedOut extends Error {}

/** Fetches blobs of one case; asks for a new token when the old one's hour is over. */
export class Source {
  constructor(token, tokenUrl) {
    this.token = token;
    this.tokenUrl = tokenUrl;
    this.abort = new AbortController();
  }

  stop() {
    this.abort.abort();
  }

  /** @returns {Promise<ArrayBuffer>} the NIfTI bytes, header and voxels */
  async bytes(digest, onProgress) {
    let answer = await this.ask(`/blob/${digest}?t=${encodeURIComponent(this.token)}`);
    if (answer.status === 401 || answer.status === 403) {
      await this.renew();
      answer = await this.ask(`/blob/${digest}?t=${encodeURIComponent(this.token)}`);
    }
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    return onProgress ? await withProgress(answer, onProgress) : answer.arrayBuffer();
  }

  async renew() {
    const answer = await this.ask(this.tokenUrl);
    if (!answer.ok) throw new SignedOut("your sign-in is over: open the sign-in link again");
    this.token = (await answer.json()).token;
  }

  ask(url) {
    return fetch(url, { signal: this.abort.signal, credentials: "same-origin" });
  }
}

async function withProgress(answer, onProgress) {
  const reader = answer.body.getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    onProgress(size);
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole.buffer;
}

/** A box of voxels in memory: typed array in C order of [k, j, i], with its place in the whole image. */
export class Block {
  constructor(data, origin, shape) {
    this.data = data;
    this.origin = origin;
    this.shape = shape;
    this.strides = [shape[1] * shape[2], shape[2], 1];
  }

  static fromNifti(buffer, dtype, origin, shape) {
    const offset = new DataView(buffer).getFloat32(NIFTI_OFFSET_AT, true);
    const count = shape[0] * shape[1] * shape[2];
    return new Block(new ARRAYS[dtype](buffer, offset, count), origin, shape);
  }

  /** Value of a voxel of the whole image, or null outside this box. */
  at(index) {
    let offset = 0;
    for (let axis = 0; axis < 3; axis += 1) {
      const inside = index[axis] - this.origin[axis];
      if (inside < 0 || inside >= this.shape[axis]) return null;
      offset += inside * this.strides[axis];
    }
    return this.data[offset];
  }
}
