// SPDX-License-Identifier: Apache-2.0
// Draws what api/counts, api/records and api/status say, again at each event.

const SHOWN = 200; // records in the list; the rest is in api/records
const words = await (await fetch("assets/words.json")).json();
const $ = (id) => document.getElementById(id);
const state = { lang: "ja", week: "", counts: null, records: null, status: null, alive: null, known: null };

const asked = new URLSearchParams(location.search).get("lang");
let kept = null;
try { kept = localStorage.getItem("madoguchi.lang"); } catch { /* not allowed here */ }
state.lang = [asked, kept].find((l) => l === "ja" || l === "en") ?? "ja";

const say = (key, facts = {}) => words[state.lang][key].replace(/\{(\w+)\}/g, (_, k) => facts[k]);
const name = (list, code) => words[list][code]?.[state.lang === "ja" ? 0 : 1] ?? code;
const number = (n) => n.toLocaleString(state.lang === "ja" ? "ja-JP" : "en-GB");

function el(tag, attrs = {}, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs)) if (v !== undefined && v !== false) e.setAttribute(k, v);
  e.append(...children.filter((c) => c !== undefined));
  return e;
}
const swatch = (outcome, kind = "swatch") => {
  const s = el("span", { class: kind, "aria-hidden": "true" });
  s.style.background = `var(--${outcome})`;
  return s;
};

function week(w) { // "2026-W47" → its Monday's date
  const [y, n] = w.split("-W").map(Number);
  const d = new Date(Date.UTC(y, 0, 4));
  d.setUTCDate(d.getUTCDate() - (d.getUTCDay() || 7) + 1 + (n - 1) * 7);
  return d;
}
const month = (d) => d.toLocaleString("en-GB", { month: "short", timeZone: "UTC" });
function weekName(w) {
  const d = week(w);
  return state.lang === "ja" ? `${d.getUTCMonth() + 1}月${d.getUTCDate()}日からの週` : `week of ${d.getUTCDate()} ${month(d)}`;
}
function weekShort(w) {
  const d = week(w);
  return state.lang === "ja" ? `${d.getUTCMonth() + 1}/${d.getUTCDate()}` : `${d.getUTCDate()} ${month(d)}`.replace("Sept", "Sep");
}
const groupName = (g) => Number(g.slice(1)).toString();

function draw() {
  document.documentElement.lang = state.lang;
  for (const e of document.querySelectorAll("[data-w]")) e.textContent = say(e.dataset.w);
  for (const e of document.querySelectorAll("[data-aria]")) e.setAttribute("aria-label", say(e.dataset.aria));
  for (const b of document.querySelectorAll("[data-lang]")) b.setAttribute("aria-pressed", b.dataset.lang === state.lang);
  document.title = say("title");
  drawStatus();
  if (state.counts) drawCounts();
  if (state.records) drawRecords();
}

function drawStatus() {
  const s = state.status, pills = [];
  if (state.alive === false) pills.push(el("li", { class: "bad" }, say("page_down")));
  if (s) {
    $("city").textContent = s.title[state.lang];
    for (const part of ["broker", "database"]) pills.push(el("li", { class: s[part] ? undefined : "bad" }, say(`${part}_${s[part] ? "up" : "down"}`)));
    $("online").textContent = `${number(s.devices.filter((d) => d.online).length)}/${number(s.devices.length)}`;
    if (s.alarms.length) pills.push(el("li", { class: "warn" }, el("a", { href: "#alarms" }, say("some_alarms", { n: number(s.alarms.length) }))));
    drawDevices(s.devices);
    drawAlarms(s.alarms);
    $("proof").textContent = !s.counters.new ? "" : say("proof", { new: number(s.counters.new ?? 0), repeated: number(s.counters.repeated ?? 0) });
  }
  $("pills").replaceChildren(...pills);
}

function contact(t) {
  if (!t) return say("not_heard");
  const d = new Date(t), two = (n) => String(n).padStart(2, "0");
  return say("date", { m: d.getMonth() + 1, d: d.getDate(), h: d.getHours(), min: two(d.getMinutes()), month: d.toLocaleString("en-GB", { month: "short" }) });
}

function drawDevices(list) {
  if (!list.length) return $("devices").replaceChildren(el("tbody", {}, el("tr", {}, el("td", { class: "empty" }, say("no_devices")))));
  $("devices").replaceChildren(
    el("thead", {}, el("tr", {}, ...["device", "state", "contact"].map((k) => el("th", { scope: "col" }, say(k))))),
    el("tbody", {}, ...list.map((d) => el("tr", {},
      el("th", { scope: "row" }, el("code", {}, d.id)),
      el("td", {}, el("span", { class: d.online ? "state" : "state off" }, say(d.online ? "is_online" : "is_offline"))),
      el("td", {}, contact(d.contact), d.missing ? ` · ${say("missing", { n: number(d.missing) })}` : "")))));
}

function drawAlarms(list) {
  $("alarms").replaceChildren(...(list.length ? list.map((a) => el("li", {}, name("alarms", a.kind),
    el("small", {}, (a.device ? say("alarm_device", { device: a.device }) : "") + say("alarm_times", { n: number(a.count), day: a.day })))) :
    [el("li", { class: "empty" }, say("no_alarms"))]));
}

