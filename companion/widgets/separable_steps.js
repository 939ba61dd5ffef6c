// A depthwise separable convolution and the full one that it equals, value by value, with the multiplications counted.
customElements.get("separable-steps") || customElements.define("separable-steps", class extends BookWidget {
  // The pairs [weight, value] of a kernel (C, k, k) laid on maps (C, H, W) at a pixel; zero outside the picture.
  static terms(maps, kernel, row, column) {
    const reach = (kernel[0].length - 1) / 2;
    return maps.flatMap((map, c) => kernel[c].flatMap((line, i) =>
      line.map((weight, j) => [weight, map[row + i - reach]?.[column + j - reach] ?? 0])));
  }

  static sum(terms) { return terms.reduce((sum, [weight, value]) => sum + weight * value, 0); }
  // The terms of each value that is computed at a pixel, in order: (C_in) middle values, then (C_out) outputs ...
  static separable({ x, depthwise, pointwise }, row, column) {
    const middle = x.map((map, c) => this.terms([map], [depthwise[c]], row, column));
    return [...middle, ...pointwise.map((weights) => middle.map((terms, c) => [weights[c], this.sum(terms)]))];
  }

  // ... or the outputs alone, by the kernel that does the same: weight (o, c) times depthwise kernel c.
  static full({ x, depthwise, pointwise }, row, column) {
    const kernel = (weights) => depthwise.map((plane, c) => plane.map((line) => line.map((value) => weights[c] * value)));
    return pointwise.map((weights) => this.terms(x, kernel(weights), row, column));
  }

  // Multiplications at one pixel.
  static multiplications(inputs, outputs, k) { return { separable: inputs * (k * k + outputs), full: inputs * outputs * k * k }; }

  start({ x, depthwise, pointwise, out_channels }) {
    [this.inputs, this.height, this.width, this.k] = [x.length, x[0].length, x[0][0].length, depthwise[0].length];
    [this.pixels, this.rows] = [this.height * this.width, Math.max(this.inputs, Math.ceil(pointwise.length / 2))];
    this.out_channels = this.kept(0, 1, pointwise.length, out_channels);
    this.position = this.kept(1, 1, this.pixels, Math.ceil(this.pixels / 2));
    this.way = ["separable", "full"][this.kept(2, 0, 1, 0)];
    [this.step, this.guess] = [this.kept(3, 1, this.steps, 1), this.kept(4, 0, 3, 0)]; // step: values made at this pixel
    const made = Array.from({ length: this.pixels }, (_, at) => this.terms("separable", at).map((terms) => this.constructor.sum(terms)));
    const maps = made[0].map((_, n) => made.map((values) => values[n]));
    this.maps = { x: x.map((lines) => lines.flat()), middle: maps.slice(0, x.length), y: maps.slice(x.length) };
    this.most = Object.fromEntries(Object.entries(this.maps).map(([kind, all]) => [kind, Math.max(1, ...all.flat().map(Math.abs))]));
    this.build(this.width * 18, this.k);
  }

  terms(way, at) { return this.constructor[way](this.settings, Math.floor(at / this.width), at % this.width); }
  get steps() { return this.out_channels + (this.way === "full" ? 0 : this.inputs); }

  build(map, k) { // cells are 18 wide
    const head = (words, middle) => `<text x="${middle}" y="16">${words}</text>`;
    const button = (data, words) => `<button type="button" data-${data}>${words}</button>`;
    this.show(`${BookWidget.guess("Guess first: how many times fewer multiplications can the pair take at most?", [k, k * k, this.inputs * k * k])}<p class="answer"></p>
      <svg viewBox="0 0 ${4 * map + 144} ${14 + this.rows * (this.height * 18 + 14)}" aria-hidden="true">
        ${head("input", map / 2)}${head(`${k}×${k}`, map + 32)}${head("output", 3 * map + 136)}
        <g class="pair">${head("middle", map * 1.5 + 64)}${head("1×1", 2 * map + 96)}</g><g class="cells"></g></svg>
      <div class="buttons">${button("way=separable", "separable")}${button("way=full", `full ${k}×${k}`)}${
        button("next", "next value")}${button("play", "play")}</div><p class="words"></p><div class="counts"></div>
      <form>${BookWidget.slider("position", "pixel", 1, this.pixels, this.position)}${
        BookWidget.slider("out_channels", "output channels", 1, this.settings.pointwise.length, this.out_channels)}</form>${BookWidget.copier}`, `
      svg { display: block; width: 100%; max-width: 36rem; margin: .5rem auto } .words { min-height: 2.8em }
      text { font-size: 13px; fill: currentColor; text-anchor: middle } polygon { fill: currentColor; fill-opacity: .15 } text, polygon { pointer-events: none }
      rect { stroke: currentColor; stroke-opacity: .3; cursor: pointer } rect.now { stroke-opacity: 1; stroke-width: 1.5 }
      .counts { display: grid; grid-template-columns: auto 1fr auto; gap: .35rem .8rem; align-items: center }
      .total { outline: 1px solid currentColor } .total, .total span { display: block; height: 1.1rem } .number { text-align: right }
      .total .separable { background: var(--fig-blue, #0072b2) } .total .full { background: var(--fig-orange, #d55e00) }
      @container (max-width: 30em) { text { font-size: 21px } .cells text { display: none } }`);
    this.find("form").addEventListener("input", ({ target: { id, value } }) =>
      this.go(id === "position" ? { position: +value, step: this.steps } : { out_channels: +value }));
    this.shadowRoot.addEventListener("click", ({ target: { dataset } }) => {
      if (dataset.guess) this.go({ guess: +dataset.guess + 1 });
      else if (dataset.way) this.go({ way: dataset.way });
      else if (dataset.at) this.go({ position: +dataset.at + 1, step: +dataset.step });
      else if ("next" in dataset) this.go(this.step < this.steps ? { step: this.step + 1 } : { position: (this.position % this.pixels) + 1, step: 1 });
      else if ("play" in dataset) this.play();
    });
    this.draw();
  }

  go(change = {}) { // what the reader does ends the playing
    this.timer = clearInterval(this.timer);
    this.find("[data-play]").textContent = "play";
    const step = this.step === this.steps ? Infinity : this.step; // a pixel that is done stays done
    Object.assign(this, { step }, change).step = Math.min(this.step, this.steps);
    this.draw();
    this.keep([this.out_channels, this.position, +(this.way === "full"), this.step, this.guess]);
  }

  // From the start: the first pixel value by value, then pixel by pixel; at once to the end where motion is not wanted.
  play() {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (this.timer || still) return this.go(still ? { position: this.pixels, step: this.steps } : {});
    this.go({ position: 1, step: 1 });
    this.timer = setInterval(() => {
      if (this.step < this.steps) this.step += 1;
      else if (this.position < this.pixels) this.position += 1;
      else return this.go();
      this.draw();
    }, 400);
    this.find("[data-play]").textContent = "stop";
  }

  // Where a cell is drawn: the maps of a kind stand in a column, those of the output in two.
  corner(kind, c, at) {
    const [map, columns] = [this.width * 18, kind === "y" && this.out_channels > 1 ? 2 : 1];
    const rows = Math.ceil((kind === "y" ? this.out_channels : this.inputs) / columns);
    const left = { x: 0, middle: map + 64, y: 2 * map + 128 }[kind] + (c % columns) * (map + 14);
    const top = 26 + (Math.floor(c / columns) + (this.rows - rows) / 2) * (this.height * 18 + 14);
    return [left + 1 + (at % this.width) * 18, top + Math.floor(at / this.width) * 18];
  }

  draw() {
    const { inputs, out_channels, k, step, steps, pixels, width, height, maps, way } = this;
    const [at, middles, reach] = [this.position - 1, way === "full" ? 0 : inputs, (k - 1) / 2];
    // What the last value is made of, as [kind, channel, first cell, last cell], and where it stands.
    const inside = (i, size) => Math.min(size - 1, Math.max(0, i));
    const edge = (far) => inside(Math.floor(at / width) + far, height) * width + inside((at % width) + far, width);
    const deep = step <= middles; // a middle value: one window of one channel
    const read = !deep && middles ? maps.middle.map((_, c) => ["middle", c, at, at])
      : maps.x.map((_, c) => ["x", c, edge(-reach), edge(reach)]).filter(([, c]) => !deep || c === step - 1);
    const target = deep ? ["middle", step - 1, at] : ["y", step - 1 - middles, at];
    const within = (q, a, b) => q >= a && q <= b && q % width >= a % width && q % width <= b % width;
    const cells = (kind, count, before) => maps[kind].slice(0, count).flatMap((map, c) => map.map((value, q) => {
      const [[x, y], made] = [this.corner(kind, c, q), kind === "x" ? steps : before + c + 1];
      const now = [...read, [...target, at]].some(([other, d, a, b]) => other === kind && d === c && within(q, a, b));
      const shade = q < at || kind === "x" || (q === at && step >= made) ? (0.55 * Math.abs(value)) / this.most[kind] : 0;
      return `<rect x="${x}" y="${y}" width="18" height="18" data-at="${q}" data-step="${made}" class="${now ? "now" : ""}"
        style="fill: var(--fig-${value < 0 ? "orange, #d55e00" : "blue, #0072b2"}); fill-opacity: ${shade}"/>${
        now ? `<text x="${x + 9}" y="${y + 13.5}">${BookWidget.number(value)}</text>` : ""}`;
    })).join("");
    const [x, y] = this.corner(...target);
    const rays = read.map(([kind, c, a, b]) => [...this.corner(kind, c, a), ...this.corner(kind, c, b)]).map(([, top, right, bottom]) =>
      `<polygon points="${right + 18},${top} ${x},${y} ${x},${y + 18} ${right + 18},${bottom + 18}"/>`);
    this.find(".cells").innerHTML = cells("x", inputs) + cells("middle", middles, 0) + cells("y", out_channels, middles) + rays.join("");
    this.find(".pair").style.display = middles ? "" : "none";
    // The counts: the way shown up to its last value, the other up to the last whole pixel.
    const each = this.constructor.multiplications(inputs, out_channels, k);
    const terms = this.terms(way, at).slice(0, step); // of all values made here
    const done = (name) => at * each[name] + (name === way ? terms.flat().length : step === steps ? each[name] : 0);
    this.find(".counts").innerHTML = Object.entries(each).map(([name, one]) => `<span>${name === "full" ? `full ${k}×${k}` : name}</span>
      <span class="total" style="width: ${100 * one / Math.max(each.full, each.separable)}%"><span class="${name}" style="width: ${100 * done(name) / (one * pixels)}%"></span></span>
      <span class="number">${BookWidget.number(done(name))} of ${BookWidget.number(one * pixels)}</span>`).join("");
    // The same in words.
    const products = terms.at(-1).map(([weight, value]) => `${BookWidget.number(weight)}·${value < 0 ? `(${BookWidget.number(value)})` : value}`);
    const sum = products.length > 9 ? `${products.length} products, sum` : `${products.join(" + ").replaceAll("+ −", "− ")} =`;
    const words = `Pixel ${this.position}, ${deep ? "middle map" : "output"} ${target[1] + 1}: ${sum} ${BookWidget.number(maps[target[0]][target[1]][at])}`;
    this.find(".words").textContent = words;
    this.say(`${words}. Multiplications so far: separable ${done("separable")}, full ${done("full")}`);
    const times = (outputs) => (1 / (1 / outputs + 1 / (k * k))).toFixed(1);
    this.answer(this.guess, `Nearly ${k * k}, if there are many outputs: 1/outputs + 1/${k * k} of the multiplications is left. `
      + `With ${out_channels} they are ${times(out_channels)} times fewer, with 256 it would be ${times(256)}.`);
    for (const id of ["position", "out_channels"]) this.find(`#${id} + output`).value = this.find(`#${id}`).value = this[id];
    this.press("[data-way]", (i) => ["separable", "full"][i] === way);
    const layer = middles ? `separable.DepthwiseSeparable(${inputs}, ${out_channels}, ${k})` : `nn.Conv2d(${inputs}, ${out_channels}, ${k}, padding=${reach})`;
    this.python(`cost.count(${layer}, (1, ${inputs}, ${height}, ${width})).total.macs  # ${each[way] * pixels}`);
  }
});
