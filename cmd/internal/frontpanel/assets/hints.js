// SPDX-License-Identifier: Apache-2.0
// What to do next, for a first visitor; and the things to try afterwards, which
// tick themselves when they have happened.

import { pick, w } from "./words.js";

const trials = ["pull", "power", "line", "wrong", "letters", "licence", "lid", "service", "wait"];
const store = "madoguchi.trials";

export class Hints {
  constructor(who, line, path, list, cards) {
    Object.assign(this, { who, line, path, list, cards });
    this.texts = {};
    this.before = { screen: "", card: "" };
    this.served = false; // a record has arrived: no first visitor any more
    try { this.done = new Set(JSON.parse(localStorage.getItem(store) || "[]")); } catch { this.done = new Set(); }
  }

  text(screen) {
    const t = this.texts;
    return t[screen] || t[screen.replace(/[^.]*$/, "*")] || null;
  }

  show(state, world) {
    this.notice(state, world);
    let screen = world.power ? state.screen : "power.off";
    if (screen === "idle" && this.served) screen = "idle.again";
    this.who.textContent = w("who." + (world.power ? state.face : "idle"));
    this.who.dataset.face = world.power ? state.face : "idle";
    this.line.replaceChildren(...this.fill(pick(this.text(screen) || {}), screen, world));
    this.list.replaceChildren(...trials.map(id => {
      const li = document.createElement("li");
      li.textContent = w("trial." + id);
      li.classList.toggle("done", this.done.has(id));
      return li;
    }));
    this.steps(screen);
  }

  // fill puts key caps and codes in the places of a text.
  fill(text, screen, world) {
    const out = [];
    for (const part of text.split(/(\{[^}]+\})/)) {
      const m = part.match(/^\{(.+)\}$/);
      if (!m) { out.push(part); continue; }
      const e = document.createElement("kbd");
      const id = m[1], kind = screen.split(".").pop();
      if (id === "code") { e.className = "code"; e.textContent = world.clerks[0] ? world.clerks[0].code : ""; }
      else if (id === "pin") { e.className = "code"; e.textContent = this.cards.pin(kind) || "?"; }
      else if (id === "card") { e.className = "plain"; e.textContent = pick((this.cards.cards[0] || {}).title); }
      else {
        e.className = "k-" + id;
        e.textContent = { enter: "確認 ○", cancel: "取消 ×", clear: "訂正 <", menu: "メニュー", up: "▲", down: "▼" }[id] || id;
      }
      out.push(e);
    }
    return out;
  }

  // steps draws where the visitor is on the way through one case.
  steps(screen) {
    const ways = [/^idle/, /^clerk\.(code|proc|kind|app|turn)/, /^resident\.(lang|card|board|about|letters)/, /^resident\.(pin|guard|wrong|checking)/,
      /^resident\.(rules|newpin|again|changing|changed|mismatch)/, /^resident\.(leave|done|turnback)/, /^clerk\.closed/];
    const at = ways.findIndex(r => r.test(screen));
    this.path.replaceChildren(...ways.map((_, i) => {
      const li = document.createElement("li");
      li.classList.toggle("past", at > i);
      li.classList.toggle("at", at === i);
      return li;
    }));
  }

  // notice ticks what has been tried.
  notice(state, world) {
    const was = this.before, now = state.screen, open = Boolean(state.case);
    const tick = {
      pull: was.card && !world.card && /^resident\.(pin|newpin|again|checking|changing)/.test(was.screen),
      power: was.open && was.power && !world.power,
      line: !world.line && now === "clerk.closed",
      wrong: /^resident\.guard/.test(now),
      letters: /^resident\.(pin|newpin)\.signing$/.test(now),
      licence: /wrong/.test(now) && /card|idle/.test(now) && world.card === "driving_licence",
      lid: world.lid && /^resident\.(pin|newpin|again)/.test(was.screen),
      service: now === "service.menu",
      wait: /timeout$/.test(now),
    };
    const size = this.done.size;
    for (const [id, yes] of Object.entries(tick)) if (yes) this.done.add(id);
    if (this.done.size !== size) try { localStorage.setItem(store, JSON.stringify([...this.done])); } catch { /* private mode */ }
    this.before = { screen: now, card: world.card, open, power: world.power };
  }

}
