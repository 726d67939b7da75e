// SPDX-License-Identifier: Apache-2.0
// The second person at city hall: the operations of the simulated issuer that wait for one.

import { post } from "./api.js";
import { getLang, w } from "./words.js";

export class Issuer {
  constructor(box) {
    this.box = box;
    this.drawn = "";
  }

  show(waiting) {
    const look = JSON.stringify([getLang(), waiting]);
    if (look === this.drawn) return;
    this.drawn = look;
    this.box.hidden = waiting.length === 0;
    const title = document.createElement("h3"), lead = document.createElement("p");
    title.textContent = w("release.title");
    lead.className = "lead";
    lead.textContent = w("release.lead");
    this.box.replaceChildren(title, ...waiting.map(o => this.row(o)), lead);
  }

  row(o) {
    const p = document.createElement("p"), n = document.createElement("b"), what = document.createElement("span");
    p.className = "op";
    n.textContent = o.number;
    what.textContent = w("op." + o.operation) + (o.kind === "none" ? "" : " · " + w("kind." + o.kind));
    const button = (label, body) => {
      const b = document.createElement("button");
      b.type = "button";
      b.textContent = w(label);
      b.dataset.number = o.number;
      b.addEventListener("click", () => post("api/issuer", body));
      return b;
    };
    const yes = button("release.yes", { release: o.number });
    yes.className = "yes";
    p.append(n, what, yes, button("release.no", { refuse: o.number }));
    return p;
  }
}
