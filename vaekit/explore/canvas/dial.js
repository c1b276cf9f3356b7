// One slider through models that differ in one setting: the same latents, the same images.

/** The decoded grid of each model for one pad: kept once decoded, the shown one first. */
class PadGrids {
  constructor(pad, models) {
    this.pad = pad;
    const size = { width: pad.grid.width, height: pad.grid.height };
    this.layers = models.map((model) => ({ model, canvas: make("canvas", size), done: 0 }));
    this.current = this.layers[0];
    this.runs = 0;
  }

  /** Show the grid of a model. */
  show(index) {
    this.current = this.layers[index];
    this.pad.model = this.current.model;
    this.pad.grid = this.current.canvas;
    this.pad.redraw();
  }

  /** Decode all grids again, for another class. */
  start(label) {
    this.layers.forEach((layer) => { layer.done = 0; });
    this.stop?.();
    this.runs += 1;
    const run = this.runs;
    this.stop = inSlices(() => this.decodeTile(label));
    this.fetchRows(label, () => run === this.runs);
  }

  /** The shown layer if it is not complete, else the nearest of those that are not. */
  next(isHere) {
    const at = this.layers.indexOf(this.current);
    const distance = (layer) => Math.abs(this.layers.indexOf(layer) - at);
    return this.layers
      .filter((layer) => layer.model.isHere === isHere && layer.done < this.pad.tiles ** 2)
      .sort((first, second) => distance(first) - distance(second))[0];
  }

  decodeTile(label) {
    const layer = this.next(true);
    if (!layer) return false;
    const { tiles } = this.pad;
    const [column, row] = [layer.done % tiles, Math.floor(layer.done / tiles)];
    this.put(layer, column, row, layer.model.decode(this.pad.centre(column, row), label));
    return true;
  }

  async fetchRows(label, isWanted) {
    const columns = [...Array(this.pad.tiles).keys()];
    for (let layer = this.next(false); layer && isWanted(); layer = this.next(false)) {
      const row = Math.floor(layer.done / this.pad.tiles);
      const latents = columns.map((column) => this.pad.centre(column, row));
      const tiles = await layer.model.fetch(latents, label);
      if (!isWanted()) return;
      tiles.forEach((pixels, column) => this.put(layer, column, row, pixels));
    }
  }

  put(layer, column, row, pixels) {
    const { width, height, channels } = layer.model;
    const tile = new ImageData(width, height);
    paint(tile, pixels, [channels, height, width]);
    layer.canvas.getContext("2d").putImageData(tile, column * width, row * height);
    layer.done += 1;
    if (layer === this.current && column === this.pad.tiles - 1) this.pad.redraw();
  }
}

/** The same images as each model reconstructs them: a row per model, filled when first shown. */
class Reconstructions {
  constructor(host, models) {
    const { scene } = host;
    this.models = models;
    this.images = host.images("images");
    this.labels = this.images.labels ?? Array(this.images.count).fill(0);
    this.codes = models.map((model, k) => vectorsOf(host, `codes${k}`, model.latentDim));
    const shape = scene.models[0].image_shape;
    const row = (name) => new ImageRow(shape, this.images.count, 2, name);
    this.originals = row("the images");
    this.originals.putBytes(this.images.pixels);
    this.rows = models.map((model) => row(`reconstructions, ${scene.label} = ${model.name}`));
    this.batches = models.map(() => new Batch());
    this.isFilled = models.map(() => false);
    this.place = make("div");
    this.element = make("div", { class: "vaekit-column" }, [
      namedRow("images", this.originals),
      make("figure", { class: "vaekit-figure" }, [
        make("figcaption", {}, ["reconstructions"]), this.place,
      ]),
    ]);
  }

  show(index) {
    this.fill(index);
    this.place.replaceChildren(this.rows[index].canvas);
  }

  fill(index) {
    if (this.isFilled[index]) return;
    this.isFilled[index] = true;
    this.batches[index].run(this.models[index], this.codes[index], this.labels, (i, pixels) =>
      this.rows[index].put(i, pixels));
  }
}

