// The way between two images that were pinned on a map: a slider, nine pictures, a large one.

const NO_PAIR = "Click two points, or press Enter on them: here appears what lies between.";
const STEPS_OF_PAIR = Array.from({ length: NINE }, (_, k) => k / (NINE - 1));

/** What lies on a line between the codes of the images a and b. */
class Pair {
  /**
   * @param {object} options shape of the images, state ({a, b, t}, a and b −1 while not chosen),
   *     modelOf(), codeOf(i) and labelOf(i) of an image, onmove(t), onshow() when t was shown
   */
  constructor({ shape, state, modelOf, codeOf, labelOf, onmove, onshow }) {
    Object.assign(this, { state, modelOf, codeOf, labelOf, onshow });
    this.steps = new Tiles({
      shape, count: NINE, name: "nine pictures from a to b", width: 86, fluid: true,
      what: (k) => `t = ${STEPS_OF_PAIR[k]}`, onchoose: (k) => onmove(STEPS_OF_PAIR[k]),
    });
    this.large = new Screen(shape, 1, "the picture at t");
    this.slider = slider({ name: "t", low: 0, high: 1, value: state.t, onmove });
    this.hint = make("p", { class: "vaekit-words" }, [NO_PAIR]);
    this.element = make("div", { class: "vaekit-column" }, [
      this.slider.element, this.steps.element,
    ]);
    this.asked = newestOnly();
    this.showNine = oncePerFrame(() => this.drawNine());
    this.showPlace = oncePerFrame(() => this.drawPlace());
  }

  get isChosen() { return this.state.a >= 0 && this.state.b >= 0; }

  latentAt(t) {
    return onTheWay(this.codeOf(this.state.a), this.codeOf(this.state.b), t, false);
  }

  /** Show the pair that is chosen now, or that none is. */
  show() {
    const { a, b } = this.state;
    this.element.classList.toggle("vaekit-waiting", !this.isChosen);
    this.large.canvas.classList.toggle("vaekit-waiting", !this.isChosen);
    this.element.inert = !this.isChosen;
    this.hint.textContent = this.isChosen
      ? `From image ${a + 1} (a) to image ${b + 1} (b), on a line between their codes:` : NO_PAIR;
    this.showNine();
    this.showPlace();
  }

  drawNine() {
    if (!this.isChosen) return;
    const [model, label] = [this.modelOf(), this.labelOf(this.state.a)];
    const request = () => model.fetch(STEPS_OF_PAIR.map((t) => this.latentAt(t)), label)
      .catch(() => null);
    this.asked(request, (pictures) =>
      pictures?.forEach((pixels, k) => this.steps.show(k, pixels)));
  }

  drawPlace() {
    const { a, t } = this.state;
    this.slider.set(t);
    this.onshow();
    if (!this.isChosen) return;
    this.large.decode(this.modelOf(), this.latentAt(t), this.labelOf(a));
    const k = STEPS_OF_PAIR.indexOf(Number(t.toFixed(4)));
    this.steps.mark(k < 0 ? {} : { [k]: "" });
  }
}
