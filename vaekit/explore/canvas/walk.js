// A walk through a latent space: a pad over two axes, a slider for each, the decoded image.

/** z = origin + Σ uₖ · axisₖ, where the sliders give the u. */
class Axes {
  constructor({ origin, directions, names, low, high, start }) {
    Object.assign(this, { origin, directions, names, low, high, start });
    this.count = directions.length;
  }

  latent(u, origin = this.origin) {
    const z = Float32Array.from(origin);
    u.forEach((value, k) => {
      for (let d = 0; d < z.length; d++) z[d] += value * this.directions[k][d];
    });
    return z;
  }

  /** A latent as a place on the axes. */
  place(z) {
    return this.directions.map((direction) =>
      direction.reduce((sum, value, d) => sum + value * (z[d] - this.origin[d]), 0));
  }

  /** The standard deviation along each axis of a Gaussian with these log-variances. */
  spread(logVar) {
    return this.directions.map((direction) => Math.sqrt(
      direction.reduce((sum, value, d) => sum + value ** 2 * Math.exp(logVar[d]), 0)));
  }
}

VIEWS.walk = (host) => {
  const { scene } = host;
  const model = new Model(scene.models[0], host);
  const axes = new Axes(scene.axes);
  let u = Float32Array.from(host.state.u ?? axes.start);
  let label = host.state.label ?? 0;
  // another one where Python has chosen a latent beside these axes
  let origin = host.state.origin ?? axes.origin;

  const screen = new Screen(scene.models[0].image_shape, scene.scale, "the decoded image");
  const sliders = axes.names.map((name, k) => slider({
    name, low: axes.low[k], high: axes.high[k], value: u[k],
    onmove: (value) => go(k, value),
  }));
  const map = walkMap({
    host, model, axes,
    at: (...first) => axes.latent([...first, ...u.slice(first.length)], origin),
    onmove: (...first) => {
      first.forEach((value, k) => { u[k] = value; });
      show();
    },
  });

  const decode = oncePerFrame(() => {
    const z = axes.latent(u, origin);
    screen.decode(model, z, label);
    host.moved(z);
  });
  const show = () => {
    decode();
    sliders.forEach((each, k) => each.set(u[k]));
    map.set(u);
    host.save({ u: [...u], label, origin });
  };
  const fill = oncePerFrame(() => map.fill(label));
  const go = (k, value) => {
    u[k] = value;
    show();
    // the map is a slice at the other sliders' places
    if (k > 1) fill();
  };
  const goTo = (place, from = axes.origin) => {
    const moved = String(from) !== String(origin);
    u = Float32Array.from(place);
    origin = from;
    show();
    if (axes.count > 2 || moved) fill();
  };
  host.onState((state) => {
    const chosen = state.label ?? label;
    const other = String(chosen) !== String(label);
    label = chosen;
    choice?.set(label);
    goTo(state.u ?? u, state.origin ?? axes.origin);
    if (other) fill();
  });

  const choice = scene.choices && chooser({
    name: "class", options: scene.choices, value: label,
    onmove: (chosen) => {
      label = chosen;
      show();
      fill();
    },
  });
  const codes = map.points && tick({
    name: "test images",
    onmove: (on) => map.showCodes(on),
  });
  const buttons = make("div", { class: "vaekit-row" }, [
    button("start", () => goTo(axes.start)),
    button("centre", () => goTo(axes.start.map((_, k) => clamp(0, axes.low[k], axes.high[k])))),
    button("random", () => goTo(axes.low.map((low, k) =>
      clamp(normal() * (scene.spread?.[k] ?? 1), low, axes.high[k])))),
    ...(codes ? [codes.element] : []),
  ]);

  show();
  fill();
  const controls = [
    ...(choice ? [choice.element] : []), ...sliders.map((each) => each.element), buttons,
  ];
  return axes.count === 1
    ? beneath(map.element, screen.canvas, controls)
    : beside(map.element, screen.canvas, controls);
};

/** The picture and the controls to the right of a square map. */
function beside(map, picture, controls) {
  return make("div", { class: "vaekit-columns" }, [
    map, make("div", { class: "vaekit-column vaekit-controls" }, [picture, ...controls]),
  ]);
}

/** The picture, and to its right the controls, below a map that is as wide as the view. */
function beneath(map, picture, controls) {
  return make("div", { class: "vaekit-column" }, [
    map, make("div", { class: "vaekit-columns vaekit-beneath" }, [
      picture, make("div", { class: "vaekit-column vaekit-controls" }, controls),
    ]),
  ]);
}

/** The map of a walk: a pad over its first two axes, or a strip along the one. */
function walkMap({ host, model, axes, at, onmove }) {
  const { classes, colours } = host.scene;
  const points = host.points("codes");
  const common = { model, points, colours, at, onmove };
  const one = axes.count === 1;
  const map = one
    ? new AxisStrip({ ...common, name: axes.names[0], low: axes.low[0], high: axes.high[0] })
    : new Pad({ ...common, names: axes.names, low: axes.low, high: axes.high });
  const words = make("span", { class: "vaekit-words", "aria-hidden": "true" });
  if (points && !one) sayNearest(map, points, classes, words);
  return {
    points,
    set: (u) => map.set(...u.slice(0, 2)),
    fill: (label) => map.fill(label),
    showCodes: (on) => {
      map.showPoints = on;
      map.redraw();
    },
    element: make("div", { class: "vaekit-column" }, [
      one ? map.canvas : framed(map.canvas, axes.names),
      ...(points && classes?.length ? [legend(classes, colours)] : []),
      ...(points && classes?.length && !one ? [words] : []),
    ]),
  };
}

/** A map with the names of its axes. */
function framed(canvas, names) {
  return make("div", { class: "vaekit-axes" }, [
    make("span", { class: "vaekit-axis-y" }, [names[1]]), canvas,
    make("span", { class: "vaekit-axis-x" }, [names[0]]),
  ]);
}

/** Say of which class the code under the pointer is. */
function sayNearest(pad, { xy, labels }, classes, words) {
  // as high as a line, that nothing moves when it fills
  words.textContent = "\u00a0";
  if (!classes?.length) return;
  pad.canvas.addEventListener("pointermove", (event) => {
    const box = pad.canvas.getBoundingClientRect();
    const scale = (2 * PAD) / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    let [nearest, least] = [-1, 12];
    for (let i = 0; i < labels.length; i++) {
      const [across, down] = pad.place(xy[2 * i], xy[2 * i + 1]);
      const away = Math.hypot(across - x, down - y);
      if (away < least) [nearest, least] = [i, away];
    }
    words.textContent = nearest < 0 || !pad.showPoints
      ? "\u00a0" : `a test image of class ${classes[labels[nearest]]}`;
  });
  pad.canvas.addEventListener("pointerleave", () => { words.textContent = "\u00a0"; });
}

/** A draw from N(0, 1): Box and Muller 1958. */
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