function drawCounts() {
  const cells = state.counts.cells.filter((c) => c.kind === "po");
  const weeks = [...new Set(cells.map((c) => c.week))].sort();
  const outcomes = Object.keys(words.outcomes).filter((o) => cells.some((c) => c.outcome === o));
  if (state.week && !weeks.includes(state.week)) state.week = "";
  $("cases").textContent = number(state.counts.cases);
  const newest = weeks.at(-1);
  $("week-cases").textContent = newest ? number(sum(cells.filter((c) => c.week === newest))) : "0";
  $("week-name").textContent = newest ? say("in_week", { week: weekName(newest) }) : say("newest_week");
  $("week").replaceChildren(el("option", { value: "" }, say("all_weeks")),
    ...weeks.toReversed().map((w) => el("option", { value: w, selected: w === state.week }, `${weekName(w)} (${w.slice(5)})`)));
  drawBars(cells, weeks.slice(-12), outcomes);
  drawMatrix(cells.filter((c) => !state.week || c.week === state.week), outcomes);
}
const sum = (cells) => cells.reduce((n, c) => n + c.n, 0);

function drawBars(cells, weeks, outcomes) {
  const box = $("bars"), most = Math.max(1, ...weeks.map((w) => sum(cells.filter((c) => c.week === w))));
  box.hidden = !weeks.length;
  box.replaceChildren(...weeks.map((w) => {
    const own = cells.filter((c) => c.week === w), n = sum(own);
    const bar = el("div", { class: state.week && state.week !== w ? "bar dim" : "bar", title: `${weekName(w)}: ${number(n)}` }, el("em", {}, number(n)));
    bar.style.height = `${100 * n / most}%`;
    for (const o of outcomes) {
      const part = sum(own.filter((c) => c.outcome === o));
      if (!part) continue;
      const i = el("i");
      i.style.cssText = `height:${100 * part / n}%;background:var(--${o})`;
      bar.append(i);
    }
    return bar;
  }));
  const labels = el("div", { class: "weeks" }, ...weeks.map((w) => el("span", {}, weekShort(w).replace(" ", "\n"))));
  box.parentElement.querySelector(".weeks")?.remove();
  if (weeks.length) box.after(labels);
  $("legend").replaceChildren(...outcomes.map((o) => el("li", {}, swatch(o), name("outcomes", o))));
}

function drawMatrix(cells, outcomes) {
  if (!cells.length) return $("matrix").replaceChildren(el("tbody", {}, el("tr", {}, el("td", { class: "empty" }, say("no_records")))));
  const rows = Object.keys(words.procedures).map((p) => [p, cells.filter((c) => c.procedure === p)])
    .filter(([, own]) => own.length).sort((a, b) => sum(b[1]) - sum(a[1]));
  const line = (own) => [...outcomes.map((o) => num(sum(own.filter((c) => c.outcome === o)))), num(sum(own))];
  const num = (n) => el("td", { class: n ? "n" : "n zero" }, number(n));
  $("matrix").replaceChildren(
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, say("procedure")),
      ...outcomes.map((o) => el("th", { scope: "col", class: "n", title: name("outcomes", o) }, swatch(o), el("span", { lang: state.lang }, name("outcomes", o)))), el("th", { scope: "col", class: "n" }, say("total")))),
    el("tbody", {}, ...rows.map(([p, own]) => el("tr", {}, el("th", { scope: "row" }, name("procedures", p)), ...line(own)))),
    el("tfoot", {}, el("tr", {}, el("th", { scope: "row" }, say("total")), ...line(cells))));
}

function drawRecords() {
  const list = state.records, all = state.counts?.cells.reduce((n, c) => n + c.n, 0) ?? list.length;
  $("shown").textContent = list.length < all ? say("shown_some", { n: number(list.length), all: number(all) }) : say("shown", { n: number(list.length) });
  if (!list.length) return $("list").replaceChildren(el("tbody", {}, el("tr", {}, el("td", { class: "empty" }, say("no_records")))));
  const fresh = (r) => state.known && !state.known.has(r.r);
  $("list").replaceChildren(
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, say("procedure")), el("th", { scope: "col" }, say("outcome")),
      el("th", { scope: "col" }, say("week")), el("th", { scope: "col", class: "wide" }, say("group")), el("th", { scope: "col" }, say("random")))),
    el("tbody", {}, ...list.map((r) => el("tr", { class: fresh(r) ? "fresh" : undefined },
      el("th", { scope: "row" }, name("procedures", r.p)),
      el("td", { class: "nowrap" }, swatch(r.o, "dot"), name("outcomes", r.o)),
      el("td", { class: "nowrap", title: r.w }, weekShort(r.w) + (state.lang === "ja" ? "〜" : "")),
      el("td", { class: "wide" }, groupName(r.g)),
      el("td", {}, el("code", { title: r.r }, r.r.slice(0, 6)))))));
}

const get = async (path) => {
  const r = await fetch(path, { cache: "no-store" });
  if (!r.ok) throw new Error(`${path}: ${r.status}`);
  return r.json();
};

let busy = false, again = false;
async function load() {
  if (busy) { again = true; return; }
  busy = true;
  do {
    again = false;
    try {
      const [counts, records, status] = await Promise.all([get("api/counts"), get(`api/records?limit=${SHOWN}`), get("api/status")]);
      Object.assign(state, { counts, records, status, alive: true });
    } catch {
      state.alive = false;
    }
    draw();
    if (state.alive) state.known = new Set(state.records.map((r) => r.r));
  } while (again);
  busy = false;
}

for (const b of document.querySelectorAll("[data-lang]")) b.addEventListener("click", () => {
  state.lang = b.dataset.lang;
  try { localStorage.setItem("madoguchi.lang", state.lang); } catch { /* not allowed here */ }
  draw();
});
$("week").addEventListener("change", (e) => { state.week = e.target.value; drawCounts(); });

const events = new EventSource("api/events");
events.addEventListener("change", load);
events.addEventListener("error", () => { state.alive = false; drawStatus(); });
events.addEventListener("open", load);
draw();
