// A network as layers in sequence, each a function of one Float32Array.

/** What vaekit.explore.portable has written of an nn.Sequential. */
export class Network {
  /**
   * @param {object[]} layers what each does: {op, …}
   * @param {Numbers} numbers the weights of all layers, in their order
   */
  constructor(layers, numbers) {
    this.steps = layers.map((layer) => {
      const make = LAYERS[layer.op];
      if (!make) throw new Error(`this page does not know the layer ${layer.op}`);
      return make(layer, numbers);
    });
  }

  /** What the last layer gives: overwritten by the next call. The input is left as it was. */
  run(input) {
    let values = input.slice();
    for (const step of this.steps) values = step(values);
    return values;
  }
}

const LAYERS = {
  linear({ inputs, outputs }, numbers) {
    const weight = numbers.take(outputs, inputs);
    const bias = numbers.take(1, outputs);
    const result = new Float32Array(outputs);
    return (x) => {
      for (let o = 0, w = 0; o < outputs; o++) {
        let sum = bias[o];
        for (let i = 0; i < inputs; i++) sum += weight[w++] * x[i];
        result[o] = sum;
      }
      return result;
    };
  },

  relu() {
    return (x) => {
      for (let i = 0; i < x.length; i++) if (x[i] < 0) x[i] = 0;
      return x;
    };
  },

  leaky_relu({ slope }) {
    return (x) => {
      for (let i = 0; i < x.length; i++) if (x[i] < 0) x[i] *= slope;
      return x;
    };
  },

  sigmoid() {
    return (x) => {
      for (let i = 0; i < x.length; i++) x[i] = 1 / (1 + Math.exp(-x[i]));
      return x;
    };
  },

  tanh() {
    return (x) => {
      for (let i = 0; i < x.length; i++) x[i] = Math.tanh(x[i]);
      return x;
    };
  },

  // factor and shift of each channel: batch normalisation in evaluation mode
  affine({ channels, size }, numbers) {
    const factor = numbers.take(1, channels);
    const shift = numbers.take(1, channels);
    return (x) => {
      for (let c = 0, i = 0; c < channels; c++) {
        for (let end = i + size; i < end; i++) x[i] = x[i] * factor[c] + shift[c];
      }
      return x;
    };
  },

  max_pool({ channels, height, width, size }) {
    const high = Math.floor(height / size);
    const wide = Math.floor(width / size);
    const result = new Float32Array(channels * high * wide);
    return (x) => {
      result.fill(-Infinity);
      for (let c = 0; c < channels; c++) {
        for (let row = 0; row < high * size; row++) {
          const from = (c * height + row) * width;
          const to = (c * high + Math.floor(row / size)) * wide;
          for (let column = 0; column < wide * size; column++) {
            const place = to + Math.floor(column / size);
            result[place] = Math.max(result[place], x[from + column]);
          }
        }
      }
      return result;
    };
  },

  upsample({ channels, height, width, factor }) {
    const wide = width * factor;
    const result = new Float32Array(channels * height * factor * wide);
    return (x) => {
      for (let c = 0, o = 0; c < channels; c++) {
        for (let row = 0; row < height * factor; row++) {
          const from = (c * height + Math.floor(row / factor)) * width;
          for (let column = 0; column < wide; column++) {
            result[o++] = x[from + Math.floor(column / factor)];
          }
        }
      }
      return result;
    };
  },

  // each output pixel gathers from the input
  conv({ inputs, outputs, kernel, stride, padding, height, width }, numbers) {
    const weight = numbers.take(outputs, inputs * kernel * kernel);
    const bias = numbers.take(1, outputs);
    const high = Math.floor((height + 2 * padding - kernel) / stride) + 1;
    const wide = Math.floor((width + 2 * padding - kernel) / stride) + 1;
    const result = new Float32Array(outputs * high * wide);
    return (x) => {
      for (let o = 0; o < outputs; o++) {
        result.fill(bias[o], o * high * wide, (o + 1) * high * wide);
        for (let i = 0; i < inputs; i++) {
          for (let ky = 0; ky < kernel; ky++) {
            for (let kx = 0; kx < kernel; kx++) {
              const w = weight[((o * inputs + i) * kernel + ky) * kernel + kx];
              for (let row = 0; row < high; row++) {
                const y = row * stride + ky - padding;
                if (y < 0 || y >= height) continue;
                const from = (i * height + y) * width + kx - padding;
                const to = (o * high + row) * wide;
                const first = Math.max(0, Math.ceil((padding - kx) / stride));
                const last = Math.min(wide, Math.floor((width - 1 + padding - kx) / stride) + 1);
                for (let column = first; column < last; column++) {
                  result[to + column] += w * x[from + column * stride];
                }
              }
            }
          }
        }
      }
      return result;
    };
  },

  // each input pixel paints into the output
  conv_transpose({ inputs, outputs, kernel, stride, padding, extra, height, width }, numbers) {
    const weight = numbers.take(inputs, outputs * kernel * kernel);
    const bias = numbers.take(1, outputs);
    const high = (height - 1) * stride - 2 * padding + kernel + extra;
    const wide = (width - 1) * stride - 2 * padding + kernel + extra;
    const result = new Float32Array(outputs * high * wide);
    return (x) => {
      for (let o = 0; o < outputs; o++) {
        result.fill(bias[o], o * high * wide, (o + 1) * high * wide);
        for (let i = 0; i < inputs; i++) {
          for (let ky = 0; ky < kernel; ky++) {
            for (let kx = 0; kx < kernel; kx++) {
              const w = weight[((i * outputs + o) * kernel + ky) * kernel + kx];
              for (let row = 0; row < height; row++) {
                const y = row * stride + ky - padding;
                if (y < 0 || y >= high) continue;
                const to = (o * high + y) * wide + kx - padding;
                const from = (i * height + row) * width;
                const first = Math.max(0, Math.ceil((padding - kx) / stride));
                const last = Math.min(width, Math.floor((wide - 1 + padding - kx) / stride) + 1);
                for (let column = first; column < last; column++) {
                  result[to + column * stride] += w * x[from + column];
                }
              }
            }
          }
        }
      }
      return result;
    };
  },
};
