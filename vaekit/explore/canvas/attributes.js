// Attributes by hand: a toggle or a dial for each, and the images before and after.

const TILE = 2;

VIEWS.attributes = (host) => {
  const { scene } = host;
  const model = new Model(scene.models[0], host);
  const shape = scene.models[0].image_shape;
  const first = vectorsOf(host, "latents", model.latentDim);
  const directions = scene.dials.length ? vectorsOf(host, "directions", model.latentDim) : [];
  const count = first.length;
  const images = host.images("images");

  let latents = first;
  let labels = scene.labels ?? Array(count).fill(0);
    let chosen = host.state.chosen ?? 0;
  // of attributes: "" leaves each image as it is; of directions: how much of each
  let toggles = host.state.toggles ?? scene.toggles.map(() => "");
  let amounts = host.state.amounts ?? scene.dials.map(() => 0);
  let kind = host.state.kind ?? "";

  const moved = (z) => {
    const after = Float32Array.from(z);
    directions.forEach((direction, k) => {
      for (let d = 0; d < after.length; d++) after[d] += amounts[k] * direction[d];
    });
    return after;
  };
  const labelled = (label) => {
    if (scene.toggles.length) return label.map((own, k) => (toggles[k] === "" ? own : toggles[k]));
    return kind === "" ? label : kind;
  };

  const big = ["before", "after"].map((name) =>
    new Screen(shape, scene.scale, `the chosen image ${name}`));
  const tiles = Array.from({ length: count }, (_, i) => {
    const screens = ["before", "after"].map((name) =>
      new Screen(shape, TILE, `image ${i + 1} ${name}`));
    const source = images && new Screen(shape, TILE, `image ${i + 1}`);
    source?.show(imageAt(images, i));
    const element = make("button", {
      type: "button", class: "vaekit-tile", "aria-label": `choose image ${i + 1}`,
      onclick: () => choose(i),
    }, [...(source ? [source.canvas] : []), ...screens.map((screen) => screen.canvas)]);
    return { element, screens, source };
  });

  const batches = [new Batch(), new Batch()];
  // the chosen one is decoded first
  const order = () => [chosen, ...[...Array(count).keys()].filter((i) => i !== chosen)];
  const decode = (which, latentOf, labelOf) => {
    const places = order();
    batches[which].run(
      model,
      places.map((i) => latentOf(latents[i])),
      places.map((i) => labelOf(labels[i])),
      (k, pixels) => {
        tiles[places[k]].screens[which].show(pixels);
        if (k === 0) big[which].show(pixels);
      },
    );
  };
  const showBefore = oncePerFrame(() => decode(0, (z) => z, (label) => label));
  const showAfter = oncePerFrame(() => decode(1, moved, labelled));
  const mark = () => tiles.forEach(({ element }, i) =>
    element.setAttribute("aria-pressed", i === chosen));
  const save = () => host.save({ chosen, toggles, amounts, kind });
  const change = () => {
    showAfter();
    save();
  };
  const choose = (i) => {
    chosen = i;
    mark();
    showBefore();
    change();
  };

  const switches = scene.toggles.map((name, k) =>
    (images ? threeWay : toggle)(name, () => toggles[k], (value) => {
      toggles = toggles.map((old, j) => (j === k ? value : old));
      change();
    }));
  const dials = scene.dials.map((name, k) => directionDial(name, scene.continuous, amounts[k],
    (amount) => {
      amounts = amounts.map((old, j) => (j === k ? amount : old));
      change();
    }));
  const choice = scene.choices.length > 0 && chooser({
    name: "class", options: ["as it is", ...scene.choices], value: kind === "" ? 0 : kind + 1,
    onmove: (place) => {
      kind = place ? place - 1 : "";
      change();
    },
  });
  const settle = () => {
    switches.forEach((each) => each.settle());
    dials.forEach((each, k) => each.settle(amounts[k]));
    choice && choice.set(kind === "" ? 0 : kind + 1);
  };
  const reset = () => {
    toggles = toggles.map(() => "");
    amounts = amounts.map(() => 0);
    kind = "";
    settle();
    change();
  };
  const exchange = (encoded) => {
    latents = encoded ? first : first.map(() => drawLatent(model.latentDim));
    labels = (encoded ? scene.labels : scene.drawn ?? scene.labels) ?? labels;
    tiles.forEach(({ source }) => source?.canvas.classList.toggle("vaekit-absent", !encoded));
    showBefore();
    showAfter();
  };
  host.onState((state) => {
    ({ chosen = chosen, toggles = toggles, amounts = amounts, kind = kind } = state);
    settle();
    mark();
    showBefore();
    showAfter();
  });

  settle();
  mark();
  showBefore();
  showAfter();
  return make("div", { class: "vaekit-column" }, [
    make("div", { class: "vaekit-columns" }, [
      make("div", { class: "vaekit-pair" }, [
        namedRow("before", big[0]), namedRow("after", big[1]),
      ]),
      make("div", { class: "vaekit-column vaekit-controls" }, [
        ...(choice ? [choice.element] : []),
        ...(switches.length ? [make("div", { class: images ? "vaekit-dials" : "vaekit-row" },
          switches.map((each) => each.element))] : []),
        ...(dials.length ? [make("div", { class: "vaekit-dials" },
          dials.map((each) => each.element))] : []),
        make("div", { class: "vaekit-row" }, [
          button("reset", reset),
          button("other latents", () => exchange(false)),
          ...(images ? [button("images", () => exchange(true))] : []),
        ]),
      ]),
    ]),
    make("div", { class: "vaekit-framed" }, [
      make("div", { class: "vaekit-names" }, [
        ...(images ? ["image"] : []), "before", "after",
      ].map((name) => make("span", {}, [name]))),
      make("div", { class: "vaekit-tiles", role: "group", "aria-label": "choose an image" },
        tiles.map(({ element }) => element)),
    ]),
  ]);
};

/** Pixels in [0, 1] of one of the images. */
export function imageAt(images, i) {
  const size = images.pixels.length / images.count;
  return Float32Array.from(images.pixels.subarray(i * size, (i + 1) * size), (v) => v / 255);
}

/** An attribute that is absent or present. */
function toggle(name, value, onmove) {
  const element = button(name, () => {
    onmove(value() === 1 ? "" : 1);
    settle();
  });
  const settle = () => element.setAttribute("aria-pressed", value() === 1);
  return { element, settle };
}

/** An attribute of images that have some already: taken away, as it is, or given. */
function threeWay(name, value, onmove) {
  const values = [0, "", 1];
  const made = slider({
    name, stops: ["off", "as is", "on"], value: values.indexOf(value()),
    onmove: (place) => onmove(values[place]),
  });
  return { element: made.element, settle: () => made.set(values.indexOf(value())) };
}

/** How much of a direction is added: −1, 0 or +1, or all between. */
function directionDial(name, isContinuous, amount, onmove) {
  if (isContinuous) {
    const made = slider({ name, low: -1, high: 1, value: amount, step: 0.02, onmove });
    return { element: made.element, settle: (now) => made.set(now) };
  }
  const made = slider({
    name, stops: ["−1", "0", "+1"], value: amount + 1, onmove: (place) => onmove(place - 1),
  });
  return { element: made.element, settle: (now) => made.set(now + 1) };
}
