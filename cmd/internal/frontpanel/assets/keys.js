// SPDX-License-Identifier: Apache-2.0
// The sixteen caps. A key goes down and comes up as the finger does; the box
// scans, debounces and times long presses by itself.

import { post } from "./api.js";
import { w } from "./words.js";

const caps = [
  ["1", "1", ""], ["2", "2", "ABC"], ["3", "3", "DEF"], ["cancel", "取消", "×"],
  ["4", "4", "GHI"], ["5", "5", "JKL"], ["6", "6", "MNO"], ["clear", "訂正", "<"],
  ["7", "7", "PQRS"], ["8", "8", "TUV"], ["9", "9", "WXYZ"], ["menu", "メニュー", "ことば"],
  ["up", "▲", ""], ["0", "0", ""], ["down", "▼", ""], ["enter", "確認", "○"],
];

const typed = {
  Enter: "enter", Backspace: "clear", Delete: "clear", Escape: "cancel",
  ArrowUp: "up", ArrowDown: "down", m: "menu", M: "menu", F10: "menu",
};

export class Keys {
  constructor(pad) {
    this.pad = pad;
    this.caps = new Map();
    this.held = new Set();
    this.latched = new Set(); // by Shift and a click: a mouse has one finger
    this.line = Promise.resolve();
    for (const [key, legend, under] of caps) {
      const b = document.createElement("button");
      b.type = "button";
      b.className = "cap cap-" + (/^\d$/.test(key) ? "digit" : key);
      b.dataset.key = key;
      b.tabIndex = -1;
      const top = document.createElement("b");
      top.textContent = legend;
      const low = document.createElement("small");
      low.textContent = under;
      b.append(top, low);
      if (key === "5") b.append(document.createElement("i"));
      this.caps.set(key, b);
      pad.append(b);
      b.addEventListener("pointerdown", e => { e.preventDefault(); b.setPointerCapture(e.pointerId); this.finger(key, e.shiftKey); });
      for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) b.addEventListener(end, () => { if (!this.latched.has(key)) this.up(key); });
      b.addEventListener("contextmenu", e => e.preventDefault());
    }
    addEventListener("keydown", e => this.keydown(e));
    addEventListener("keyup", e => { const k = this.named(e); if (k) this.up(k); });
    addEventListener("blur", () => { for (const k of [...this.held]) this.up(k); });
    this.label();
  }

  label() {
    for (const [key, cap] of this.caps) cap.setAttribute("aria-label", /^\d$/.test(key) ? key : ({ up: "▲", down: "▼" }[key] || w("key." + key)));
  }

  named(e) {
    return /^[0-9]$/.test(e.key) ? e.key : typed[e.key];
  }

  keydown(e) {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input,textarea,select")) return;
    const key = this.named(e);
    if (!key) return;
    // A button that has the focus keeps its own Enter.
    if (e.key === "Enter" && e.target.closest("button:not(.cap),a")) return;
    e.preventDefault();
    if (e.repeat) return;
    // Fast typists overlap keys, which the box refuses as a chord. Only menu
    // with cancel is meant as one.
    const chord = key === "menu" || key === "cancel";
    for (const k of [...this.held]) if (!(chord && (k === "menu" || k === "cancel"))) this.up(k);
    this.down(key);
  }

  // finger presses a key; with Shift it stays down until the next click on it.
  finger(key, stay) {
    if (this.latched.delete(key)) return;
    if (stay) this.latched.add(key);
    this.down(key);
  }

  down(key) {
    if (this.held.has(key)) return;
    this.held.add(key);
    this.caps.get(key).classList.add("held");
    this.send({ down: [key] });
  }

  up(key) {
    this.latched.delete(key);
    if (!this.held.delete(key)) return;
    this.caps.get(key).classList.remove("held");
    this.send({ up: [key] });
  }

  // send keeps the order of presses.
  send(body) { this.line = this.line.then(() => post("api/key", body)); }

  // show lights the keys that the present screen answers, and the closed ones.
  show(answers, closed) {
    const digits = answers.includes("digits") || answers.includes("any");
    for (const [key, cap] of this.caps) {
      const on = answers.includes("any") || answers.includes(key) || (digits && /^\d$/.test(key));
      cap.classList.toggle("live", on);
      cap.classList.toggle("closed", closed.includes(key));
    }
  }
}
