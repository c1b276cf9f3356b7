// From one image to another: two chosen from a strip, a slider between them, nine pictures.

const NINE = 9;

/**
 * The latent at t on the way from a to b: a line, or an arc whose direction and length change at
 * constant speed. As vaekit.explore.between.slerp, where the formula stands.
 */
export function onTheWay(a, b, t, spherical) {
  const line = () => Float32Array.from(a, (value, d) => (1 - t) * value + t * b[d]);
  const lengthOf = (vector) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  const lengths = [lengthOf(a), lengthOf(b)];
  if (!spherical || Math.min(...lengths) === 0) return line();

  const unit = Array.from(a, (value) => value / lengths[0]);
  const towards = Array.from(b, (value) => value / lengths[1]);
  const cosine = unit.reduce((sum, value, d) => sum + value * towards[d], 0);
  let rest = towards.map((value, d) => value - cosine * unit[d]);
  const sine = lengthOf(rest);
  if (sine < 1e-6) {
    if (cosine > 0 || unit.length === 1) return line();
    // opposite directions: the axis along which a is shortest, made orthogonal to a
    const sizes = unit.map(Math.abs);
    const axis = sizes.indexOf(Math.min(...sizes));
    rest = unit.map((value, d) => (d === axis ? 1 : 0) - unit[axis] * value);
  }
  const size = lengthOf(rest);
  const angle = t * Math.atan2(sine, cosine);
  const length = (1 - t) * lengths[0] + t * lengths[1];
  return Float32Array.from(unit, (value, d) =>
    length * (Math.cos(angle) * value + Math.sin(angle) * rest[d] / size));
}

/** A row of pictures that one can press. Left and right arrows move the focus along it. */
class Tiles {
  /**
   * @param {object} options shape of the pictures, count, name of the row, what(i) for each
   *     picture, onchoose(i), width of each in CSS pixels
   */
  constructor({ shape, count, name, what, onchoose, width, fluid = false }) {
    this.screens = Array.from({ length: count }, (_, i) => new Screen(shape, 1, what(i)));
    this.buttons = this.screens.map((screen, i) => {
      screen.canvas.style.width = "";
      return make("button", {
        type: "button", class: "vaekit-pick", "aria-label": what(i), "aria-pressed": "false",
        onclick: () => onchoose(i), onkeydown: (event) => this.key(event, i), ...KEEP_KEYS,
      }, [screen.canvas]);
    });
    this.element = make("div", {
      class: `vaekit-picks${fluid ? " vaekit-picks-nine" : ""}`, role: "group",
      "aria-label": name, style: `--tile: ${width}px`,
    }, this.buttons);
  }

  key(event, i) {
    const last = this.buttons.length - 1;
    const places = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: last };
    event.stopPropagation();
    if (!(event.key in places)) return;
    event.preventDefault();
    this.buttons[clamp(places[event.key], 0, last)].focus();
  }

  show(i, pixels) { this.screens[i].show(pixels); }

  /** Show which are chosen: {index: the word on it}. */
  mark(words) {
    this.buttons.forEach((each, i) => {
      const word = words[i];
      each.setAttribute("aria-pressed", String(word !== undefined));
      if (word) each.dataset.word = word;
      else delete each.dataset.word;
    });
  }
}

/** One of N images in 0 … 255, as pixels in [0, 1]. */
function pixelsOf(images, i) {
  const size = images.shape.reduce((product, side) => product * side, 1);
  return Float32Array.from(images.pixels.subarray(i * size, (i + 1) * size), (v) => v / 255);
}

/**
 * The pictures on the way between two latents: decoded here, else asked for; then each is kept.
 * `get` calls `done(pixels of each t)` at once, or when the kernel has answered; of the questions
 * of one queue (see newestOnly) only the newest waits.
 */
class Way {
  constructor(host, model, latents, shape) {
    Object.assign(this, { host, model, latents });
    this.size = shape.reduce((product, side) => product * side, 1);
    this.kept = new Map();
  }

  get isHere() { return Boolean(this.model?.isHere); }

  key({ a, b, spherical, label }, t) { return JSON.stringify([a, b, spherical, label, t]); }

  has(pair, t) { return this.kept.get(this.key(pair, t)); }

