// The points of a map, of which one is looked at; drawn at the size at which they are shown.

// its largest side in CSS pixels, to each of which the canvas has two of its own
const MAP = 440;
const FINE = 2;
const MARGIN = 26;
const MOVING = 700;

/** A scatter of points that move from one map to the next, and of which one is looked at. */
class Scatter {
  /**
   * @param {object} options labels of the points, their count, colours, classes (names), name,
   *     onlook(i), onpin(i), onresize()
   */
  constructor({ labels, count, colours, classes, name, onlook, onpin, onresize }) {
    Object.assign(this, { labels, count, colours, classes, onlook, onpin, onresize });
    this.side = FINE * MAP;
    this.canvas = make("canvas", {
      width: this.side, height: this.side, tabindex: 0, role: "application", class: "vaekit-map",
      "aria-label": `${name}: arrow keys go to the nearest point that way, Enter pins it`,
      ...KEEP_KEYS,
    });
    this.canvas.style.width = `${MAP}px`;
    // places on the canvas
    this.now = new Float32Array(2 * count);
    this.hidden = new Set();
    this.pinned = [];
    this.looked = 0;
    this.redraw = oncePerFrame(() => this.draw());
    onTheme(this.redraw);
    this.listen();
    new ResizeObserver(() => this.resize()).observe(this.canvas);
  }

  /** Have as many pixels as the size asks for: letters and points stay as large as they are. */
  resize() {
    const side = FINE * this.canvas.clientWidth;
    // 0 while it is hidden
    if (!side || side === this.side) return;
    this.side = side;
    this.canvas.width = side;
    this.canvas.height = side;
    this.onresize();
  }

  listen() {
    const at = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const scale = this.side / box.width;
      return this.nearest((event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
    };
    this.canvas.addEventListener("pointermove", (event) => this.look(at(event)));
    this.canvas.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.canvas.focus();
      this.look(at(event));
    });
    this.canvas.addEventListener("click", (event) => this.onpin(at(event)));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const ways = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    };
    event.stopPropagation();
    if (event.key === "Enter" || event.key === " ") this.onpin(this.looked);
    else if (event.key === "Home") this.look(this.next(0, 1));
    else if (event.key === "End") this.look(this.next(this.count - 1, -1));
    else if (event.key === "PageDown") this.look(this.next(this.looked + 1, 1));
    else if (event.key === "PageUp") this.look(this.next(this.looked - 1, -1));
    else if (event.key in ways) this.look(this.towards(...ways[event.key]));
    else return;
    event.preventDefault();
  }

  shown(i) { return !this.hidden.has(this.labels[i]); }

  /** The first point from i on, in the order of the images, that is shown. */
  next(i, step) {
    while (i >= 0 && i < this.count && !this.shown(i)) i += step;
    return i >= 0 && i < this.count ? i : this.looked;
  }

  nearest(x, y) {
    let best = this.looked;
    let least = Infinity;
    for (let i = 0; i < this.count; i++) {
      const distance = (this.now[2 * i] - x) ** 2 + (this.now[2 * i + 1] - y) ** 2;
      if (distance < least && this.shown(i)) [best, least] = [i, distance];
    }
    return best;
  }

  /** The nearest point within 45° of a direction. */
  towards(right, down) {
    const [x, y] = [this.now[2 * this.looked], this.now[2 * this.looked + 1]];
    let best = this.looked;
    let least = Infinity;
    for (let i = 0; i < this.count; i++) {
      const [dx, dy] = [this.now[2 * i] - x, this.now[2 * i + 1] - y];
      const along = dx * right + dy * down;
      const across = Math.abs(dx * down - dy * right);
      const distance = dx * dx + dy * dy;
      if (along <= 0 || across > along || distance >= least || !this.shown(i)) continue;
      [best, least] = [i, distance];
    }
    return best;
  }

  look(i) {
    if (i !== this.looked) {
      this.looked = i;
      this.redraw();
    }
    this.onlook(i);
  }

  /** Move the points to places on the canvas: smoothly, if motion is welcome. */
  go(places, smoothly) {
    cancelAnimationFrame(this.moving);
    if (!smoothly || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.now.set(places);
      // at once: a canvas that was resized is empty
      this.draw();
      return;
    }
    const from = this.now.slice();
    const begin = performance.now();
    const frame = (time) => {
      const part = clamp((time - begin) / MOVING, 0, 1);
      // slow at both ends
      const eased = part * part * (3 - 2 * part);
      for (let k = 0; k < from.length; k++) this.now[k] = from[k] + eased * (places[k] - from[k]);
      this.draw();
      if (part < 1) this.moving = requestAnimationFrame(frame);
    };
    this.moving = requestAnimationFrame(frame);
  }

  draw() {
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, this.side, this.side);
    this.ink = getComputedStyle(this.canvas).color;
    this.drawBelow?.(context);
    // somewhat smaller on a small map, where they lie closer together
    const size = Math.min(Math.sqrt(this.side / (FINE * MAP)), 1);
    const radius = size * (this.count > 5000 ? 3.5 : this.count > 1000 ? 5 : 7);
    for (let i = 0; i < this.count; i++) {
      if (!this.shown(i)) continue;
      const colour = this.colours[this.labels[i] % this.colours.length];
      dot(context, this.now[2 * i], this.now[2 * i + 1], radius, colour);
    }
    this.drawNames(context);
    this.drawAbove?.(context);
    const [x, y] = [this.now[2 * this.looked], this.now[2 * this.looked + 1]];
    ring(context, x, y, 13);
    this.pinned.forEach((i, k) => {
      badge(context, this.now[2 * i], this.now[2 * i + 1], "ab"[k]);
    });
  }

  /** Each class named at its median: a colour alone would not do. */
  drawNames(context) {
    const names = [];
    this.classes.forEach((word, label) => {
      if (this.hidden.has(label)) return;
      const members = [];
      for (let i = 0; i < this.count; i++) if (this.labels[i] === label) members.push(i);
      if (!members.length) return;
      const [x, y] = [0, 1].map((axis) => {
        const places = members.map((i) => this.now[2 * i + axis]).sort((p, q) => p - q);
        return places[Math.floor(places.length / 2)];
      });
      names.push({ word, x, y });
    });
    context.font = NAMES;
    apart(names.map((name) => ({ ...name, width: context.measureText(name.word).width })),
      this.side).forEach(({ word, x, y }) => written(context, word, x, y));
  }
}

/** From places of a map to the canvas: one scale for both axes, so that distances are true. */
function fitted([left, right, bottom, top], side) {
  const scale = (side - 2 * MARGIN) / Math.max(right - left, top - bottom, 1e-9);
  return (x, y) => [
    side / 2 + (x - (left + right) / 2) * scale, side / 2 - (y - (bottom + top) / 2) * scale,
  ];
}

/** The ends of points: [left, right, bottom, top]. */
function extentsOf(xy) {
  const ends = [Infinity, -Infinity, Infinity, -Infinity];
  for (let k = 0; k < xy.length; k++) {
    const axis = 2 * (k % 2);
    ends[axis] = Math.min(ends[axis], xy[k]);
    ends[axis + 1] = Math.max(ends[axis + 1], xy[k]);
  }
  return ends;
}

