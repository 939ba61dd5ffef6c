// Feature maps through the best bottleneck of r channels, beside what every bottleneck must lose.
customElements.get("low-rank") || customElements.define("low-rank", class extends BookWidget {
  // Numbers as they were packed into a data URL: low and step, then codes of one or two bytes; low + step * code.
  static unpack(url, Codes) {
    const { buffer } = Uint8Array.from(atob(url.split(",")[1]), (letter) => letter.charCodeAt(0));
    const [low, step] = new Float32Array(buffer, 0, 2);
    return Float64Array.from(new Codes(buffer, 8), (code) => low + step * code);
  }

  // What each direction holds of each pixel: directions (C, C), column by direction, and maps (C, P) give (C, P).
  static coefficients(directions, maps, channels) {
    const pixels = maps.length / channels;
    const held = new Float64Array(maps.length);
    for (let c = 0; c < channels; c++) for (let d = 0; d < channels; d++) for (let p = 0; p < pixels; p++) {
      held[d * pixels + p] += directions[c * channels + d] * maps[c * pixels + p];
    }
    return held;
  }

  // The maps from the first r directions alone.
  static rebuild(directions, held, channels, r) {
    const pixels = held.length / channels;
    const maps = new Float64Array(held.length);
    for (let c = 0; c < channels; c++) for (let d = 0; d < r; d++) for (let p = 0; p < pixels; p++) {
      maps[c * pixels + p] += directions[c * channels + d] * held[d * pixels + p];
    }
    return maps;
  }

  static energy(values) { return values.reduce((sum, value) => sum + value * value, 0); }

  // The fewest channels that lose no more than a share.
  static needed(lost, share) { return lost.findIndex((value) => value <= share); }

  start({ sources, pictures, rank }) {
    this.lost = Object.values(sources).map(({ lost }) => this.constructor.unpack(lost, Uint16Array));
    this.names = Object.keys(sources);
    this.source = this.kept(1, 0, this.names.length - 1, 0);
    this.picture = this.kept(2, 0, pictures.length - 1, 0);
    this.rank = this.kept(0, 1, sources[this.names[this.source]].channels, rank);
    this.guess = this.kept(3, 1, Infinity, 0);
    const button = (data, i, words) => `<button type="button" data-${data}="${i}">${BookWidget.escape(words)}</button>`;
    this.show(`
      <div class="choices"><div class="buttons" role="group" aria-label="maps">${this.names.map((name, i) => button("source", i, name)).join("")}</div>
        <div class="buttons" role="group" aria-label="picture">${pictures.map((words, i) => button("picture", i, words)).join("")}</div></div>
      <div class="views"><figure><canvas role="img" data-of="maps" aria-label="The maps"></canvas><figcaption></figcaption></figure>
        <figure><canvas role="img" data-of="rebuilt" aria-label="The same, rebuilt"></canvas><figcaption></figcaption></figure>
        <figure class="curve"><svg viewBox="-34 -12 274 200" aria-hidden="true"></svg><p class="question">Guess first: how many channels keep
          90 % of the energy? Move r until the maps look right to you.</p><figcaption></figcaption></figure></div>
      <form>${BookWidget.slider("r", "channels r", 1, 1, 1)}</form>
      <div class="buttons"><button type="button" data-here></button><span class="answer"></span></div><p class="words"></p>${BookWidget.copier}`, `
      .choices { display: flex; flex-wrap: wrap; gap: 0 2rem } .choices .buttons { margin: .3rem 0 .6rem }
      .views { display: grid; grid-template-columns: 1fr 1fr 1.25fr; gap: 1rem; align-items: start } figure { margin: 0; text-align: center }
      canvas { display: block; width: 100%; image-rendering: pixelated } svg { display: block; width: 100%; font-size: 13px }
      text { fill: currentColor } path { fill: none; stroke: currentColor; stroke-opacity: .35 } circle { fill: var(--fig-orange, #d55e00) }
      .lost { stroke: var(--fig-blue, #0072b2); stroke-width: 2.5; stroke-opacity: 1 } .other { stroke-dasharray: 5 4; stroke-width: 1.5; stroke-opacity: .6 }
      .words { min-height: 4.2em } .curve { position: relative } .question { display: none; position: absolute; inset: 0 0 auto }
      .asked > * { visibility: hidden } .asked .question { display: block; visibility: visible }
      @container (max-width: 34em) { .views { grid-template-columns: 1fr 1fr } .curve { grid-column: 1 / -1 } .asked svg { display: none } .question.question { position: static } }`);
    this.find("form").addEventListener("input", ({ target }) => this.go({ rank: +target.value }));
    this.shadowRoot.addEventListener("click", ({ target: { dataset } }) => {
      if ("here" in dataset) this.go({ guess: this.rank });
      else if (dataset.source) this.go({ source: +dataset.source });
      else if (dataset.picture) this.go({ picture: +dataset.picture });
    });
    this.draw();
  }

  go(change) {
    Object.assign(this, change);
    this.draw();
    this.keep([this.rank, this.source, this.picture, this.guess]);
  }

  // Some maps of a picture as tiles, four in a row: blue above zero, orange below.
  paint(canvas, maps, shown, [height, width], most) {
    [canvas.width, canvas.height] = [4 * (width + 1) - 1, Math.ceil(shown.length / 4) * (height + 1) - 1];
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    shown.forEach((c, tile) => maps.slice(c * height * width, (c + 1) * height * width).forEach((value, i) => {
      const at = (Math.floor(tile / 4) * (height + 1) + Math.floor(i / width)) * canvas.width + (tile % 4) * (width + 1) + (i % width);
      image.data.set([...(value < 0 ? [213, 94, 0] : [31, 143, 208]), 18 + 237 * Math.min(1, Math.abs(value) / most) ** 0.7], 4 * at);
    }));
    context.putImageData(image, 0, 0);
  }

  draw() {
    const { sources } = this.settings;
    const { channels, size, count, directions, pictures } = sources[this.names[this.source]];
    const lost = this.lost[this.source];
    const { unpack, coefficients, rebuild, energy, needed } = this.constructor;
    const r = (this.rank = Math.min(this.rank, channels));
    const [basis, maps] = [unpack(directions, Uint16Array), unpack(pictures[this.picture], Uint8Array)];
    const held = coefficients(basis, maps, channels);
    const [most, pixels] = [Math.max(...maps.map(Math.abs)), maps.length / channels];
    const strength = Array.from({ length: channels }, (_, c) => energy(maps.subarray(c * pixels, (c + 1) * pixels)));
    const shown = Array.from(strength.keys()).sort((a, b) => strength[b] - strength[a]).slice(0, 12);
    this.paint(this.find("[data-of=maps]"), maps, shown, size, most);
    this.paint(this.find("[data-of=rebuilt]"), rebuild(basis, held, channels, r), shown, size, most);
    this.find("[data-of=maps] + figcaption").textContent = `the ${shown.length} brightest of ${channels} maps`;
    this.find("[data-of=rebuilt] + figcaption").textContent = `the same from r = ${r}`;
    const slider = this.find("#r");
    [slider.max, slider.value, slider.nextElementSibling.value] = [channels, r, r];
    // The curves: what is lost, in percent, by these maps and by others with as many channels.
    const place = (value, i) => [(240 * i) / channels, 160 * (1 - value)];
    const curve = (values, kind) => `<path class="${kind}" d="M${Array.from(values, place).join("L")}"/>`;
    const label = (words, x, y, anchor) => `<text x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;
    const others = this.names.filter((other, i) => i !== this.source && sources[other].channels === channels);
    const [x, y] = place(lost[r], r);
    this.find("svg").innerHTML = [100, 50, 0].map((percent, i) => label(percent, -6, 80 * i + 4, "end")).join("")
      + label(0, 0, 178, "middle") + label("r", 120, 178, "middle") + label(channels, 240, 178, "end") + label("energy lost, %", 240, 12, "end")
      + others.map((other) => curve(this.lost[this.names.indexOf(other)], "other")).join("") + curve(lost, "lost")
      + `<path d="M0 0V160H240M0 80H240M${x} 0V160"/><circle cx="${x}" cy="${y}" r="5"/>`;
    this.find(".curve figcaption").textContent = others.length ? `dashed: ${others.join(", ")}` : "";
    this.find(".curve").classList.toggle("asked", !this.guess);
    // The same in words; the curves and the shares only after a guess.
    const percent = (share) => `${BookWidget.number(100 * share, 1)} %`;
    const kept = energy(held.subarray(0, r * pixels)) / energy(held);
    const shares = this.guess ? ` keeps ${percent(1 - lost[r])} of the energy of all ${BookWidget.number(count)} pictures, and ${percent(kept)} of this one's` : "";
    const words = `r = ${r} of ${channels} channels${shares}. Weights of the pair: ${channels}·${r} + ${r}·${channels} = ${
      BookWidget.number(2 * channels * r)}; of one matrix: ${channels}·${channels} = ${BookWidget.number(channels ** 2)}.`;
    this.find(".words").textContent = words;
    this.say(words);
    this.find("[data-here]").textContent = `guess: ${r} channels`;
    const guess = Math.min(this.guess, channels);
    this.answer(this.guess, `You said ${guess}, which keeps ${percent(1 - lost[guess])}. For 90 % it takes ${needed(lost, 0.1)} of ${channels}.`);
    this.press("[data-source]", (i) => i === this.source);
    this.press("[data-picture]", (i) => i === this.picture);
    this.python(`reduce, expand = bottleneck.best_pair(maps, ${r})  # ${r} × ${channels} and ${channels} × ${r}`);
  }
});
