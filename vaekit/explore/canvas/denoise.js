// Diffusion by hand: the number of steps, the guidance, and the way from noise to image.

// trajectories that the page keeps
const MOST_TRAJECTORIES = 60;
const PLAY_EVERY = 140;

/** What has been seen of the trajectories, by settings: for each step its bytes. */
class SeenTrajectories {
  constructor(host) {
    this.host = host;
    this.seen = new Map();
    const { carried, count, image_shape: shape } = host.scene;
    const size = 2 * count * shape[0] * shape[1] * shape[2];
    for (const { settings, buffer } of carried) {
      const bytes = host.bytes(buffer);
      const steps = Array.from({ length: settings[1] }, (_, k) =>
        bytes.subarray(k * size, (k + 1) * size));
      this.seen.set(JSON.stringify(settings), steps);
    }
  }

  /** The steps that are there, from the noise on. */
  of(settings) {
    const key = JSON.stringify(settings);
    if (!this.seen.has(key)) this.seen.set(key, []);
    if (this.seen.size > MOST_TRAJECTORIES) this.forgetOldest(key);
    return this.seen.get(key);
  }

  forgetOldest(current) {
    const oldest = [...this.seen.keys()].find((key) => key !== current);
    this.seen.delete(oldest);
  }

  /** Ask the kernel for the next step. */
  async more(settings) {
    const steps = this.of(settings);
    const [label, number, guidance] = settings;
    const { buffers } = await this.host.ask({
      ask: "step", label, steps: number, guidance, step: steps.length,
    });
    steps.push(bytesOf(buffers[0]));
  }
}

VIEWS.denoise = (host) => {
  const { scene } = host;
  const seen = new SeenTrajectories(host);
  let settings = host.state.settings ?? scene.first;
  // the share of the way that is shown: 0 is noise, 1 the image
  let share = host.state.share ?? 1;

  const rows = ["xₜ: what is left of the noise", "what the model takes the image to be"]
    .map((name) => new ImageRow(scene.image_shape, scene.count, scene.scale, name));
  const said = make("p", { class: "vaekit-caption", role: "status" });
  const wayPlace = make("div");
  let way = null;

  const times = () => scene.times[settings[1]];
  const wantedStep = () => Math.round(share * (settings[1] - 1));
  const show = oncePerFrame(() => {
    const steps = seen.of(settings);
    const last = steps.length - 1;
    const number = Math.min(wantedStep(), last);
    const isHere = steps.length === settings[1];
    rows.forEach((row) => row.canvas.classList.toggle("vaekit-old", number < 0));
    way.set(Math.max(number, 0));
    said.textContent = isHere || number === wantedStep()
      ? `step ${number + 1} of ${settings[1]}, t = ${times()[number]} of ${scene.total}`
      : `computing step ${steps.length + 1} of ${settings[1]} …`;
    if (number < 0) return;
    const half = steps[number].length / 2;
    rows[0].putBytes(steps[number].subarray(0, half));
    rows[1].putBytes(steps[number].subarray(half));
  });

  // one question at a time, and each for the settings of that moment: what nobody wants any more is
  // given up between two steps
  let computing = false;
  const compute = async () => {
    if (computing) return;
    computing = true;
    try {
      while (seen.of(settings).length < settings[1]) {
        await seen.more(settings);
        show();
      }
    } catch (error) {
      said.textContent = `These steps could not be computed: ${error.message}.`;
    } finally {
      computing = false;
    }
  };

  const makeWay = () => {
    way = slider({
      name: "the way", stops: times().map((t) => `t = ${t}`), value: wantedStep(),
      onmove: (step) => {
        stopPlaying();
        goTo(settings[1] > 1 ? step / (settings[1] - 1) : 1);
      },
    });
    wayPlace.replaceChildren(way.element);
  };
  const goTo = (place) => {
    share = place;
    show();
    host.save({ settings, share });
  };
  const change = (place, value) => {
    settings = settings.map((old, k) => (k === place ? value : old));
    if (place === 1) makeWay();
    goTo(share);
    compute();
  };

  const control = (place, name, stops, words) => {
    if (stops.length < 2) return null;
    const value = Math.max(stops.indexOf(settings[place]), 0);
    const onmove = (k) => change(place, stops[k]);
    const made = words
      ? chooser({ name, options: stops.map((stop) => words[stop]), value, onmove })
      : slider({ name, stops, value, onmove });
    return { ...made, settle: () => made.set(stops.indexOf(settings[place])) };
  };
  const controls = [
    control(0, "class", scene.classes.map((_, i) => i), scene.classes),
    control(1, "steps", scene.steps),
    scene.classes.length ? control(2, "guidance", scene.guidance) : null,
  ].filter(Boolean);

  let playing = 0;
  const stopPlaying = () => {
    clearInterval(playing);
    playing = 0;
    play.textContent = "play";
  };
  const play = button("play", () => {
    if (playing) {
      stopPlaying();
      return;
    }
    play.textContent = "stop";
    let step = 0;
    playing = setInterval(() => {
      const last = settings[1] - 1;
      goTo(last ? Math.min(step, last) / last : 1);
      step += 1;
      if (step > last || !play.isConnected) stopPlaying();
    }, PLAY_EVERY);
  });

  host.onState((state) => {
    settings = state.settings ?? settings;
    share = state.share ?? share;
    makeWay();
    controls.forEach((each) => each.settle());
    show();
    compute();
  });

  makeWay();
  show();
  compute();
  return make("div", { class: "vaekit-column vaekit-denoise" }, [
    ...controls.map((each) => each.element),
    make("div", { class: "vaekit-row vaekit-way" }, [wayPlace, play]),
    namedRow("xₜ, from noise to image", rows[0]),
    namedRow("the model's estimate of the image", rows[1]),
    said,
  ]);
};
