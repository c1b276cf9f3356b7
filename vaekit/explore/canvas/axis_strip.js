// The strip: one latent from end to end, and where the codes of each class lie above it.

const STRIP_TILES = 14;
const STRIP_WIDTH = 1344;
const STRIP_CURVES = 200;
const STRIP_STOPS = 160;

/**
 * A map of one axis of a latent space: images decoded along it, the codes' density by class above.
 *
 * What a Pad is for two axes: between it and the model stands `at(u)`, the latent of a place.
 */
export class AxisStrip {
  /**
   * @param {object} options model, name of the axis, its low and high, points ({xy, labels}, where
   *     x counts; optional), colours, at(u) → latent, onmove(u)
   */
  constructor({ model, name, low, high, points, colours, at, onmove }) {
    Object.assign(this, { model, low, high, points, colours, at, onmove });
    this.curves = points ? STRIP_CURVES : 0;
    this.tileWidth = STRIP_WIDTH / STRIP_TILES;
    this.tileHeight = Math.round((this.tileWidth * model.height) / model.width);
    this.grid = make("canvas", { width: STRIP_TILES * model.width, height: model.height });
    this.canvas = make("canvas", {
      width: STRIP_WIDTH, height: this.curves + this.tileHeight, tabindex: 0,
      role: "application", class: "vaekit-strip",
      "aria-label": `map of ${name}: drag, or use the arrow keys`,
      ...KEEP_KEYS,
    });
    this.showPoints = true;
    this.position = 0;
    this.densities = points ? densitiesOf(points, low, high) : [];
    this.redraw = oncePerFrame(() => this.draw());
    this.listen();
  }

  listen() {
    if (!this.onmove) return;
    const follow = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      this.move(this.low + share * (this.high - this.low));
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.canvas.focus();
      follow(event);
      event.preventDefault();
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) follow(event);
    });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const steps = {
      ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1,
      PageDown: -10, PageUp: 10, Home: -200, End: 200,
    };
    event.stopPropagation();
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.move(this.position + (steps[event.key] * (this.high - this.low)) / 100);
  }

  /** Go to a place, and tell. */
  move(u) {
    this.set(clamp(u, this.low, this.high));
    this.onmove(this.position);
  }

  /** Go to a place that others chose. */
  set(u) {
    this.position = u;
    this.redraw();
  }

  /** Decode the images along the axis. */
  async fill(label) {
    const asked = {};
    this.asked = asked;
    const width = (this.high - this.low) / STRIP_TILES;
    const places = [...Array(STRIP_TILES).keys()].map((n) => this.low + (n + 0.5) * width);
    const tiles = await this.model.fetch(places.map((u) => this.at(u)), label);
    // another class was chosen meanwhile
    if (this.asked !== asked) return;
    const { channels, height, width: side } = this.model;
    const image = new ImageData(STRIP_TILES * side, height);
    tiles.forEach((pixels, n) => paint(image, pixels, [channels, height, side], n * side));
    this.grid.getContext("2d").putImageData(image, 0, 0);
    this.redraw();
  }

  /** Where a place of the axis lies on the canvas. */
  place(u) {
    return ((u - this.low) / (this.high - this.low)) * STRIP_WIDTH;
  }

  draw() {
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.grid, 0, this.curves, STRIP_WIDTH, this.tileHeight);
    if (this.showPoints) this.drawDensities(context);
    this.drawExtra?.(context);
    this.drawMarker(context);
  }

  /** Where one stands. */
  drawMarker(context) {
    needle(context, this.place(this.position), this.canvas.height);
  }

  drawDensities(context) {
    const most = Math.max(...this.densities.flatMap((each) => [...each.values]));
    for (const { label, values } of this.densities) {
      context.beginPath();
      context.moveTo(0, this.curves);
      values.forEach((value, n) => {
        const x = ((n + 0.5) / STRIP_STOPS) * STRIP_WIDTH;
        context.lineTo(x, this.curves * (1 - (0.95 * value) / most));
      });
      context.lineTo(STRIP_WIDTH, this.curves);
      context.closePath();
      context.globalAlpha = 0.6;
      context.fillStyle = this.colours[label % this.colours.length];
      context.fill();
      context.globalAlpha = 1;
      // seen on light and on dark paper
      context.strokeStyle = "#9a9a9a";
      context.lineWidth = 2;
      context.stroke();
    }
  }
}

/** A line from top to bottom that shows on every colour. */
function needle(context, x, height) {
  for (const [colour, line] of [["#000", 8], ["#fff", 4]]) {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.stroke();
  }
}

/** For each class the density of its points along x, smoothed. */
function densitiesOf({ xy, labels }, low, high) {
  const width = (high - low) / STRIP_STOPS;
  const found = new Map();
  for (let i = 0; i < labels.length; i++) {
    if (!found.has(labels[i])) found.set(labels[i], new Float32Array(STRIP_STOPS));
    const stop = Math.floor((xy[2 * i] - low) / width);
    if (stop >= 0 && stop < STRIP_STOPS) found.get(labels[i])[stop] += 1;
  }
  return [...found].sort(([a], [b]) => a - b).map(([label, counts]) => ({
    label, values: smoothedCounts(counts, 3),
  }));
}

/** Counts, averaged by a Gaussian whose standard deviation is so many stops. */
function smoothedCounts(counts, deviation) {
  const reach = 3 * deviation;
  return counts.map((_, n) => {
    let sum = 0;
    for (let k = Math.max(0, n - reach); k <= Math.min(counts.length - 1, n + reach); k++) {
      sum += counts[k] * Math.exp(-0.5 * ((k - n) / deviation) ** 2);
    }
    return sum;
  });
}
