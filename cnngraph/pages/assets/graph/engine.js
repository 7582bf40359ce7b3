// The layout engine, in a worker that starts as soon as this script does: it gets ready while the page is still made.

const PATIENCE = 400; // milliseconds that a layout may go on when a newer one is already wanted

class Engine {
  #worker = null;
  #running = null; // {id, dot, resolve, reject, since}
  #next = null;
  #count = 0;
  #refused = null; // why there is no worker

  constructor() {
    this.#start();
  }

  /** Places for a text in the DOT language; null where a newer layout was wanted first, or this one was given up. */
  layout(dot) {
    if (this.#refused) return Promise.reject(this.#refused);
    return new Promise((resolve, reject) => {
      this.#next?.resolve(null);
      this.#next = { id: ++this.#count, dot, resolve, reject };
      if (!this.#running) this.#go();
      else setTimeout(() => this.#hurry(), Math.max(0, this.#running.since + PATIENCE - performance.now()));
    });
  }

  /** Ends what runs, and what waits. */
  giveUp() {
    this.#next?.resolve(null);
    this.#next = null;
    if (this.#running) this.#restart();
  }

  /** Ends what runs, for what waits. */
  #hurry() {
    if (this.#next && this.#running && performance.now() - this.#running.since >= PATIENCE) this.#restart();
  }

  #restart() {
    this.#worker.terminate();
    this.#running?.resolve(null);
    this.#running = null;
    this.#start();
    this.#go();
  }

  #start() {
    const text = document.getElementById("engine").textContent;
    Engine.address ??= URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
      this.#worker = new Worker(Engine.address);
    } catch (cause) {
      this.#refused = new Error(`this browser starts no worker for the layout (${cause.message})`);
      return;
    }
    this.#worker.onmessage = ({ data: answer }) => this.#answered(answer);
    this.#worker.onerror = (event) => this.#answered({ id: this.#running?.id, error: event.message || "it failed" });
  }

  #go() {
    if (!this.#next) return;
    this.#running = { ...this.#next, since: performance.now() };
    this.#next = null;
    this.#worker.postMessage({ id: this.#running.id, dot: this.#running.dot });
  }

  #answered({ id, places, error }) {
    const done = this.#running;
    if (!done || id !== done.id) return;
    this.#running = null;
    if (error === undefined) done.resolve(places);
    else {
      done.reject(new Error(error)); // the engine may be in any state now
      this.#worker.terminate();
      this.#start();
    }
    this.#go();
  }
}

const firstEngine = new Engine();
let firstEngineIsFree = true;

/** An engine for a view: the one that has started already, or a new one. */
function engineOfView() {
  if (!firstEngineIsFree) return new Engine();
  firstEngineIsFree = false;
  return firstEngine;
}
