// SPDX-License-Identifier: Apache-2.0
// The resident's cards, the slot, and the note in the pocket.

import { post } from "./api.js";
import { getLang, pick, w } from "./words.js";

const order = ["login", "signing", "card_info", "register"];

export class Cards {
  constructor(list, note, slot, laid, device) {
    Object.assign(this, { list, note, slot, laid, device });
    this.cards = [];
    this.inserted = "";
    this.chosen = "";
    this.drawn = "";
    device.addEventListener("dragover", e => { e.preventDefault(); slot.classList.add("over"); });
    device.addEventListener("dragleave", () => slot.classList.remove("over"));
    device.addEventListener("drop", e => { e.preventDefault(); slot.classList.remove("over"); this.insert(e.dataTransfer.getData("text/plain")); });
    // A card that is dragged anywhere else leaves the slot.
    document.body.addEventListener("dragover", e => { if (this.inserted) e.preventDefault(); });
    document.body.addEventListener("drop", e => {
      if (device.contains(e.target)) return;
      e.preventDefault();
      if (e.dataTransfer.getData("text/plain") === this.inserted) this.remove();
    });
  }

  find(id) { return this.cards.find(c => c.id === id); }

  async insert(id) {
    if (!this.find(id) || id === this.inserted) return;
    this.chosen = id;
    if (this.inserted) await this.remove();
    await post("api/card", { insert: id });
  }

  remove() { return post("api/card", { remove: true }); }

  // show draws the cards; reader is "sim" or "pcsc".
  show(cards, inserted, reader) {
    if (inserted) this.chosen = inserted;
    // A card that is being dragged must not be drawn anew.
    const look = JSON.stringify([getLang(), cards, inserted, reader, this.chosen]);
    if (look === this.drawn) return;
    this.drawn = look;
    this.cards = cards;
    this.inserted = inserted;
    this.list.replaceChildren(...cards.map(c => this.face(c, c.id === inserted)));
    this.slot.classList.toggle("filled", Boolean(inserted));
    this.slot.classList.toggle("real", reader === "pcsc");
    this.slot.querySelector(".invite").textContent = w(reader === "pcsc" ? "slot.reader" : "slot.invite");
    this.laid.replaceChildren();
    const c = this.find(inserted);
    if (c) {
      const f = this.face(c, false);
      f.classList.add("in");
      const pull = document.createElement("span");
      pull.className = "pull";
      pull.textContent = w("take");
      f.append(pull);
      this.laid.append(f);
    }
    this.pocket();
  }

  face(c, gone) {
    const b = document.createElement("button");
    b.type = "button";
    b.className = "card look-" + c.look + (gone ? " gone" : "") + (c.id === this.chosen ? " chosen" : "");
    b.dataset.card = c.id;
    b.title = pick(c.what);
    b.draggable = true;
    const chip = document.createElement("i");
    const t = document.createElement("b");
    t.textContent = pick(c.title);
    const small = document.createElement("small");
    small.textContent = c.used ? w("used") : "";
    b.append(chip, t, small);
    b.addEventListener("click", () => (c.id === this.inserted ? this.remove() : this.insert(c.id)));
    b.addEventListener("dragstart", e => e.dataTransfer.setData("text/plain", c.id));
    for (const on of ["pointerenter", "focus"]) b.addEventListener(on, () => this.pocket(c));
    b.addEventListener("pointerleave", () => this.pocket());
    return b;
  }

  // pocket shows the PINs of a card; without one, those of the card in use.
  pocket(c = this.find(this.chosen)) {
    const title = document.createElement("h3");
    title.textContent = w("note.title");
    const what = document.createElement("p");
    what.textContent = c ? pick(c.what) : w("note.empty");
    this.note.replaceChildren(title, what);
    if (!c) return;
    const kinds = order.filter(k => c.pins[k]);
    if (kinds.length === 0) {
      const p = document.createElement("p");
      p.textContent = w("note.none");
      this.note.append(p);
    }
    const dl = document.createElement("dl");
    for (const k of kinds) {
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = w("kind." + k);
      const own = c.changed.includes(k);
      dd.textContent = own ? w("note.own") : c.pins[k];
      dd.classList.toggle("own", own);
      dl.append(dt, dd);
    }
    this.note.append(dl);
    if (c.used) {
      const b = document.createElement("button");
      b.type = "button";
      b.className = "fresh";
      b.textContent = w("fresh");
      b.addEventListener("click", () => post("api/card", { fresh: c.id }));
      this.note.append(b);
    }
  }

  // pin is what the note says for a kind; used by the hints.
  pin(kind) {
    const c = this.find(this.inserted || this.chosen);
    if (c && c.changed.includes(kind)) return w("note.own");
    return (c && c.pins[kind]) || "";
  }
}
