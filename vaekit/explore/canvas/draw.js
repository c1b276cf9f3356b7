// Draw an image: its posterior is a cloud on the map, and what the model makes of it stands beside.

const CLOUD_DRAWS = 150;
const DRAWS = 4;

VIEWS.draw = (host) => {
  const { scene } = host;
  const shape = scene.models[0].image_shape;
  const model = new Model(scene.models[0], host);
  const axes = new Axes(scene.axes);
  const noise = standardNormals(CLOUD_DRAWS, model.latentDim);
  let label = host.state.label ?? 0;
  // the posterior of the drawing: {mean, logVar}
  let q = null;
  let refill = false;

  const map = cloudMap({ host, model, axes, posterior: () => q, noise });
  const seen = new Screen(shape, DRAW_THUMB / shape[2], "the image that the model is given");
  const rebuilt = new Screen(shape, DRAW_THUMB / shape[2], "its reconstruction");
  const draws = Array.from({ length: scene.spreads ? DRAWS : 0 }, (_, k) =>
    new Screen(shape, DRAW_HALF / shape[2], `draw ${k + 1} from the posterior, decoded`));
  const words = make("output", { class: "vaekit-words" });

  const asked = newestOnly();
  const update = oncePerFrame(() => {
    const pixels = centre.value ? centred(sketch.pixels, shape) : sketch.pixels;
    seen.show(pixels);
    if (sketch.isEmpty) show(null);
    else if (model.front) show(model.posterior(pixels, label));
    else asked(() => posteriorByKernel(host, pixels, label), show);
  });
  const show = (posterior) => {
    q = sketch.isEmpty ? null : posterior;
    words.textContent = q ? inWords(q, axes) : "The posterior appears here as you draw.";
    map.redraw();
    if (refill) fill();
    refill = false;
    if (!q) [rebuilt, ...draws].forEach((screen) => screen.show(seenNothing));
    else {
      const latents = [q.mean, ...noise.map((e) => drawnFrom(q, e))];
      decodeAll(model, [rebuilt, ...draws], latents, label);
    }
  };
  const seenNothing = new Float32Array(model.size);
  const fill = () => map.fill(label);
  const sketch = new Sketch({
    shape,
    onchange: (ended) => {
      // of more than two latents the map is the slice through the drawing
      refill = ended && model.latentDim > 2;
      update();
      if (ended) keep();
    },
  });
  const keep = () => host.save({
    pixels: Array.from(sketch.pixels, (value) => Math.round(255 * value)),
    centre: centre.value, label,
  });

  const centre = tick({
    name: "centre it", value: host.state.centre ?? scene.centre,
    onmove: () => { update(); keep(); },
  });
  const choice = scene.choices && chooser({
    name: "class", options: scene.choices, value: label,
    onmove: (chosen) => {
      label = chosen;
      update();
      fill();
      keep();
    },
  });
  const restore = (state) => {
    if (state.pixels) sketch.pixels = Float32Array.from(state.pixels, (value) => value / 255);
    if (state.centre !== undefined) centre.set(state.centre);
    label = state.label ?? label;
    choice?.set(label);
    sketch.redraw();
    update();
  };
  host.onState((state) => { restore(state); fill(); });
  restore(host.state);
  fill();

  return make("div", {}, [
    make("div", { class: "vaekit-columns" }, [
      make("div", { class: "vaekit-column" }, [
        sketch.canvas, ...sketchTools(sketch),
        make("div", { class: "vaekit-row" }, [centre.element]),
        ...(choice ? [choice.element] : []),
        ...startImages(host, sketch, (pixels, ofClass) => {
          if (choice && ofClass !== undefined) {
            label = ofClass;
            choice.set(label);
            fill();
          }
          sketch.put(pixels);
        }),
      ]),
      make("div", { class: "vaekit-column" }, [
        captioned("it rebuilds", rebuilt.canvas),
        ...(draws.length ? [captioned("draws of z, decoded",
          make("div", { class: "vaekit-draws" }, draws.map((each) => each.canvas)))] : []),
        captioned("it was given", seen.canvas),
      ]),
      make("div", { class: "vaekit-column" }, [map.element, words]),
    ]),
    make("p", { class: "vaekit-hint" }, [scene.hint]),
  ]);
};

const DRAW_THUMB = 112;
const DRAW_SMALL = 44;
const DRAW_HALF = 54;

/** The map of the first two axes, or the strip of one, with the posterior drawn on it. */
function cloudMap({ host, model, axes, posterior, noise }) {
  const at = (...u) => {
    const q = posterior();
    const base = q ? q.mean : axes.latent(Array(axes.count).fill(0));
    const here = axes.place(base);
    return axes.latent(u.map((value, k) => value - here[k]), base);
  };
  const common = { model, colours: host.scene.colours, points: host.points("codes"), at };
  const [low, high] = [axes.low, axes.high];
  const map = axes.count === 1
    ? new CloudStrip({ ...common, name: axes.names[0], low: low[0], high: high[0] })
    : new CloudPad({ ...common, names: axes.names.slice(0, 2), low, high });
  Object.assign(map, { posterior, axes, noise });
  const classes = host.scene.classes;
  return {
    redraw: map.redraw,
    fill: (label) => map.fill(label),
    element: make("div", { class: "vaekit-column" }, [
      axes.count === 1 ? map.canvas : framed(map.canvas, axes.names),
      ...(common.points && classes?.length ? [legend(classes, host.scene.colours)] : []),
    ]),
  };
}

