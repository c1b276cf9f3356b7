// A map of images by their codes: what lies here, what lies between these two.

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
  const fit = () => fitted(shared || extentsOf(points[state.m][state.p].xy), scatter.side);
  const onCanvas = (x, y) => fit()(x, y);

  const scatter = new Scatter({
    labels: points[0][0].labels, count: images.count, colours: scene.colours,
    classes: scene.classes, name: scene.flat ? "map of the latent space" : "t-SNE of the codes",
    onlook: (i) => look(i), onpin: (i) => pin(i), onresize: () => goToMap(false),
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

  const pair = new Pair({
    shape: images.shape, state,
    modelOf: () => models[state.m], codeOf: (i) => codes[state.m][i], labelOf,
    onmove: (place) => goTo(place), onshow: () => scatter.redraw(),
  });
  const showPair = () => {
    scatter.pinned = [state.a, state.b].filter((i) => i >= 0);
    pair.show();
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
    pair.showPlace();
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
    if (scene.flat) drawAxes(context, onCanvas, scatter.ink, scatter.side);
    if (!pair.isChosen || !scene.flat) return;
    context.strokeStyle = scatter.ink;
    context.lineWidth = 4;
    context.beginPath();
    [state.a, state.b].forEach((i) =>
      context.lineTo(scatter.now[2 * i], scatter.now[2 * i + 1]));
    context.stroke();
  };
  scatter.drawAbove = (context) => {
    const here = pair.isChosen && placeOf(pair.latentAt(state.t));
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
          card(original, "image"), card(rebuilt, "reconstruction"), card(pair.large, "at t"),
        ]),
        words,
        ...[row, perplexity].filter(Boolean).map((each) => each.element),
        ...(toggles ? [toggles.element] : []),
      ]),
    ]),
    pair.hint,
    pair.element,
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
