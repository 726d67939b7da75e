// SPDX-License-Identifier: Apache-2.0
// The e-paper as an eye sees it. While the panel is busy the picture is asked
// for again and again, so that the flashes of a refresh are seen as they are.

// The simulator gives grey values between these two; the page tints them.
const black = 0x1c, white = 0xe8;
const ink = [38, 37, 35], paper = [231, 228, 219];
const frame = 60; // ms between pictures while the panel is busy

export class Glass {
  constructor(canvas, note) {
    this.canvas = canvas;
    this.note = note;
    this.ctx = canvas.getContext("2d", { willReadFrequently: true });
    this.busy = false;
    this.looping = false;
    this.again = true;
  }

  // changed is called for every panel event.
  changed(busy) {
    this.busy = busy;
    this.again = true;
    this.note.classList.toggle("on", busy);
    if (!this.looping) this.loop();
  }

  async loop() {
    this.looping = true;
    while (this.busy || this.again) {
      this.again = false;
      const began = performance.now();
      try { await this.draw(); } catch { /* the page says elsewhere that nobody answers */ }
      const rest = frame - (performance.now() - began);
      await new Promise(done => setTimeout(done, Math.max(rest, 10)));
    }
    this.looping = false;
  }

  // size fits canvas and case to the panel that the box has.
  size(width, height) {
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    document.body.classList.toggle("wide", width > 400);
  }

  async draw() {
    const r = await fetch("api/panel.png", { cache: "no-store" });
    if (!r.ok) return;
    const bmp = await createImageBitmap(await r.blob());
    this.size(bmp.width, bmp.height);
    const { width, height } = this.canvas;
    this.ctx.drawImage(bmp, 0, 0, width, height);
    const data = this.ctx.getImageData(0, 0, width, height), px = data.data;
    for (let i = 0; i < px.length; i += 4) {
      const v = Math.min(1, Math.max(0, (px[i] - black) / (white - black)));
      for (let c = 0; c < 3; c++) px[i + c] = ink[c] + (paper[c] - ink[c]) * v;
    }
    this.ctx.putImageData(data, 0, 0);
  }
}