/** A map that shows where a drawing is, and is not dragged over. */
class CloudPad extends Pad {
  listen() {
    this.canvas.removeAttribute("tabindex");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "map with the posterior of the drawing");
    this.canvas.style.cursor = "default";
  }

  drawMarker(context) {
    const q = this.posterior();
    if (!q) return;
    const cloud = q.logVar.length ? this.noise.map((e) => drawnFrom(q, e)) : [];
    for (const z of cloud) dot(context, ...this.place(...this.axes.place(z)), 4, "#fff");
    const u = this.axes.place(q.mean);
    const [x, y] = this.place(clamp(u[0], this.low[0], this.high[0]),
      clamp(u[1], this.low[1], this.high[1]));
    if (!q.logVar.length) return void ring(context, x, y, 10);
    const sigma = this.axes.spread(q.logVar);
    const scale = [0, 1].map((k) => (2 * PAD * sigma[k]) / (this.high[k] - this.low[k]));
    for (const times of [1, 2]) oval(context, x, y, times * scale[0], times * scale[1]);
    crosshair(context, x, y);
  }
}

/** The same of one latent. */
class CloudStrip extends AxisStrip {
  drawMarker(context) {
    const q = this.posterior();
    if (!q) return;
    const u = clamp(this.axes.place(q.mean)[0], this.low, this.high);
    const sigma = q.logVar.length ? this.axes.spread(q.logVar)[0] : 0;
    // seen on light and on dark paper, and the images through it
    context.fillStyle = "rgba(230, 159, 0, 0.22)";
    for (const times of [1, 2]) {
      const [from, to] = [this.place(u - times * sigma), this.place(u + times * sigma)];
      context.fillRect(from, 0, to - from, this.canvas.height);
    }
    needle(context, this.place(u), this.canvas.height);
  }
}

/** An ellipse that shows on black, on white and on every colour. */
function oval(context, x, y, across, down) {
  for (const [colour, line] of [["#000", 6], ["#fff", 3]]) {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.beginPath();
    context.ellipse(x, y, Math.max(1, across), Math.max(1, down), 0, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** Four short lines that point at a place: a small cloud is found by them. */
function crosshair(context, x, y) {
  for (const [colour, line] of [["#000", 8], ["#fff", 4]]) {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.beginPath();
    for (const [right, down] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 26 * right, y + 26 * down);
      context.lineTo(x + 46 * right, y + 46 * down);
    }
    context.stroke();
  }
}

/** z = μ + σε. */
function drawnFrom({ mean, logVar }, epsilon) {
  return mean.map((value, d) => value + Math.exp(0.5 * (logVar[d] ?? -Infinity)) * epsilon[d]);
}

/** The same numbers in each page: a cloud that moves should not flicker. */
function standardNormals(count, size) {
  let seed = 12345;
  const uniform = () => {
    // a linear congruential generator: Park and Miller 1988
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };
  const one = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return Array.from({ length: count }, () => Array.from({ length: size }, one));
}

async function posteriorByKernel(host, pixels, label) {
  const bytes = Array.from(pixels, (value) => Math.round(255 * value));
  const { content } = await host.ask({ ask: "encode", pixels: bytes, label });
  return { mean: Float32Array.from(content.mean), logVar: Float32Array.from(content.log_var) };
}

/** Show on each screen what the model makes of its latent. */
const decodersAsked = new WeakMap();
function decodeAll(model, screens, latents, label) {
  if (model.isHere) {
    screens.forEach((screen, k) => screen.show(model.decode(latents[k], label)));
    return;
  }
  if (!decodersAsked.has(model)) decodersAsked.set(model, newestOnly());
  decodersAsked.get(model)(
    () => model.fetch(latents.slice(0, screens.length), label),
    (images) => screens.forEach((screen, k) => screen.show(images[k])),
  );
}

/** The posterior on the axes of the map. */
function inWords({ mean, logVar }, axes) {
  const place = axes.place(mean);
  const sigma = logVar.length ? axes.spread(logVar) : [];
  return axes.names.slice(0, 2).map((name, k) =>
    `${name} = ${inTwoDigits(place[k])}${sigma.length ? ` ± ${inTwoDigits(sigma[k])}` : ""}`,
  ).join(",  ");
}

/** What changes the drawing. */
function sketchTools(sketch) {
  const brush = slider({
    name: "brush", low: 0.4, high: 4, step: 0.1, value: sketch.radius,
    onmove: (radius) => { sketch.radius = radius * Math.max(1, sketch.width / 28); },
  });
  const eraser = button("eraser", () => {
    sketch.erases = !sketch.erases;
    eraser.setAttribute("aria-pressed", sketch.erases);
  }, { "aria-pressed": "false" });
  return [brush.element, make("div", { class: "vaekit-row" }, [
    eraser, button("undo", () => sketch.undo()), button("clear", () => sketch.clear()),
  ])];
}

/** Images that a drawing can begin with. */
function startImages(host, sketch, onchoose) {
  const images = host.images("start");
  if (!images) return [];
  const size = sketch.pixels.length;
  const buttons = Array.from({ length: images.count }, (_, n) => {
    const pixels = Float32Array.from(images.pixels.subarray(n * size, (n + 1) * size),
      (value) => value / 255);
    const screen = new Screen(images.shape, DRAW_SMALL / images.shape[2], "");
    screen.show(pixels);
    const name = host.scene.classes?.[images.labels?.[n]] ?? `number ${n + 1}`;
    const choose = make("button", {
      type: "button", class: "vaekit-thumb", title: name,
      "aria-label": `start from a test image, ${name}`,
      onclick: () => onchoose(pixels, images.labels?.[n]),
    }, [screen.canvas]);
    return choose;
  });
  return [captioned("start from a test image",
    make("div", { class: "vaekit-row vaekit-tight" }, buttons))];
}

/** Something with its title above it. */
function captioned(title, element) {
  return make("div", { class: "vaekit-titled" }, [make("span", {}, [title]), element]);
}
