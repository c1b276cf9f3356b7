// What all views are made of: elements, labelled controls, drawing once per frame.

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

let elements = 0;

/** An element: make("div", {class: "row", onclick: f}, [children]). */
export function make(tag, attributes = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A name for an element that nothing else in the document has. */
export const newId = () => `vaekit-${++elements}-${Math.random().toString(36).slice(2, 8)}`;

/** Keys that move a control: JupyterLab and Notebook would take them for themselves. */
export const KEEP_KEYS = { "data-lm-suppress-shortcuts": "true" };

/**
 * A labelled slider with a readout. Arrows, Home, End and Page keys move it in every front end.
 *
 * With `stops` it moves over these: its value is the number of the stop, its readout their name.
 * @returns {{element, input, set(value), value}}
 */
export function slider({ name, low = 0, high, value, step, stops, onmove }) {
  const id = newId();
  const last = stops ? stops.length - 1 : high;
  const input = make("input", {
    // any place can be shown as it is, whatever the keys' step
    id, type: "range", min: low, max: last, step: stops ? 1 : "any", value,
    ...KEEP_KEYS,
  });
  // an attribute is read as the middle when it comes before min and max
  input.value = value;
  const readout = make("output", { for: id });
  const words = () => (stops ? String(stops[input.value]) : inTwoDigits(input.value));
  const show = () => {
    readout.textContent = words();
    input.setAttribute("aria-valuetext", `${name} ${words()}`);
  };
  const move = (number) => {
    input.value = number;
    show();
    onmove(Number(input.value));
  };
  input.addEventListener("input", () => move(input.value));
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const now = Number(input.value);
    const page = stops ? 1 : (last - low) / 10;
    const single = stops ? 1 : step ?? (high - low) / 200;
    const places = {
      ArrowLeft: now - single, ArrowDown: now - single,
      ArrowRight: now + single, ArrowUp: now + single,
      PageDown: now - page, PageUp: now + page, Home: low, End: last,
    };
    if (!(event.key in places)) return;
    event.preventDefault();
    move(places[event.key]);
  });
  show();
  return {
    element: make("div", { class: "vaekit-slider" }, [
      make("label", { for: id }, [name]), input, readout,
    ]),
    input,
    set(number) { input.value = number; show(); },
    get value() { return Number(input.value); },
  };
}

/** A number with two digits after the point, and a zero without a sign. */
export function inTwoDigits(value) {
  return Number(value).toFixed(2).replace(/^-(0\.00)$/, "$1").replace("-", "−");
}

/** A button with a word on it. */
export function button(word, onclick, attributes = {}) {
  return make("button", { type: "button", onclick, ...attributes }, [word]);
}

/** A labelled list to choose from; its value is the number of the choice. */
export function chooser({ name, options, value = 0, onmove }) {
  const id = newId();
  const select = make("select", { id, ...KEEP_KEYS }, options.map((word, i) =>
    make("option", { value: i, selected: i === value }, [word])));
  select.addEventListener("change", () => onmove(Number(select.value)));
  return {
    element: make("div", { class: "vaekit-choice" }, [make("label", { for: id }, [name]), select]),
    set(number) { select.value = number; },
    get value() { return Number(select.value); },
  };
}

/** A labelled box to tick. */
export function tick({ name, value = true, onmove }) {
  const box = make("input", { type: "checkbox", checked: value, ...KEEP_KEYS });
  box.addEventListener("change", () => onmove(box.checked));
  return {
    element: make("label", { class: "vaekit-tick" }, [box, name]),
    set(on) { box.checked = on; },
    get value() { return box.checked; },
  };
}

/** Call `draw` at once, and once more in the next frame if it was asked for meanwhile. */
export function oncePerFrame(draw) {
  let waiting = false;
  let asked = false;
  const run = () => {
    waiting = true;
    asked = false;
    requestAnimationFrame(() => {
      waiting = false;
      if (asked) run();
    });
    draw();
  };
  return () => {
    if (waiting) asked = true;
    else run();
  };
}

/** Run `step` again and again, some milliseconds of each frame, until it gives false. */
export function inSlices(step, done = () => {}) {
  let stopped = false;
  const slice = () => {
    if (stopped) return;
    const until = performance.now() + 6;
    while (performance.now() < until) {
      if (!step()) {
        done();
        return;
      }
    }
    requestAnimationFrame(slice);
  };
  requestAnimationFrame(slice);
  return () => { stopped = true; };
}

/** The names of classes beside their colours. */
export function legend(classes, colours) {
  return make("ul", { class: "vaekit-legend" }, classes.map((name, i) =>
    make("li", {}, [
      make("span", { style: `background: ${colours[i % colours.length]}` }), name,
    ])));
}

/** Be told when the page turns light or dark: by the system, or by JupyterLab's own theme. */
export function onTheme(listener) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener);
  const theme = new MutationObserver(listener);
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
}
