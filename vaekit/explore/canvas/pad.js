// The pad: two latents as a map that one drags over.

const PAD = 336;

/**
 * A square map of two axes of a latent space: the decoded grid, codes by label, and a marker.
 *
 * Between the map and the model stands `at(u, v)`, the latent of a place.
 */
export class Pad {
  /**
   * @param {object} options model, names of the axes, low and high of each, points
   *     ({xy, labels}; optional), colours, at(u, v) → latent, onmove(u, v)
   */
  constructor({ model, names, low, high, points, colours, at, onmove, tiles = 15 }) {
    Object.assign(this, { model, low, high, points, colours, at, onmove, tiles });
    this.grid = make("canvas", { width: tiles * model.width, height: tiles * model.height });
    this.canvas = make("canvas", {
      width: 2 * PAD, height: 2 * PAD, tabindex: 0, role: "application", class: "vaekit-pad",
      "aria-label": `map of ${names[0]} and ${names[1]}: drag, or use the arrow keys`,
      ...KEEP_KEYS,
    });
    this.canvas.style.width = `${PAD}px`;
    this.showPoints = true;
    this.position = [0, 0];
    this.redraw = oncePerFrame(() => this.draw());
    this.listen();
  }

  listen() {
    const follow = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const right = (event.clientX - box.left) / box.width;
      const down = (event.clientY - box.top) / box.height;
      this.move(
        this.low[0] + right * (this.high[0] - this.low[0]),
        this.high[1] - down * (this.high[1] - this.low[1]),
      );
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
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
      PageUp: [0, 10], PageDown: [0, -10], Home: [-200, 0], End: [200, 0],
    };
    const step = steps[event.key];
    event.stopPropagation();
    if (!step) return;
    event.preventDefault();
    const unit = [0, 1].map((axis) => (this.high[axis] - this.low[axis]) / 100);
    this.move(this.position[0] + step[0] * unit[0], this.position[1] + step[1] * unit[1]);
  }

  /** Go to a place, and tell. */
  move(u, v) {
    this.set(clamp(u, this.low[0], this.high[0]), clamp(v, this.low[1], this.high[1]));
    this.onmove(...this.position);
  }

  /** Go to a place that others chose. */
  set(u, v) {
    this.position = [u, v];
    this.redraw();
  }

  /** Decode the grid, a few tiles per frame; a grid that is still being decoded is given up. */
  fill(label) {
    this.stop?.();
    if (this.model.isHere) this.fillHere(label);
    else this.fillByKernel(label);
  }

  fillHere(label) {
    let n = 0;
    this.stop = inSlices(() => {
      const [column, row] = [n % this.tiles, Math.floor(n / this.tiles)];
      this.putTile(column, row, this.model.decode(this.centre(column, row), label));
      n += 1;
      if (n % this.tiles === 0) this.redraw();
      return n < this.tiles ** 2;
    }, this.redraw);
  }

  async fillByKernel(label) {
    let stopped = false;
    this.stop = () => { stopped = true; };
    const columns = [...Array(this.tiles).keys()];
    for (let row = 0; row < this.tiles && !stopped; row++) {
      const latents = columns.map((column) => this.centre(column, row));
      const tiles = await this.model.fetch(latents, label);
      if (stopped) return;
      tiles.forEach((pixels, column) => this.putTile(column, row, pixels));
      this.redraw();
    }
  }

  /** The latent in the middle of a tile; row 0 is the upper one. */
  centre(column, row) {
    const share = [(column + 0.5) / this.tiles, 1 - (row + 0.5) / this.tiles];
    return this.at(...share.map((part, axis) =>
      this.low[axis] + part * (this.high[axis] - this.low[axis])));
  }

  putTile(column, row, pixels) {
    const { width, height, channels } = this.model;
    const tile = new ImageData(width, height);
    paint(tile, pixels, [channels, height, width]);
    this.grid.getContext("2d").putImageData(tile, column * width, row * height);
  }

  /** Where a place of the map lies on the canvas. */
  place(u, v) {
    const share = [u, v].map((value, axis) =>
      (value - this.low[axis]) / (this.high[axis] - this.low[axis]));
    return [share[0] * 2 * PAD, (1 - share[1]) * 2 * PAD];
  }

  draw() {
    const context = this.canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(this.grid, 0, 0, 2 * PAD, 2 * PAD);
    if (this.points && this.showPoints) this.drawPoints(context);
    this.drawExtra?.(context);
    this.drawMarker(context);
  }

  /** Where one stands. */
  drawMarker(context) {
    const [x, y] = this.place(...this.position);
    ring(context, x, y, 16);
  }

  drawPoints(context) {
    const { xy, labels } = this.points;
    for (let i = 0; i < labels.length; i++) {
      const [x, y] = this.place(xy[2 * i], xy[2 * i + 1]);
      dot(context, x, y, 4, this.colours[labels[i] % this.colours.length]);
    }
  }
}

/** A ring that shows on black, on white and on every colour. */
export function ring(context, x, y, radius) {
  for (const [colour, line] of [["#000", 10], ["#fff", 5]]) {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** A dot with a thin pale edge. */
export function dot(context, x, y, radius, colour) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = "rgba(255, 255, 255, 0.7)";
  context.lineWidth = 1;
  context.stroke();
}
