// The numbers of a network, as they travel: half-precision floats, or whole numbers of eight bits
// with one factor per row.

/** Half-precision floats, as bytes, to 32-bit floats. */
export function fromHalf(bytes) {
  const halves = new Uint16Array(bytes.slice().buffer);
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const sign = halves[i] & 0x8000 ? -1 : 1;
    const exponent = (halves[i] >> 10) & 0x1f;
    const fraction = halves[i] & 0x3ff;
    if (exponent === 0) {
      values[i] = sign * 2 ** -14 * (fraction / 1024);
    } else if (exponent === 31) {
      values[i] = fraction ? NaN : sign * Infinity;
    } else {
      values[i] = sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
    }
  }
  return values;
}

/** The tensors of a network, taken one after the other. */
export class Numbers {
  /** @param {Uint8Array} bytes  @param {number} bits 16 or 8 of each number */
  constructor(bytes, bits) {
    this.bytes = bytes;
    this.bits = bits;
    this.offset = 0;
  }

  /** The next tensor, row after row. */
  take(rows, columns) {
    const values = this.bits === 16
      ? fromHalf(this.next(2 * rows * columns))
      : this.takeScaled(rows, columns);
    if (!values.every(Number.isFinite)) throw new Error("the weights hold inf or NaN");
    return values;
  }

  takeScaled(rows, columns) {
    const factors = new Float32Array(this.next(4 * rows).slice().buffer);
    const whole = new Int8Array(this.next(rows * columns).slice().buffer);
    return Float32Array.from(whole, (value, i) => value * factors[Math.floor(i / columns)]);
  }

  next(count) {
    const found = this.bytes.subarray(this.offset, this.offset + count);
    this.offset += count;
    if (found.length !== count) throw new Error("the weights are shorter than the network needs");
    return found;
  }

  /** Refuse weights that are left over: they belong to another network. */
  finish() {
    if (this.offset !== this.bytes.length) {
      throw new Error("the weights are longer than the network needs");
    }
  }
}
