// SPDX-License-Identifier: Apache-2.0
// Short tours for a first visitor. A tour is a list of things that come one after
// the other; each ticks itself when the box has really done it.

import { w } from "./words.js";

const store = "madoguchi.tour";

// tours: for each step, whether it has happened. s and d are the state of the box
// and of the world, before those of the moment earlier, hall the cases that city hall holds.
const tours = {
  first: [
    t => t.s.screen === "idle.board" && t.d.card === "adult",
    t => t.opened,
    t => t.s.screen.startsWith("resident."),
    t => /^resident\.rules/.test(t.s.screen),
    t => t.s.screen === "resident.changed",
    t => t.arrived && (t.closed || t.s.screen === "idle"),
  ],
  locked: [
    t => t.d.card === "locked",
    t => t.s.screen === "idle.board" && t.d.card === "locked",
    t => t.opened && Boolean(t.s.case.procedure),
    t => t.refused,
    t => t.closed,
  ],
  cut: [
    t => !t.d.line,
    t => !t.d.line && t.s.screen === "idle",
    t => !t.d.line && t.opened,
    t => !t.d.line && t.closed,
    t => t.d.line && t.arrived,
  ],
};

export class Tour {
  constructor(root, line) {
    this.line = line; // what stands there while the tours are folded away
    this.which = "first";
    this.at = {};
    try { this.at = JSON.parse(localStorage.getItem(store) || "{}"); } catch { /* private mode */ }
    this.bar = document.createElement("div");
    this.bar.className = "choices";
    this.bar.setAttribute("role", "group");
    this.choices = Object.keys(tours).map(id => {
      const b = document.createElement("button");
      b.type = "button";
      b.dataset.tour = id;
      b.addEventListener("click", () => { this.which = id; this.draw(); });
      return b;
    });
    this.again = document.createElement("button");
    this.again.type = "button";
    this.again.className = "again";
    this.again.addEventListener("click", () => { this.at[this.which] = 0; this.keep(); this.draw(); });
    this.bar.append(...this.choices, this.again);
    this.list = document.createElement("ol");
    this.end = document.createElement("p");
    this.end.setAttribute("role", "status");
    root.append(this.bar, this.list, this.end);
  }

  // see is told of every change: the state of box and world, and how many cases city hall holds.
  see(state, world, cases) {
    const open = Boolean(state.case);
    const t = { s: state, d: world, opened: open && /^clerk\./.test(state.screen),
      closed: state.screen === "clerk.closed", refused: /^(resident|clerk)\.(locked|relocked|closed|decision|refused)$/.test(state.screen) && world.card === "locked",
      arrived: cases > (this.at.cases || 0) };
    const steps = tours[this.which];
    let n = this.at[this.which] || 0;
    if (n === 0 && this.at.cases !== cases) { this.at.cases = cases; this.keep(); } // what was there before the tour
    while (n < steps.length && steps[n](t)) n++;
    if (n !== (this.at[this.which] || 0)) { this.at[this.which] = n; this.keep(); }
    this.draw();
  }

  keep() { try { localStorage.setItem(store, JSON.stringify(this.at)); } catch { /* private mode */ } }

  draw() {
    const n = this.at[this.which] || 0, steps = tours[this.which];
    this.line.textContent = `${w("tour.title")}: ${w("tour." + this.which)} ${n}/${steps.length}`;
    this.bar.setAttribute("aria-label", w("tour.title"));
    for (const b of this.choices) {
      b.textContent = w("tour." + b.dataset.tour);
      b.setAttribute("aria-pressed", String(b.dataset.tour === this.which));
    }
    this.again.textContent = w("tour.again");
    this.again.hidden = n === 0;
    this.list.replaceChildren(...steps.map((_, i) => {
      const li = document.createElement("li");
      li.textContent = w(`tour.${this.which}.${i + 1}`);
      li.classList.toggle("done", i < n);
      if (i === n) li.setAttribute("aria-current", "step");
      const sign = document.createElement("span");
      sign.className = "said";
      sign.textContent = i < n ? ` (${w("tour.done")})` : i === n ? ` (${w("tour.next")})` : "";
      li.append(sign);
      return li;
    }));
    this.end.textContent = n >= steps.length ? w("tour.end") : "";
  }
}