  keep(pair, ts, pictures) {
    // a slider has 200 places
    if (this.kept.size > 1000) this.kept.clear();
    ts.forEach((t, i) => this.kept.set(this.key(pair, t), pictures[i]));
  }

  get(pair, ts, queue, done) {
    if (this.isHere) {
      const [a, b] = [this.latents[pair.a], this.latents[pair.b]];
      done(ts.map((t) =>
        this.model.decode(onTheWay(a, b, t, pair.spherical), pair.label).slice()));
      return;
    }
    const missing = ts.filter((t) => !this.has(pair, t));
    const all = () => done(ts.map((t) => this.has(pair, t)));
    if (!missing.length) {
      all();
      return;
    }
    const request = () => this.host.ask({ ask: "between", ...pair, t: missing }).then(
      ({ buffers }) => this.read(buffers[0], missing.length),
      () => null,
    );
    queue(request, (pictures) => {
      if (pictures) this.keep(pair, missing, pictures);
      if (pictures) all();
      else done(null);
    });
  }

  read(buffer, count) {
    const bytes = bytesOf(buffer);
    return Array.from({ length: count }, (_, i) =>
      Float32Array.from(bytes.subarray(i * this.size, (i + 1) * this.size), (v) => v / 255));
  }
}

/** Rows of 32-bit floats. */
function rowsOf(bytes, width) {
  const numbers = new Float32Array(bytes.slice().buffer);
  return Array.from({ length: numbers.length / width }, (_, i) =>
    numbers.subarray(i * width, (i + 1) * width));
}

