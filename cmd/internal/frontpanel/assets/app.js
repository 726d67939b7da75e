// SPDX-License-Identifier: Apache-2.0
// Joins the parts of the page to the simulator's events.

import { get, post, trouble } from "./api.js";
import { Cards } from "./cards.js";
import { Glass } from "./glass.js";
import { Hall } from "./hall.js";
import { Hints } from "./hints.js";
import { Issuer } from "./issuer.js";
import { Keys } from "./keys.js";
import { Sides } from "./sides.js";
import { Tour } from "./tour.js";
import { getLang, label, setLang, w } from "./words.js";

const $ = id => document.getElementById(id);
const glass = new Glass($("glass"), $("refresh"));
const keys = new Keys($("pad"));
const cards = new Cards($("cards"), $("note"), $("slot"), $("laid"), $("device"));
const sides = new Sides($("plan"), $("tower"), $("sees"), $("resident"), $("clerk"));
const hall = new Hall($("records"), $("count"), $("way"));
const issuer = new Issuer($("release"));
const tour = new Tour($("tour"), $("tourline"));
const hints = new Hints($("who"), $("hint"), $("path"), $("trials"), cards);

let state = { face: "idle", screen: "boot", lamp: "off", busy: true, case: null };
let world = { power: true, line: true, broker: true, clerks: [], answers: [], keys: [], lamp: {} };
let samples = [];
let ready = false; // the box has told its state
let ahead = 0; // the box's clock less this one, ms

function show() {
  const used = world.used || {};
  label();
  document.body.classList.toggle("dark", !world.power);
  for (const b of document.querySelectorAll("[data-lang]")) b.setAttribute("aria-pressed", String(b.dataset.lang === getLang()));
  for (const [id, on] of [["power", world.power], ["line", world.line], ["broker", world.broker], ["lid", !world.lid]]) {
    $(id).setAttribute("aria-checked", String(on));
  }
  $("lidname").textContent = w(world.lid ? "lid.open" : "lid.closed");
  $("lid").disabled = !world.power;
  $("broker").disabled = world.broker_outside === true;
  $("way").classList.toggle("cut", !world.line);
  $("way").classList.toggle("nobroker", !world.broker);
  cards.show(samples.map(c => ({ ...c, used: c.id in used, changed: used[c.id] || [] })), world.card || "", world.reader);
  sides.show(state, world);
  hints.show(state, world);
  if (ready) tour.see(state, world, hall.cases());
  issuer.show(world.waiting || []);
  keys.label();
  keys.show(world.answers || [], world.keys || []);
  $("glass").dataset.screen = state.screen;
  $("glass").setAttribute("aria-busy", String(state.busy));
  if (!state.busy) spoken();
  const letter = world.letter && [world.letter.words.join(" "), world.letter.fingerprint, world.letter.code];
  $("codes").replaceChildren(document.createTextNode(w(letter ? "codes.letter" : "codes.lead")), ...(letter || world.clerks.map(c => `${c.label} ${c.code}`)).map(text => {
    const k = document.createElement("kbd");
    k.textContent = text;
    return k;
  }));
  clock();
}

// spoken gives the glass its words, for those who have them read aloud.
async function spoken() {
  try {
    const r = await fetch("/api/panel.txt");
    if (r.ok) $("glass").setAttribute("aria-label", await r.text());
  } catch { /* the next change asks again */ }
}

function clock() {
  const t = new Date(Date.now() + ahead);
  $("clock").textContent = t.toLocaleString(getLang() === "ja" ? "ja-JP" : "en-GB",
    { timeZone: "Asia/Tokyo", year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

// arrived asks city hall again.
async function arrived() {
  try { await hall.refresh(); } catch { return; }
  hints.served = hall.records.length > 0;
  if (ready) tour.see(state, world, hall.cases());
}

function listen() {
  const es = new EventSource("api/events");
  const on = (name, act) => es.addEventListener(name, e => act(JSON.parse(e.data)));
  on("state", s => { state = s; ready = true; show(); });
  on("world", d => { world = d; ahead = Date.parse(d.clock) - Date.now(); show(); });
  on("panel", p => glass.changed(p.busy));
  on("cityhall", arrived);
  es.onopen = () => trouble("");
  es.onerror = () => trouble(w("trouble.gone"));
}

for (const b of document.querySelectorAll("[data-lang]")) {
  b.addEventListener("click", () => {
    setLang(b.dataset.lang);
    try { localStorage.setItem("madoguchi.lang", b.dataset.lang); } catch { /* private mode */ }
    show();
    hall.draw();
  });
}
$("power").addEventListener("click", () => post("api/power", { cut: world.power }));
$("line").addEventListener("click", () => post("api/line", { up: !world.line }));
$("broker").addEventListener("click", () => post("api/broker", { up: !world.broker }));
$("lid").addEventListener("click", () => post("api/lid", { open: !world.lid }));
for (const b of document.querySelectorAll("[data-advance]")) {
  b.addEventListener("click", () => post("api/clock", { advance: b.dataset.advance }));
}
// After a click the PC's keyboard belongs to the box again.
document.addEventListener("click", e => { if (e.detail > 0 && document.activeElement) document.activeElement.blur(); });
setInterval(clock, 1000);

function firstLang() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked) return asked;
  try { const kept = localStorage.getItem("madoguchi.lang"); if (kept) return kept; } catch { /* private mode */ }
  return navigator.language.startsWith("ja") ? "ja" : "en";
}

setLang(firstLang());
label();
hints.texts = await get("hints.json");
samples = (await get("api/cards")).cards;
await arrived();
listen();