/** The same latents as each model decodes them, where there is no map. */
class SameLatents {
  constructor(host, models) {
    const { scene } = host;
    this.latents = vectorsOf(host, "latents", models[0].latentDim);
    this.row = new ImageRow(scene.models[0].image_shape, scene.count, 2, "the decoded latents");
    this.batch = new Batch();
    this.element = namedRow("the same latents", this.row);
  }

  draw() {
    const { latentDim } = this.model;
    this.latents = this.latents.map(() => drawLatent(latentDim));
    this.show(this.model, this.label);
  }

  show(model, label) {
    Object.assign(this, { model, label });
    this.batch.run(model, this.latents, this.latents.map(() => label), (i, pixels) =>
      this.row.put(i, pixels));
  }
}

VIEWS.dial = (host) => {
  const { scene } = host;
  const models = scene.models.map((facts) => new Model(facts, host));
  let stop = host.state.stop ?? 0;
  let label = host.state.label ?? 0;
  let z = Float32Array.from(host.state.z ?? vectorsOf(host, "latents", models[0].latentDim)[0]);

  const isMap = Boolean(scene.axes);
  const screen = isMap && new Screen(scene.models[0].image_shape, scene.scale, "the decoded image");
  const points = isMap && models.map((_, k) => host.points(`points${k}`));
  const pad = isMap && new Pad({
    model: models[0], names: scene.axes.names, low: scene.axes.low, high: scene.axes.high,
    colours: scene.colours, points: points[0],
    at: (first, second) => Float32Array.from([first, second]),
    onmove: (first, second) => {
      z = Float32Array.from([first, second]);
      decode();
      save();
    },
  });
  if (isMap) z = z.map((value, axis) => clamp(value, scene.axes.low[axis], scene.axes.high[axis]));
  const grids = pad && new PadGrids(pad, models);
  const latents = isMap ? null : new SameLatents(host, models);
  const pairs = scene.images && new Reconstructions(host, models);
  const caption = make("p", { class: "vaekit-caption", "aria-live": "polite" });

  const decode = oncePerFrame(() => {
    screen?.decode?.(models[stop], z, label);
    latents?.show(models[stop], label);
    if (isMap) host.moved(z);
  });
  const save = () => host.save({ stop, label, z: [...z] });
  const show = oncePerFrame(() => {
    if (pad) {
      pad.points = points[stop];
      grids.show(stop);
    }
    pairs?.show(stop);
    // a space keeps the line's height
    caption.textContent = scene.captions[stop] || "\u00a0";
    decode();
  });
  const dial = slider({
    name: scene.label, stops: scene.stops, value: stop,
    onmove: (chosen) => {
      stop = chosen;
      show();
      save();
    },
  });
  const choice = scene.choices.length > 0 && chooser({
    name: "class", options: scene.choices, value: label,
    onmove: (chosen) => {
      label = chosen;
      decode();
      grids?.start(label);
      save();
    },
  });
  const codes = pad?.points && tick({
    name: "codes of the images",
    onmove: (on) => {
      pad.showPoints = on;
      pad.redraw();
    },
  });
  host.onState((state) => {
    stop = state.stop ?? stop;
    z = Float32Array.from(state.z ?? z);
    dial.set(stop);
    pad?.set(z[0], z[1]);
    if (state.label !== undefined && state.label !== label) {
      label = state.label;
      choice && choice.set(label);
      grids?.start(label);
    }
    show();
  });

  show();
  pad && pad.set(z[0], z[1]);
  grids && grids.start(label);
  return make("div", { class: "vaekit-column" }, [
    make("div", { class: "vaekit-dial" }, [dial.element]),
    ...(scene.captions.some(Boolean) ? [caption] : []),
    make("div", { class: "vaekit-columns" }, [
      ...(pad ? [make("div", { class: "vaekit-column" }, [
        framed(pad.canvas, scene.axes.names),
        ...(pad.points && scene.classes?.length ? [legend(scene.classes, scene.colours)] : []),
        ...(codes ? [codes.element] : []),
      ])] : []),
      make("div", { class: "vaekit-column vaekit-controls" }, [
        ...(choice ? [choice.element] : []),
        ...(screen ? [screen.canvas] : []),
        ...(latents ? [latents.element, make("div", { class: "vaekit-row" }, [
          button("other latents", () => latents.draw()),
        ])] : []),
        ...(pairs ? [pairs.element] : []),
      ]),
    ]),
  ]);
};