VIEWS.interpolate = (host) => {
  const { scene } = host;
  const images = host.images("ends");
  const model = scene.models[0] && new Model(scene.models[0], host);
  const latents = model && rowsOf(host.bytes("latents"), model.latentDim);
  const way = new Way(host, model, latents, images.shape);
  const state = {
    a: scene.a, b: scene.b, t: 0.5, spherical: scene.spherical, label: scene.label, ...host.state,
  };
  const pair = () => ({ a: state.a, b: state.b, spherical: state.spherical, label: state.label });
  const nine = Array.from({ length: NINE }, (_, k) => k / (NINE - 1));
  const first = host.images("first");
  if (first) {
    const pictures = nine.map((_, k) => pixelsOf(first, k));
    way.keep({ a: scene.a, b: scene.b, spherical: scene.spherical, label: scene.label },
      nine, pictures);
  }

  const [, height, width] = images.shape;
  const thumbs = Array.from({ length: images.count }, (_, i) => pixelsOf(images, i));
  const what = (i) => `image ${i + 1}${nameOf(images, scene, i)}`;
  const ends = new Tiles({
    shape: images.shape, count: images.count, name: "choose two images", width: 48, what,
    onchoose: (i) => choose(i),
  });
  thumbs.forEach((pixels, i) => ends.show(i, pixels));

  // the next image chosen from the strip becomes a or b
  let next = "a";
  const large = new Screen(images.shape, 1, "the picture at t");
  large.canvas.style.width = `min(${width * scene.scale}px, 46cqw)`;
  const cards = ["a", "b"].map((end) => {
    const screen = new Screen(images.shape, 1, "");
    screen.canvas.style.width = "";
    const element = make("button", {
      type: "button", class: "vaekit-end", onclick: () => { next = end; mark(); },
    }, [screen.canvas, make("span", {}, [end])]);
    return { end, screen, element };
  });
  const steps = new Tiles({
    shape: images.shape, count: NINE, name: "nine pictures from a to b", width: 86, fluid: true,
    what: (k) => `t = ${nine[k]}`, onchoose: (k) => goTo(nine[k]),
  });
  const t = slider({
    name: "t", low: 0, high: 1, value: state.t, onmove: (value) => goTo(value),
  });

  const hint = make("p", { class: "vaekit-words", role: "status" });
  const mark = () => {
    hint.textContent = `Choose a picture; it becomes ${next}.`;
    ends.mark(state.a === state.b ? { [state.a]: "a b" } : { [state.a]: "a", [state.b]: "b" });
    cards.forEach(({ end, screen, element }) => {
      screen.show(thumbs[state[end]]);
      element.setAttribute("aria-pressed", String(next === end));
      element.setAttribute("aria-label",
        `${end} is ${what(state[end])}; choose another one for ${end}`);
    });
  };
  const note = make("span", { role: "status" });
  // the large picture and the nine wait for the kernel each on its own
  const queues = [newestOnly(), newestOnly()];
  const showLarge = oncePerFrame(() => {
    const place = Number(state.t.toFixed(4));
    if (!way.isHere && !way.has(pair(), place)) {
      // until the kernel has answered, the nearest picture that is there
      const near = way.has(pair(), Math.round(place * (NINE - 1)) / (NINE - 1));
      if (near) large.show(near);
    }
    const asked = JSON.stringify(pair());
    way.get(pair(), [place], queues[0], (pictures) => {
      if (JSON.stringify(pair()) === asked && pictures) large.show(pictures[0]);
    });
    steps.mark(nine.includes(place) ? { [nine.indexOf(place)]: "" } : {});
  });
  const showNine = oncePerFrame(() => {
    const asked = JSON.stringify(pair());
    way.get(pair(), nine, queues[1], (pictures) => {
      if (JSON.stringify(pair()) !== asked) return;
      note.textContent = pictures ? "" : "No kernel answers, which these pictures need.";
      pictures?.forEach((pixels, k) => steps.show(k, pixels));
      showLarge();
    });
  });

  const show = () => {
    mark();
    t.set(state.t);
    showLarge();
    showNine();
    host.save({ ...state });
  };
  const goTo = (place) => {
    state.t = place;
    t.set(place);
    showLarge();
    host.save({ ...state });
  };
  const choose = (i) => {
    state[next] = i;
    next = next === "a" ? "b" : "a";
    show();
  };
  const relabel = (label) => {
    state.label = label;
    if (scene.drawn) drawEnds();
    show();
  };
  // a draw has another picture in each class; an image stays what it is
  const drawEnds = () => {
    const put = (pictures) => pictures.forEach((pixels, i) => {
      thumbs[i] = pixels;
      ends.show(i, pixels);
      mark();
    });
    if (way.isHere) put(latents.map((z) => model.decode(z, state.label).slice()));
    else {
      const { label } = state;
      host.ask({ ask: "ends", label }).then(({ buffers }) => {
        if (label === state.label) put(way.read(buffers[0], thumbs.length));
      }, () => {});
    }
  };

  const route = scene.has_arc && chooser({
    name: "way", options: ["line", "arc"], value: state.spherical ? 1 : 0,
    onmove: (chosen) => {
      state.spherical = chosen === 1;
      show();
    },
  });
  const labels = labelControls(scene, state.label, relabel);
  host.onState((told) => {
    Object.assign(state, told);
    route?.set?.(state.spherical ? 1 : 0);
    labels.set(state.label);
    show();
  });

  if (JSON.stringify(state.label) !== JSON.stringify(scene.label) && scene.drawn) drawEnds();
  show();
  return make("div", { class: "vaekit-column" }, [
    hint,
    ends.element,
    make("div", { class: "vaekit-between" }, [
      cards[0].element, large.canvas, cards[1].element,
    ]),
    t.element,
    steps.element,
    make("div", { class: "vaekit-row" }, [
      ...(route ? [route.element] : []), ...labels.elements,
      button("swap a and b", () => {
        [state.a, state.b] = [state.b, state.a];
        state.t = 1 - state.t;
        show();
      }),
      note,
    ]),
  ]);
};

/** The class of an image of the strip, where it is known. */
function nameOf(images, scene, i) {
  const label = images.labels?.[i];
  return label === undefined ? "" : `, ${scene.classes?.[label] ?? label}`;
}

/** A list of classes, or a box to tick for each attribute; nothing without a condition. */
function labelControls(scene, label, onmove) {
  if (!scene.choices?.length) return { elements: [], set() {} };
  if (!scene.has_attributes) {
    const list = chooser({ name: "class", options: scene.choices, value: label, onmove });
    return { elements: [list.element], set: list.set };
  }
  const ticks = scene.choices.map((name, k) => tick({
    name, value: label[k] > 0,
    onmove: () => onmove(ticks.map((each) => (each.value ? 1 : 0))),
  }));
  return {
    elements: ticks.map((each) => each.element),
    set(row) { ticks.forEach((each, k) => each.set(row[k] > 0)); },
  };
}
