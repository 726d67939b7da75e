// SPDX-License-Identifier: Apache-2.0
// What arrived at city hall, newest arrival first. The records come in the
// order of their random id, so the order of arrival is this page's own memory.

import { get } from "./api.js";
import { w, words } from "./words.js";

const name = (room, code) => (words[room + "." + code] ? w(room + "." + code) : code);

export class Hall {
  constructor(list, count, way) {
    Object.assign(this, { list, count, way });
    this.seen = new Map(); // record as text → place in the order of arrival
    this.records = [];
    this.first = true;
  }

  async refresh() {
    const records = await get("api/cityhall/records");
    let fresh = 0;
    for (const r of records) {
      const key = JSON.stringify(r);
      if (this.seen.has(key)) continue;
      this.seen.set(key, this.seen.size);
      fresh++;
    }
    this.records = records;
    if (fresh > 0 && !this.first) {
      this.way.classList.remove("pulse");
      void this.way.offsetWidth; // restart the animation
      this.way.classList.add("pulse");
    }
    this.draw(this.first ? 0 : fresh);
    this.first = false;
  }

  // cases is how many cases city hall knows of; the other facets point at none.
  cases() { return this.records.filter(r => r.k === "po").length; }

  draw(fresh = 0) {
    const n = this.cases();
    this.count.textContent = String(n);
    this.count.nextElementSibling.dataset.w = n === 1 ? "records.one" : "records.count";
    this.count.nextElementSibling.textContent = w(this.count.nextElementSibling.dataset.w);
    // the newest five, the records of cases before the other facets: seven come with each case
    const isCase = text => JSON.parse(text).k === "po";
    const newest = [...this.seen.keys()].reverse();
    const rows = [...newest.filter(isCase), ...newest.filter(text => !isCase(text))].slice(0, 5);
    const since = this.seen.size - fresh;
    if (rows.length === 0) {
      const li = document.createElement("li");
      li.className = "none";
      li.textContent = w("records.none");
      this.list.replaceChildren(li);
      return;
    }
    this.list.replaceChildren(...rows.map(text => this.row(JSON.parse(text), text, this.seen.get(text) >= since)));
  }

  row(r, text, fresh) {
    const li = document.createElement("li"), d = document.createElement("details"), s = document.createElement("summary");
    li.classList.toggle("fresh", fresh);
    const p = document.createElement("b"), o = document.createElement("span"), week = document.createElement("small");
    if (r.k === "po") {
      p.textContent = name("procedure", r.p);
      o.className = "outcome out-" + r.o;
      o.textContent = name("outcome", r.o);
    } else { // any other facet: what it is of, and its values as they stand in it
      p.textContent = name("facet", r.k);
      o.textContent = Object.keys(r).filter(k => !"gkrsw".includes(k)).map(k => r[k]).join(" · ");
    }
    week.textContent = `${r.w} · ${r.g}`;
    s.append(p, o, week);
    const pre = document.createElement("pre");
    pre.textContent = text;
    d.append(s, pre);
    li.append(d);
    return li;
  }
}
