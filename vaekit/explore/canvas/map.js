// A map of images by their codes: what lies here, what lies between these two.

const MAP = 440;
const MARGIN = 26;
const MOVING = 700;

/** A scatter of points that move from one map to the next, and of which one is looked at. */
class Scatter {
  /**
   * @param {object} options labels of the points, their count, colours, classes (names), square
   *     (the same scale along both axes), name, onlook(i), onpin(i)
   */
  constructor({ labels, count, colours, classes, name, onlook, onpin }) {
    Object.assign(this, { labels, count, colours, classes, onlook, onpin });
    this.canvas = make("canvas", {
      width: 2 * MAP, height: 2 * MAP, tabindex: 0, role: "application", class: "vaekit-map",
      "aria-label": `${name}: arrow keys go to the nearest point that way, Enter pins it`,
      ...KEEP_KEYS,
    });
    this.canvas.style.width = `${MAP}px`;
    // places on the canvas; those that the points left, and those that they go to
    this.now = new Float32Array(2 * count);
    this.hidden = new Set();
    this.pinned = [];
    this.looked = 0;
    this.redraw = oncePerFrame(() => this.draw());
    onTheme(this.redraw);
    this.listen();
  }

  listen() {
    const at = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const scale = (2 * MAP) / box.width;
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
      this.redraw();
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
    context.clearRect(0, 0, 2 * MAP, 2 * MAP);
    this.ink = getComputedStyle(this.canvas).color;
    this.drawBelow?.(context);
    const radius = this.count > 5000 ? 3.5 : this.count > 1000 ? 5 : 7;
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
    this.classes.forEach((name, label) => {
      if (this.hidden.has(label)) return;
      const members = [];
      for (let i = 0; i < this.count; i++) if (this.labels[i] === label) members.push(i);
      if (!members.length) return;
      const [x, y] = [0, 1].map((axis) => {
        const places = members.map((i) => this.now[2 * i + axis]).sort((p, q) => p - q);
        return places[Math.floor(places.length / 2)];
      });
      written(context, name, x, y, "bold 25px system-ui, sans-serif");
    });
  }
}

/** A word with an outline, which can be read on every colour. */
function written(context, word, x, y, font) {
  context.font = font;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.strokeStyle = "#000";
  context.lineWidth = 7;
  context.strokeText(word, x, y);
  context.fillStyle = "#fff";
  context.fillText(word, x, y);
}

/** A letter in a disc: a point that was pinned. */
function badge(context, x, y, letter) {
  dot(context, x, y, 17, "#0072b2");
  context.font = "bold 25px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = "#fff";
  context.fillText(letter, x, y - 1);
}

