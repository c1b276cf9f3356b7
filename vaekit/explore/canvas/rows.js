// Rows of images, and decoding many latents without holding up the hand.

/** What scene.add_numbers has sent: Float32Arrays of `size` numbers each. */
export function vectorsOf(host, name, size) {
  const numbers = new Float32Array(host.bytes(name).slice().buffer);
  return Array.from({ length: numbers.length / size }, (_, i) =>
    numbers.subarray(i * size, (i + 1) * size));
}

/** A latent drawn from N(0, I). */
export const drawLatent = (size) => Float32Array.from({ length: size }, () => normal());

/** Images side by side on one canvas, one pixel apart, each `scale` times as large. */
export class ImageRow {
  constructor([channels, height, width], count, scale, label) {
    Object.assign(this, { shape: [channels, height, width], width, count });
    const all = count * (width + 1) - 1;
    this.canvas = make("canvas", {
      width: all, height, role: "img", "aria-label": label, class: "vaekit-images",
    });
    this.canvas.style.width = `${all * scale}px`;
    this.context = this.canvas.getContext("2d");
    this.image = new ImageData(width, height);
  }

  /** Show pixels in [0, 1] as the image number i. */
  put(i, pixels) {
    paint(this.image, pixels, this.shape);
    this.context.putImageData(this.image, i * (this.width + 1), 0);
  }

  /** Show the bytes 0 … 255 of all images. */
  putBytes(bytes) {
    const size = bytes.length / this.count;
    for (let i = 0; i < this.count; i++) {
      const pixels = bytes.subarray(i * size, (i + 1) * size);
      this.put(i, Float32Array.from(pixels, (value) => value / 255));
    }
  }
}

/** A row with its name above it. */
export function namedRow(name, row) {
  return make("figure", { class: "vaekit-figure" }, [
    make("figcaption", {}, [name]), row.canvas,
  ]);
}

/** Decodes many latents: what fits into a frame at once, the others in the frames after it. */
export class Batch {
  constructor() {
    this.asked = newestOnly();
  }

  /** Give the pixels of each latent to put(i, pixels); what was asked before is given up. */
  run(model, latents, labels, put) {
    this.stop?.();
    if (!model.isHere) {
      let wanted = true;
      this.stop = () => { wanted = false; };
      this.asked(() => fetchEach(model, latents, labels), (all) => {
        if (wanted) all.forEach((pixels, i) => put(i, pixels));
      });
      return;
    }
    let i = 0;
    const next = () => {
      if (i < latents.length) put(i, model.decode(latents[i], labels[i]));
      i += 1;
      return i < latents.length;
    };
    const until = performance.now() + 6;
    while (performance.now() < until) if (!next()) return;
    this.stop = inSlices(next);
  }
}

/** Pixels of latents that may differ in their label: one question for each label. */
async function fetchEach(model, latents, labels) {
  const groups = new Map();
  labels.forEach((label, i) => {
    const key = JSON.stringify(label);
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  const all = [];
  for (const places of groups.values()) {
    const found = await model.fetch(places.map((i) => latents[i]), labels[places[0]]);
    places.forEach((i, k) => { all[i] = found[k]; });
  }
  return all;
}
