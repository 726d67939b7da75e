// SPDX-License-Identifier: Apache-2.0
// Calls to the simulator. A refused call is shown as it was said.

const box = () => document.getElementById("trouble");
let hide = 0;

export function trouble(text) {
  const e = box();
  e.hidden = !text;
  e.textContent = text;
  clearTimeout(hide);
  if (text) hide = setTimeout(() => { e.hidden = true; }, 8000);
}

export async function get(path) {
  const r = await fetch(path, { cache: "no-store" });
  if (!r.ok) throw new Error(`${path}: ${r.status}`);
  return r.json();
}

// post returns the answer, or null after showing why it was refused.
export async function post(path, body) {
  try {
    const r = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await r.json();
    if (!r.ok) {
      const e = answer.error;
      trouble(`${e.what} — ${e.do}`);
      return null;
    }
    return answer;
  } catch (e) {
    trouble(String(e.message || e));
    return null;
  }
}
