// A pad to draw on, of as many pixels as the images of the model.

const SKETCH = 280;
const MOST_UNDO = 50;

/** Pixels (channels, height, width) in [0, 1] under a soft round brush. */
export class Sketch {
  /** @param {object} options shape of the image; onchange(ended), ended after each stroke */
  constructor({ shape, onchange }) {
    [this.channels, this.height, this.width] = shape;
    this.shape = shape;
    this.onchange = onchange;
    this.pixels = new Float32Array(this.channels * this.height * this.width);
    this.past = [];
    this.radius = 1.1;
    this.erases = false;
    this.cursor = [this.width / 2, this.height / 2];
    this.pen = null;

    this.unit = (2 * SKETCH) / this.width;
    this.small = make("canvas", { width: this.width, height: this.height });
    this.canvas = make("canvas", {
      width: 2 * SKETCH, height: Math.round(this.unit * this.height), tabindex: 0,
      role: "application", class: "vaekit-sketch",
      "aria-label": "pad to draw on: draw with the pointer; or arrow keys move a cursor, "
        + "the Space bar held down draws, Backspace undoes, Delete clears",
      ...KEEP_KEYS,
    });
    this.canvas.style.width = `${SKETCH}px`;
    this.redraw = oncePerFrame(() => this.draw());
    this.listenToPointer();
    this.listenToKeys();
  }

  get isEmpty() { return !this.pixels.some((value) => value > 0.02); }

  listenToPointer() {
    const place = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return [
        ((event.clientX - box.left) / box.width) * this.width,
        ((event.clientY - box.top) / box.height) * this.height,
      ];
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.canvas.setPointerCapture(event.pointerId);
      this.canvas.focus({ preventScroll: true });
      event.preventDefault();
      this.byKey = false;
      this.begin(place(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!this.pen) return;
      // a fast pen is somewhere several times between two frames
      const between = event.getCoalescedEvents?.() ?? [];
      for (const each of between.length ? between : [event]) this.line(place(each));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(name, () => this.end());
    }
  }

  listenToKeys() {
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("keyup", (event) => {
      if (event.key === " ") this.end();
    });
    this.canvas.addEventListener("blur", () => {
      this.byKey = false;
      this.end();
      this.redraw();
    });
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const undoes = event.key === "Backspace"
      || (event.key === "z" && (event.ctrlKey || event.metaKey));
    event.stopPropagation();
    if (event.key in steps) this.moveCursor(steps[event.key]);
    else if (event.key === " ") this.dab(event.repeat);
    else if (undoes) this.undo();
    else if (event.key === "Delete") this.clear();
    else return;
    event.preventDefault();
  }

  moveCursor([right, down]) {
    this.byKey = true;
    const [x, y] = this.cursor;
    const next = [clamp(x + right, 0.5, this.width - 0.5), clamp(y + down, 0.5, this.height - 0.5)];
    if (this.pen) this.line(next);
    this.cursor = next;
    this.redraw();
  }

  dab(again) {
    this.byKey = true;
    if (!again) this.begin(this.cursor);
  }

  begin(place) {
    this.remember();
    this.pen = place;
    this.line(place);
  }

  /** Draw from where the pen is to a place. */
  line(place) {
    const [x0, y0] = this.pen;
    const [x1, y1] = place;
    const reach = this.radius + 1;
    const left = Math.max(0, Math.floor(Math.min(x0, x1) - reach));
    const right = Math.min(this.width - 1, Math.ceil(Math.max(x0, x1) + reach));
    const top = Math.max(0, Math.floor(Math.min(y0, y1) - reach));
    const bottom = Math.min(this.height - 1, Math.ceil(Math.max(y0, y1) + reach));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const away = awayFrom(x + 0.5, y + 0.5, this.pen, place);
        const ink = clamp(this.radius + 0.5 - away, 0, 1);
        if (ink > 0) this.ink(y * this.width + x, ink);
      }
    }
    this.pen = place;
    this.cursor = place;
    this.redraw();
    this.onchange(false);
  }

  ink(at, amount) {
    const size = this.width * this.height;
    for (let i = at; i < this.pixels.length; i += size) {
      if (this.erases) this.pixels[i] *= 1 - amount;
      else this.pixels[i] = Math.max(this.pixels[i], amount);
    }
  }

  end() {
    if (!this.pen) return;
    this.pen = null;
    this.onchange(true);
  }

  remember() {
    this.past.push(this.pixels.slice());
    if (this.past.length > MOST_UNDO) this.past.shift();
  }

  /** Put pixels in the place of the drawing; it can be undone. */
  put(pixels) {
    this.remember();
    this.pixels = Float32Array.from(pixels);
    this.redraw();
    this.onchange(true);
  }

  clear() { this.put(new Float32Array(this.pixels.length)); }

  undo() {
    const before = this.past.pop();
    if (!before) return;
    this.pixels = before;
    this.redraw();
    this.onchange(true);
  }

  draw() {
    const context = this.canvas.getContext("2d");
    const image = new ImageData(this.width, this.height);
    paint(image, this.pixels, this.shape);
    this.small.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.small, 0, 0, this.canvas.width, this.canvas.height);
    if (this.isEmpty) this.drawHint(context);
    if (this.byKey) {
      ring(context, this.cursor[0] * this.unit, this.cursor[1] * this.unit,
        Math.max(8, this.radius * this.unit));
    }
  }

  drawHint(context) {
    context.fillStyle = "#9a9a9a";
    context.font = "32px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText("draw here", this.canvas.width / 2, this.canvas.height / 2);
  }
}

/** From a point to the line between two others. */
function awayFrom(x, y, [x0, y0], [x1, y1]) {
  const [right, down] = [x1 - x0, y1 - y0];
  const length = right ** 2 + down ** 2;
  const share = length ? clamp(((x - x0) * right + (y - y0) * down) / length, 0, 1) : 0;
  return Math.hypot(x - x0 - share * right, y - y0 - share * down);
}

/** Pixels moved by whole ones so that their centre of mass is in the middle, as in MNIST. */
export function centred(pixels, [channels, height, width]) {
  let [mass, across, below] = [0, 0, 0];
  pixels.forEach((value, i) => {
    mass += value;
    across += value * ((i % width) + 0.5);
    below += value * ((Math.floor(i / width) % height) + 0.5);
  });
  const moved = new Float32Array(pixels.length);
  if (!mass) return moved;
  const right = Math.round(width / 2 - across / mass);
  const down = Math.round(height / 2 - below / mass);
  for (let c = 0; c < channels; c++) {
    for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
      for (let x = Math.max(0, right); x < Math.min(width, width + right); x++) {
        moved[(c * height + y) * width + x] = pixels[(c * height + y - down) * width + x - right];
      }
    }
  }
  return moved;
}
