// SPDX-License-Identifier: Apache-2.0
// Who sees what: the counter from above, the lamp, and the three lines of the
// product's promise.

import { w } from "./words.js";

const svg = "http://www.w3.org/2000/svg";

function el(name, attrs, ...kids) {
  const e = document.createElementNS(svg, name);
  for (const [k, v] of Object.entries(attrs)) e.setAttribute(k, v);
  e.append(...kids);
  return e;
}

// A person from above: shoulders, arms on the counter, head.
function person(cls, y, turned) {
  const g = el("g", { class: "person " + cls, transform: `translate(150 ${y})${turned ? " rotate(180)" : ""}` });
  g.append(el("path", { d: "M-27 4 Q-30 -16 -17 -19 L-13 -13 Q-20 -10 -16 2 M27 4 Q30 -16 17 -19 L13 -13 Q20 -10 16 2" }),
    el("ellipse", { cx: 0, cy: 5, rx: 28, ry: 11 }), el("circle", { cx: 0, cy: 3, r: 11 }));
  return g;
}

export class Sides {
  constructor(plan, tower, table, resident, clerk) {
    Object.assign(this, { plan, tower, table, resident, clerk });
    this.cone = el("path", { class: "cone", d: "M-19 16 L-62 52 L62 52 L19 16 Z" });
    this.box = el("g", { class: "turn" }, this.cone,
      el("rect", { class: "case", x: -26, y: -17, width: 52, height: 34, rx: 5 }),
      el("rect", { class: "face", x: -19, y: 8, width: 38, height: 6, rx: 1.5 }),
      el("g", { class: "dots" }, ...[-12, -4, 4, 12].map(x => el("circle", { cx: x, cy: 0, r: 1.7 }))));
    this.lamp = el("circle", { class: "lampdot", cx: 214, cy: 62, r: 6 });
    this.names = [el("text", { x: 190, y: 28 }), el("text", { x: 190, y: 162 }), el("text", { x: 14, y: 93, class: "wood" })];
    plan.append(
      el("rect", { class: "counter", x: 0, y: 48, width: 300, height: 80, rx: 4 }),
      el("g", { transform: "translate(150 88)" }, this.box),
      this.lamp, person("up", 24, true), person("low", 152, false), ...this.names);
  }

  show(state, world) {
    const face = state.face, power = world.power;
    const clerk = power && face === "clerk", resident = power && face === "resident";
    this.clerk.classList.toggle("turn-on", clerk);
    this.resident.classList.toggle("turn-on", resident);
    this.plan.dataset.face = power ? face : "off";
    this.names[0].textContent = w("plan.clerk");
    this.names[1].textContent = w("plan.resident");
    this.names[2].textContent = w("plan.counter");
    const lamp = state.lamp || "off";
    this.plan.dataset.lamp = lamp;
    this.plan.setAttribute("aria-label", `${w("sees.resident")}: ${w(resident ? "sees.screen" : clerk ? "sees.back" : "sees.idle")}`);
    const on = world.lamp || {};
    for (const c of ["red", "yellow", "green"]) this.tower.querySelector("." + c).classList.toggle("on", Boolean(on[c]));
    this.tower.querySelector("b").textContent = w("lamp." + lamp);
    this.tower.setAttribute("aria-label", w("lamp." + lamp));
    const rows = [
      ["sees.resident", w(resident ? "sees.screen" : clerk ? "sees.back" : "sees.idle"), resident],
      ["sees.clerk", clerk ? w("sees.clerkscreen") : resident ? `${w("sees.lamp")} (${w("lamp." + lamp)})` : w("sees.idle"), clerk],
      ["sees.hall", w("sees.record"), false],
    ];
    this.table.replaceChildren(...rows.map(([name, what, hot]) => {
      const tr = document.createElement("tr"), th = document.createElement("th"), td = document.createElement("td");
      th.textContent = w(name);
      td.textContent = what;
      tr.classList.toggle("hot", hot);
      tr.append(th, td);
      return tr;
    }));
  }
}
