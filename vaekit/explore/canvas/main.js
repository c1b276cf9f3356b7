// The hosts: a widget in a notebook, and a page of its own.

const WAIT = 20_000;

/** A question without an answer: the view says so, and the page need not report it as well. */
class Unanswered extends Error {}

addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof Unanswered) event.preventDefault();
});

/** What a view needs of the place where it stands. */
class Host {
  /** @param {object} scene what to show  @param {(name) => Uint8Array} bytes */
  constructor(scene, bytes, state = {}) {
    this.scene = scene;
    this.bytes = bytes;
    this.state = state;
    this.listeners = [];
  }

  /** Images (N, channels, height, width) in 0 … 255, and their labels, by name. */
  images(name) {
    const facts = this.scene.images?.[name];
    return facts && { ...facts, pixels: this.bytes(facts.buffer) };
  }

  /** Points of a map: {xy: two numbers each, labels}. */
  points(name) {
    const facts = this.scene.points?.[name];
    if (!facts) return undefined;
    return {
      xy: new Float32Array(this.bytes(facts.buffer).slice().buffer),
      labels: this.bytes(facts.labels),
    };
  }

  /** Keep where the controls stand. */
  save(state) { this.state = state; }

  /** Be told when the kernel moves the controls. */
  onState(listener) { this.listeners.push(listener); }

  /** Tell other views in this document where a walk stands. */
  moved(z) {
    const detail = { name: this.scene.name, z: [...z] };
    // for those who come later
    document.vaekitPlaces = { ...document.vaekitPlaces, [detail.name]: detail.z };
    document.dispatchEvent(new CustomEvent("vaekit-moved", { detail }));
  }

  /** Be told where the walk of that name stands. */
  follow(name, listener) {
    const heard = ({ detail }) => { if (detail.name === name) listener(detail.z); };
    document.addEventListener("vaekit-moved", heard);
    const last = document.vaekitPlaces?.[name];
    if (last) listener(last);
    this.leave = () => document.removeEventListener("vaekit-moved", heard);
  }

  /** Ask the kernel. */
  ask() {
    return Promise.reject(new Error("this page has no kernel"));
  }
}

/** A host whose kernel is asked by messages. */
class NotebookHost extends Host {
  constructor(model, tell) {
    super(model.get("scene"), (name) => bytesOf(model.get("buffers")[name]), model.get("state"));
    this.model = model;
    this.tell = tell;
    this.waiting = new Map();
    this.questions = 0;
    model.on("msg:custom", (content, buffers) => this.answered(content, buffers));
    model.on("change:state", () => this.heard());
  }

  heard() {
    const state = this.model.get("state");
    if (JSON.stringify(state) === JSON.stringify(this.state)) return;
    this.state = state;
    this.listeners.forEach((listener) => listener(state));
  }

  save(state) {
    this.state = state;
    clearTimeout(this.timer);
    // the kernel is told when the hand rests: it is not needed while it moves
    this.timer = setTimeout(() => {
      this.model.set("state", state);
      this.model.save_changes();
    }, 120);
  }

  ask(question) {
    const number = ++this.questions;
    return new Promise((resolve, reject) => {
      const fail = () => {
        clearTimeout(timer);
        this.waiting.delete(number);
        this.tell("The kernel does not answer. Start it, and run this cell again.");
        reject(new Unanswered("no answer"));
      };
      const timer = setTimeout(fail, WAIT);
      this.waiting.set(number, { resolve, reject, timer });
      try {
        this.model.send({ ...question, number });
      } catch {
        // the connection to the kernel is closed
        fail();
      }
    });
  }

  answered(content, buffers) {
    const waiting = this.waiting.get(content.number);
    if (!waiting) return;
    // an answer may come in parts
    clearTimeout(waiting.timer);
    this.waiting.delete(content.number);
    if (content.error) {
      this.tell(content.error);
      waiting.reject(new Unanswered(content.error));
    } else {
      this.tell("");
      waiting.resolve({ content, buffers });
    }
  }
}

function bytesOf(value) {
  if (value instanceof Uint8Array) return value;
  if (value?.buffer) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return new Uint8Array(value);
}

/** Show a view in an element; what goes wrong is said there. */
export function mount(view, makeHost, element) {
  const message = make("p", { class: "vaekit-message", role: "status" });
  const tell = (text) => { message.textContent = text; };
  const root = make("div", { class: "vaekit" });
  element.append(root);
  try {
    const host = makeHost(tell);
    if (!VIEWS[view]) throw new Error(`this page does not know the view ${view}`);
    root.append(VIEWS[view](host), message);
    return host;
  } catch (error) {
    root.append(message);
    tell(`This cannot be shown: ${error.message}.`);
    console.warn(error);
    return null;
  }
}

/** What anywidget calls for each view of the widget. */
function render({ model, el }) {
  const host = mount(model.get("view"), (tell) => new NotebookHost(model, tell), el);
  return () => host?.leave?.();
}

/** Bytes from a base64 text that was compressed by gzip. */
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Show what the page carries, one view below the other; what goes wrong is said on it. */
export async function showPage() {
  const message = document.getElementById("page-message");
  try {
    if (typeof DecompressionStream === "undefined") {
      throw new Error("this browser is too old. Use Firefox 113, Chrome 80, Safari 16.4, or later");
    }
    const { views, contents } = JSON.parse(document.getElementById("scenes").textContent);
    const bytes = {};
    for (const [key, text] of Object.entries(contents)) bytes[key] = await unpacked(text);
    views.forEach(({ view, scene, buffers }, number) => {
      const place = document.querySelector(`[data-view="${number}"]`);
      mount(view, () => new Host(scene, (name) => bytes[buffers[name]]), place);
    });
    message.textContent = "";
  } catch (error) {
    message.textContent = `These pictures cannot be shown: ${error.message}.`;
    console.warn(error);
  }
}

export default { render };