/** From places of a map to the canvas: one scale for both axes, so that distances are true. */
function fitted(extents) {
  const [left, right, bottom, top] = extents;
  const scale = (2 * MAP - 2 * MARGIN) / Math.max(right - left, top - bottom, 1e-9);
  return (x, y) => [
    MAP + (x - (left + right) / 2) * scale, MAP - (y - (bottom + top) / 2) * scale,
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

VIEWS.map = (host) => {
  const { scene } = host;
  const images = host.images("images");
  const models = scene.models.map((facts) => new Model(facts, host));
  const codes = models.map((model, m) => rowsOf(host.bytes(`codes ${m}`), model.latentDim));
  const stops = Math.max(scene.perplexities.length, 1);
  const state = { m: 0, p: Math.floor(stops / 2), a: -1, b: -1, t: 0.5, hidden: [], ...host.state };
  const points = models.map((_, m) =>
    Array.from({ length: stops }, (_, p) => host.points(`map ${m} ${p}`)));

  // latents of several models share their axes; each t-SNE has a scale of its own
  const shared = scene.flat && points.map(([each]) => extentsOf(each.xy)).reduce((one, other) =>
    one.map((end, k) => (k % 2 ? Math.max : Math.min)(end, other[k])));
  const fit = () => fitted(shared || extentsOf(points[state.m][state.p].xy));
  const onCanvas = (x, y) => fit()(x, y);

  const scatter = new Scatter({
    labels: points[0][0].labels, count: images.count, colours: scene.colours,
    classes: scene.classes, name: scene.flat ? "map of the latent space" : "t-SNE of the codes",
    onlook: (i) => look(i), onpin: (i) => pin(i),
  });
  state.hidden.forEach((label) => scatter.hidden.add(label));

  const original = new Screen(images.shape, 1, "the image");
  const rebuilt = new Screen(images.shape, 1, "its reconstruction");
  const words = make("p", { class: "vaekit-words", role: "status" });
  const labelOf = (i) => scene.conditions?.[i] ?? 0;
  const look = oncePerNewest((i) => {
    original.show(pixelsOf(images, i));
    rebuilt.decode(models[state.m], codes[state.m][i], labelOf(i));
    const name = scene.classes[scatter.labels[i]];
    words.textContent = `image ${i + 1}${name ? `, ${name}` : ""}`;
  });

  // the way between the two that were pinned
  const nine = Array.from({ length: NINE }, (_, k) => k / (NINE - 1));
  const steps = new Tiles({
    shape: images.shape, count: NINE, name: "nine pictures from a to b", width: 86, fluid: true,
    what: (k) => `t = ${nine[k]}`, onchoose: (k) => goTo(nine[k]),
  });
  const large = new Screen(images.shape, 1, "the picture at t");
  const t = slider({
    name: "t", low: 0, high: 1, value: state.t, onmove: (value) => goTo(value),
  });
  const latentAt = (place) =>
    onTheWay(codes[state.m][state.a], codes[state.m][state.b], place, false);
  const isPair = () => state.a >= 0 && state.b >= 0;
  const queue = newestOnly();
  const showNine = oncePerFrame(() => {
    if (!isPair()) return;
    const [model, label] = [models[state.m], labelOf(state.a)];
    queue(() => model.fetch(nine.map(latentAt), label).catch(() => null), (pictures) =>
      pictures?.forEach((pixels, k) => steps.show(k, pixels)));
  });
  const showLarge = oncePerFrame(() => {
    if (!isPair()) return;
    large.decode(models[state.m], latentAt(state.t), labelOf(state.a));
    const k = nine.indexOf(Number(state.t.toFixed(4)));
    steps.mark(k < 0 ? {} : { [k]: "" });
    scatter.redraw();
  });
  const between = make("div", { class: "vaekit-column" }, [t.element, steps.element]);
  const hint = make("p", { class: "vaekit-words" },
    ["Click two points, or press Enter on them: here appears what lies between."]);

  const showPair = () => {
    scatter.pinned = [state.a, state.b].filter((i) => i >= 0);
    between.classList.toggle("vaekit-waiting", !isPair());
    large.canvas.classList.toggle("vaekit-waiting", !isPair());
    between.inert = !isPair();
    hint.textContent = isPair()
      ? `From image ${state.a + 1} (a) to image ${state.b + 1} (b), on a line between their codes:`
      : "Click two points, or press Enter on them: here appears what lies between.";
    showNine();
    showLarge();
    scatter.redraw();
  };
  const pin = (i) => {
    if (state.a < 0) state.a = i;
    else {
      // the third one is the beginning of a new way
      if (state.b >= 0) state.a = state.b;
      state.b = i;
    }
    showPair();
    host.save({ ...state });
  };
  const goTo = (place) => {
    state.t = place;
    t.set(place);
    showLarge();
    host.save({ ...state });
  };

  // the latent of a place that is no image: exactly, or at the nearest code's point
  const placeOf = (z) => {
    if (z.length !== models[state.m].latentDim) return null;
    if (scene.flat) return onCanvas(z[0], z[1]);
    let [best, least] = [0, Infinity];
    codes[state.m].forEach((code, i) => {
      let distance = 0;
      for (let d = 0; d < z.length; d++) distance += (code[d] - z[d]) ** 2;
      if (distance < least) [best, least] = [i, distance];
    });
    return [scatter.now[2 * best], scatter.now[2 * best + 1]];
  };
  let walk = null;
  host.follow(scene.name, (z) => {
    walk = z;
    scatter.redraw();
  });
  scatter.drawBelow = (context) => {
    if (scene.flat) drawAxes(context, onCanvas, scatter.ink);
    if (!isPair() || !scene.flat) return;
    context.strokeStyle = scatter.ink;
    context.lineWidth = 4;
    context.beginPath();
    [state.a, state.b].forEach((i) =>
      context.lineTo(scatter.now[2 * i], scatter.now[2 * i + 1]));
    context.stroke();
  };
  scatter.drawAbove = (context) => {
    const here = isPair() && placeOf(latentAt(state.t));
    if (here) {
      ring(context, ...here, 9);
      dot(context, ...here, 7, "#0072b2");
    }
    const there = walk && placeOf(walk);
    if (there) star(context, ...there);
  };

  const goToMap = (smoothly) => {
    const { xy } = points[state.m][state.p];
    const place = fit();
    const places = new Float32Array(xy.length);
    for (let i = 0; i < xy.length; i += 2) places.set(place(xy[i], xy[i + 1]), i);
    scatter.go(places, smoothly);
  };
  const showAll = (smoothly) => {
    goToMap(smoothly);
    look(scatter.looked);
    showPair();
    host.save({ ...state });
  };
  const perplexity = scene.perplexities.length > 1 && slider({
    name: "perplexity", stops: scene.perplexities, value: state.p,
    onmove: (p) => { state.p = p; showAll(true); },
  });
  const row = models.length > 1 && slider({
    name: scene.row, stops: scene.stops, value: state.m,
    onmove: (m) => { state.m = m; showAll(true); },
  });
  const toggles = classToggles(scene, scatter, () => {
    state.hidden = [...scatter.hidden];
    scatter.redraw();
    host.save({ ...state });
  });
  host.onState((told) => {
    Object.assign(state, told);
    perplexity?.set?.(state.p);
    row?.set?.(state.m);
    t.set(state.t);
    scatter.hidden = new Set(state.hidden);
    toggles?.show();
    showAll(false);
  });

  showAll(false);
  const card = (screen, word) => make("figure", { class: "vaekit-card" }, [
    screen.canvas, make("figcaption", {}, [word]),
  ]);
  return make("div", { class: "vaekit-column" }, [
    make("div", { class: "vaekit-columns" }, [
      make("div", { class: "vaekit-column" }, [scatter.canvas]),
      make("div", { class: "vaekit-column vaekit-controls" }, [
        make("div", { class: "vaekit-cards" }, [
          card(original, "image"), card(rebuilt, "reconstruction"), card(large, "at t"),
        ]),
        words,
        ...[row, perplexity].filter(Boolean).map((each) => each.element),
        ...(toggles ? [toggles.element] : []),
      ]),
    ]),
    hint,
    between,
  ]);
};

/** Of several calls in one frame only the last counts; the first is answered at once. */
function oncePerNewest(show) {
  let value;
  const draw = oncePerFrame(() => show(value));
  return (newest) => {
    value = newest;
    draw();
  };
}

/** The classes as buttons that hide and show their points. */
function classToggles(scene, scatter, onmove) {
  if (!scene.classes.length) return null;
  const buttons = scene.classes.map((name, label) => {
    const colour = scene.colours[label % scene.colours.length];
    return make("button", {
      type: "button", class: "vaekit-toggle", ...KEEP_KEYS,
      onclick: () => {
        if (!scatter.hidden.delete(label)) scatter.hidden.add(label);
        show();
        onmove();
      },
    }, [make("span", { style: `background: ${colour}` }), name]);
  });
  const show = () => buttons.forEach((each, label) =>
    each.setAttribute("aria-pressed", String(!scatter.hidden.has(label))));
  const every = (hide) => () => {
    scatter.hidden = new Set(hide ? scene.classes.keys() : []);
    show();
    onmove();
  };
  show();
  const element = make("div", { class: "vaekit-toggles", role: "group", "aria-label": "classes" }, [
    ...buttons, button("all", every(false)), button("none", every(true)),
  ]);
  return { element, show };
}

/** Lines through the origin of a latent space, and the names of its axes. */
function drawAxes(context, onCanvas, ink) {
  const [x, y] = onCanvas(0, 0);
  context.strokeStyle = ink;
  context.globalAlpha = 0.35;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(0, y);
  context.lineTo(2 * MAP, y);
  context.moveTo(x, 0);
  context.lineTo(x, 2 * MAP);
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = ink;
  context.font = "26px system-ui, sans-serif";
  context.textAlign = "right";
  context.fillText("z₁", 2 * MAP - 8, clamp(y - 16, 30, 2 * MAP - 20));
  context.textAlign = "left";
  context.fillText("z₂", clamp(x + 10, 8, 2 * MAP - 40), 20);
}

/** Where the walk stands. */
function star(context, x, y) {
  context.beginPath();
  for (let k = 0; k < 10; k++) {
    const radius = k % 2 ? 9 : 21;
    const angle = (k / 10) * 2 * Math.PI - Math.PI / 2;
    context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  context.closePath();
  context.lineWidth = 6;
  context.strokeStyle = "#000";
  context.stroke();
  context.fillStyle = "#ffd92f";
  context.fill();
}
