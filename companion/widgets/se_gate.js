// A squeeze-and-excitation block with its numbers: means, hidden units, gates, and the picture before and behind it.
customElements.get("se-gate") || customElements.define("se-gate", class extends BookWidget {
  static colours = ["#d0342c", "#1d8a3a", "#3b6fe0"]; // of the channels; each stands beside its name

  // x (C, H, W) with a lamp: one column of one channel at least as bright as `strength`.
  static lit(x, channel, column, strength) {
    const bright = (value, j) => (j === column ? Math.max(value, strength) : value);
    return x.map((map, c) => (c === channel ? map.map((line) => line.map(bright)) : map));
  }

  // A 1x1 convolution on one pixel: a matrix times a vector.
  static linear({ weight, bias }, z) {
    return weight.map((row, i) => row.reduce((sum, w, c) => sum + w * z[c], bias[i]));
  }

  // The block on x (C, H, W): z, hidden units and gates, each once for the picture, or without the squeeze once for
  // each pixel; and y.
  static forward(x, { reduce, expand }, squeeze = true) {
    const width = x[0][0].length;
    const pixels = x[0].flat().map((_, p) => x.map((map) => map.flat()[p]));
    const z = squeeze ? [x.map((map) => map.flat().reduce((a, b) => a + b) / pixels.length)] : pixels;
    const hidden = z.map((one) => this.linear(reduce, one).map((a) => Math.max(a, 0)));
    const gates = hidden.map((one) => this.linear(expand, one).map((a) => 1 / (1 + Math.exp(-a))));
    const y = x.map((map, c) => map.map((line, i) => line.map((v, j) => v * gates[squeeze ? 0 : i * width + j][c])));
    return { z, hidden, gates, y };
  }

  // The channel whose gate falls most when a lamp goes on.
  static turnedDown(x, block, channel, column) {
    const [off, on] = [0, 1].map((strength) => this.forward(this.lit(x, channel, column, strength), block).gates[0]);
    const falls = off.map((gate, c) => gate - on[c]);
    const most = falls.indexOf(Math.max(...falls));
    return { channel: most, off: off[most], on: on[most] };
  }

  // How the gates come from one hidden unit: σ(bias + weight · unit).
  static formula(hidden, { weight, bias }, names) {
    const number = (value) => String(+value.toFixed(2)).replace("-", "−");
    return names.map((name, c) => `${name} σ(${number(bias[c])}${
      weight[c][0] ? ` ${weight[c][0] < 0 ? "−" : "+"} ${number(Math.abs(weight[c][0]))} · ${hidden.toFixed(2)}` : ""})`).join(", ");
  }

  start({ x, reduce, expand, names, lamp }) {
    const [block, safe] = [{ reduce, expand }, names.map(BookWidget.escape)];
    const options = safe.map((name, c) => `<option value="${c}"${c === lamp ? " selected" : ""}>${name}</option>`);
    this.show(`
      ${BookWidget.guess(`The ${names[lamp]} lamp goes on. Which channel is turned down?`, names)}<p class="answer"></p>
      <div class="block"><figure><canvas class="x" role="img"></canvas><figcaption>x</figcaption></figure>
        <svg viewBox="0 0 330 192" aria-hidden="true"></svg>
        <figure><canvas class="y" role="img"></canvas><figcaption>y = gates · x</figcaption></figure></div>
      <p class="words"></p><p class="formula"></p>
      <form>${BookWidget.slider("strength", "lamp's strength", 0, 1, 0, 0.05)}
        ${BookWidget.slider("column", "lamp's column", 0, x[0][0].length - 1, 0)}
        <label for="channel">lamp's colour</label><select id="channel">${options.join("")}</select></form>
      <div class="buttons"><button type="button" data-lamp>lamp on</button>
        <button type="button" data-squeeze>without the squeeze</button></div>`, `
      .block { display: grid; grid-template-columns: 1fr 2.5fr 1fr; gap: 1rem; align-items: center; margin: .6rem 0 }
      figure { margin: 0; text-align: center } figcaption { line-height: 1.7 }
      canvas { width: 100%; max-width: 11rem; image-rendering: pixelated; border-radius: 6px; display: block; margin: auto }
      .x { cursor: pointer } svg { width: 100%; display: block; font-size: 14px; fill: currentColor }
      select { justify-self: start }
      .track { fill: color-mix(in srgb, currentColor 13%, transparent) } .unit { fill: var(--fig-paper, Canvas); stroke: currentColor }
      .frame { fill: none; stroke: currentColor; stroke-opacity: .5 } .cell, .frame { shape-rendering: crispEdges } .head { font-weight: 600 }
      .halo { paint-order: stroke; stroke: var(--fig-paper, Canvas); stroke-width: 5px }
      @container (max-width: 38em) { .block { grid-template-columns: 1fr 1fr } svg { grid-area: 2 / 1 / 3 / 3 } }`);
    const inputs = ["strength", "column", "channel"].map((id) => this.find(`#${id}`));
    const [state, two] = [{}, (value) => value.toFixed(2)];
    const draw = () => {
      const [strength, column, channel] = inputs.map((input) => +input.value);
      const picture = this.constructor.lit(x, channel, column, strength);
      const { z, hidden, gates, y } = this.constructor.forward(picture, block, state.squeeze);
      inputs.slice(0, 2).forEach((input) => (input.nextElementSibling.value = input.value));
      this.paint(".x", picture, `The picture, its ${names[channel]} lamp ${strength ? `at ${strength} in column ${column}` : "off"}`);
      const each = state.squeeze ? `gates ${names.map((name, c) => `${name} ${two(gates[0][c])}`).join(", ")}` : "a gate for each pixel";
      this.paint(".y", y, `The picture times its gates: ${each}`);
      this.find("svg").innerHTML = this.diagram(z, hidden, gates, block, safe, x[0][0].length);
      const lamplight = strength ? `${names[channel]} lamp at ${two(strength)} in column ${column}` : "lamp off";
      const words = state.squeeze ? `${lamplight}: ${each}, the same for all ${x[0].flat().length} pixels.`
        : `${lamplight}, no squeeze: each pixel's gates come from that pixel alone. Where there is no lamp, nothing changes.`;
      this.find(".words").textContent = words[0].toUpperCase() + words.slice(1);
      this.find(".formula").textContent = state.squeeze && hidden[0].length === 1 ? `Gates: ${this.constructor.formula(hidden[0][0], expand, names)}.` : "";
      this.press("[data-lamp]", () => strength > 0);
      this.press("[data-squeeze]", () => !state.squeeze);
      this.press("[data-guess]", (i) => String(i) === state.guess);
      const answer = this.constructor.turnedDown(x, block, lamp, column);
      this.find(".answer").textContent = state.guess === "" ? ""
        : `${+state.guess === answer.channel ? "Yes" : "No"}: the gate of ${names[answer.channel]} goes from ${two(answer.off)} to ${two(answer.on)}.`;
      this.say(`${this.find(".answer").textContent} ${words}`.trim());
    };
    const changed = () => { draw(); this.keep([...inputs.map((input) => input.value), +state.squeeze, state.guess]); };
    this.find("form").addEventListener("input", changed);
    this.find(".x").addEventListener("click", (event) => {
      inputs[1].value = Math.floor((event.offsetX / event.target.clientWidth) * x[0][0].length);
      changed();
    });
    this.shadowRoot.addEventListener("click", ({ target: { dataset } }) => {
      if ("lamp" in dataset) inputs[0].value = +inputs[0].value ? 0 : 1;
      else if ("squeeze" in dataset) state.squeeze = !state.squeeze;
      else if (dataset.guess) { state.guess = dataset.guess; inputs[0].value = 1; inputs[2].value = lamp; }
      else return;
      changed();
    });
    this.restore(inputs);
    if (inputs[2].selectedIndex < 0) inputs[2].value = lamp;
    const [squeeze, guess] = this.recall()?.slice(3) ?? [];
    Object.assign(state, { squeeze: squeeze !== "0", guess: ["0", "1", "2"].includes(guess) ? guess : "" });
    draw();
  }

  // Three channels as one colour picture.
  paint(selector, [red, green, blue], words) {
    const canvas = this.find(selector);
    [canvas.height, canvas.width] = [red.length, red[0].length];
    const data = red.flatMap((line, i) => line.flatMap((_, j) => [red, green, blue].map((map) => 255 * map[i][j]).concat(255)));
    canvas.getContext("2d").putImageData(new ImageData(Uint8ClampedArray.from(data), canvas.width), 0, 0);
    canvas.setAttribute("aria-label", words);
  }

  // Bars of the means and of the gates, or a map of each where every pixel has its own; the hidden units between them;
  // and lines as thick as the weights that they stand for, blue above zero and orange below.
  diagram(z, hidden, gates, { reduce, expand }, names, width) {
    const row = (c) => 38 + 54 * c;
    const unit = (h) => 44 + (108 * (h + 1)) / (hidden[0].length + 1);
    const map = (left, top, values, fill) => {
      const cell = 32 / Math.max(width, values.length / width);
      return values.map((value, p) => `<rect class="cell" x="${left + cell * (p % width)}" y="${top + cell * Math.floor(p / width)}"
        width="${cell}" height="${cell}" fill="${fill}" fill-opacity="${value}"/>`).join("")
        + `<rect class="frame" x="${left}" y="${top}" width="${cell * width}" height="${(cell * values.length) / width}"/>`;
    };
    const bars = (left, vectors) => names.map((name, c) => `<text x="${left}" y="${row(c)}">${name}</text>${vectors.length > 1
      ? map(left + 54, row(c) - 13, vectors.map((vector) => vector[c]), this.constructor.colours[c])
      : `<text x="${left + 86}" y="${row(c)}" text-anchor="end">${vectors[0][c].toFixed(2)}</text>
        <rect class="track" x="${left}" y="${row(c) + 6}" width="86" height="13" rx="3"/>
        <rect x="${left}" y="${row(c) + 6}" width="${86 * vectors[0][c]}" height="13" rx="3" fill="${this.constructor.colours[c]}"/>`}`).join("");
    const most = Math.max(1e-9, ...[reduce, expand].flatMap(({ weight }) => weight.flat().map(Math.abs)));
    const line = (x1, y1, x2, y2, weight) => (weight === 0 ? "" : `
      <line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="var(--fig-${weight > 0 ? "blue, #0072b2" : "orange, #d55e00"})" stroke-width="${1 + (5 * Math.abs(weight)) / most}"/>`
      + (hidden[0].length > 1 ? "" : `<text class="halo" x="${(x1 + x2) / 2}" y="${(y1 + y2) / 2 + 5}" text-anchor="middle">${String(+weight.toFixed(1)).replace("-", "−")}</text>`));
    const lines = hidden[0].flatMap((_, h) => names.map((_, c) => line(92, row(c) + 6, 147, unit(h), reduce.weight[h][c])
      + line(183, unit(h), 238, row(c) + 6, expand.weight[c][h])));
    const largest = Math.max(1e-9, ...hidden.flat());
    const units = hidden[0].map((value, h) => (hidden.length > 1
      ? map(149, unit(h) - 16, hidden.map((one) => one[h] / largest), "currentColor")
      : `<circle class="unit" cx="165" cy="${unit(h)}" r="18"/><text x="165" y="${unit(h) + 5}" text-anchor="middle">${value.toFixed(value < 10 ? 2 : 1)}</text>`));
    const heads = [[43, hidden.length > 1 ? "pixels" : "means"], [165, "hidden"], [287, "gates"]];
    return lines.join("") + units.join("") + bars(0, z) + bars(244, gates)
      + heads.map(([x, word]) => `<text class="head" x="${x}" y="14" text-anchor="middle">${word}</text>`).join("");
  }
});
