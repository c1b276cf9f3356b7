// A model, as all views ask it for pictures: decoded in this page where its weights came along,
// else by the kernel.

/**
 * What a view shows for a class: its number, or a row of attributes; 0 without a condition.
 * @typedef {number | number[]} Label
 */

/** A model whose decoder (and perhaps encoder) is computed here. */
export class Model {
  /** @param {object} facts see vaekit.explore.scene  @param {Host} host */
  constructor(facts, host) {
    this.facts = facts;
    this.name = facts.name;
    this.latentDim = facts.latent_dim;
    [this.channels, this.height, this.width] = facts.image_shape;
    this.size = this.channels * this.height * this.width;
    this.condition = facts.condition;
    this.isHere = Boolean(facts.decoder);
    this.host = host;
    if (this.isHere) this.decoder = readNetwork(facts.decoder, host)[0];
    if (facts.encoder) [this.front, this.head] = readNetwork(facts.encoder, host);
  }

  /** Pixels (channels, height, width) in [0, 1] of a latent: overwritten by the next call. */
  decode(z, label = 0) {
    return this.decoder.run(this.join(z, label, this.condition?.join));
  }

  /** Mean and log-variance of q(z | x) for pixels in [0, 1]. */
  posterior(pixels, label = 0) {
    const join = this.condition?.join === "concatenate" ? "concatenate" : "";
    const both = this.head.run(this.join(this.front.run(pixels), label, join));
    return { mean: both.slice(0, this.latentDim), logVar: both.slice(this.latentDim) };
  }

  /** Values with the code of a class after them, or added to them. */
  join(values, label, how) {
    if (how === "concatenate") {
      const code = this.codeOf(label);
      const joined = new Float32Array(values.length + code.length);
      joined.set(values);
      joined.set(code, values.length);
      return joined;
    }
    if (how === "add") {
      const code = this.codeOf(label);
      return Float32Array.from(values, (value, i) => value + code[i]);
    }
    return Float32Array.from(values);
  }

  /** A class as the network is given it; attributes are themselves the code. */
  codeOf(label) {
    const { codes, weight } = this.condition;
    return codes ? codes[label] : label.map((value) => value * weight);
  }

  /** As `decode`, later and for several latents: of a model that the kernel decodes. */
  async fetch(latents, label = 0) {
    if (this.isHere) return latents.map((z) => this.decode(z, label).slice());
    const z = latents.map((latent) => [...latent]);
    const { buffers } = await this.host.ask({ ask: "decode", model: this.facts.index, z, label });
    const bytes = bytesOf(buffers[0]);
    return latents.map((_, i) => {
      const pixels = bytes.subarray(i * this.size, (i + 1) * this.size);
      return Float32Array.from(pixels, (value) => value / 255);
    });
  }
}

function readNetwork(facts, host) {
  const numbers = new Numbers(host.bytes(facts.buffer), facts.bits);
  const networks = facts.parts.map((layers) => new Network(layers, numbers));
  numbers.finish();
  return networks;
}

/** Write pixels (channels, height, width) in [0, 1] into an ImageData, left upper corner (x, y). */
export function paint(image, pixels, [channels, height, width], x = 0, y = 0) {
  const size = height * width;
  const green = channels === 3 ? size : 0;
  for (let row = 0, i = 0; row < height; row++) {
    let to = ((y + row) * image.width + x) * 4;
    for (let column = 0; column < width; column++, i++) {
      // the array of an ImageData rounds and clamps
      image.data[to++] = 255 * pixels[i];
      image.data[to++] = 255 * pixels[i + green];
      image.data[to++] = 255 * pixels[i + 2 * green];
      image.data[to++] = 255;
    }
  }
}

/** A canvas of a picture's own pixels, shown `scale` times as large, and kept up to date. */
export class Screen {
  constructor([channels, height, width], scale, label) {
    this.shape = [channels, height, width];
    this.canvas = make("canvas", { width, height, role: "img", "aria-label": label });
    this.canvas.className = "vaekit-pixels";
    this.canvas.style.width = `${width * scale}px`;
    this.context = this.canvas.getContext("2d");
    this.image = new ImageData(width, height);
    this.asked = newestOnly();
  }

  /** Show pixels in [0, 1]. */
  show(pixels) {
    paint(this.image, pixels, this.shape);
    this.context.putImageData(this.image, 0, 0);
  }

  /** Show what a model makes of a latent: at once, or when the kernel has answered. */
  decode(model, z, label) {
    if (model.isHere) this.show(model.decode(z, label));
    else this.asked(() => model.fetch([z], label), ([pixels]) => this.show(pixels));
  }
}

/**
 * Run one request at a time; of those that came meanwhile only the newest is kept.
 * @returns {(request: () => Promise, done: (result) => void) => void}
 */
export function newestOnly() {
  let running = false;
  let next = null;
  const run = async ([request, done]) => {
    running = true;
    try {
      const result = await request();
      // shown though a newer one waits: a hand that never rests would else see nothing
      done(result);
    } finally {
      running = false;
      const newer = next;
      next = null;
      if (newer) run(newer);
    }
  };
  return (request, done) => {
    if (running) next = [request, done];
    else run([request, done]);
  };
}
