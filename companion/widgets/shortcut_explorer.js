// Which inputs an output of a shortcut reads, and which pixels none of its outputs ever reads.
customElements.get("shortcut-explorer") || customElements.define("shortcut-explorer", class extends BookWidget {
  static kinds = { identity: "identity", A: "A: zeros", B: "B: 1×1 if needed", C: "C: 1×1", D: "D: average, 1×1", main: "main path: 3×3" };

  // The shapes of a block where a stage begins, or of those inside it, which keep channels and resolution.
  static shape({ size, in_channels, out_channels, stride }, inside) {
    return inside ? { size, in_channels, out_channels: in_channels, stride: 1 } : { size, in_channels, out_channels, stride };
  }

  static outputSize({ size, stride }) { return Math.ceil(size / stride); }

  // What one output reads: [channel, row, column] each. Null for an identity between different shapes.
  static reads(kind, shape, channel, row, column) {
    const { size, in_channels, out_channels, stride } = shape;
    const same = stride === 1 && in_channels === out_channels;
    const [top, left] = [row * stride, column * stride];
    const square = (first, second, k) => Array.from({ length: k * k }, (_, i) => [first + Math.floor(i / k), second + (i % k)])
      .filter((pixel) => pixel.every((at) => at >= 0 && at < size));
    if (kind === "B") return this.reads(same ? "identity" : "C", shape, channel, row, column);
    if (kind === "identity") return same ? [[channel, row, column]] : null;
    if (kind === "A") return channel < in_channels ? [[channel, top, left]] : [];
    const pixels = { C: square(top, left, 1), D: square(top, left, stride), main: square(top - 1, left - 1, 3) }[kind];
    return Array.from({ length: in_channels }, (_, c) => pixels.map((pixel) => [c, ...pixel])).flat();
  }

  // The pixels that some output reads, as row * size + column, in order.
  static everRead(kind, shape) {
    const [seen, side] = [new Set(), this.outputSize(shape)];
    for (let channel = 0; channel < shape.out_channels; channel++) {
      for (let i = 0; i < side * side; i++) {
        this.reads(kind, shape, channel, Math.floor(i / side), i % side)?.forEach(([, r, s]) => seen.add(r * shape.size + s));
      }
    }
    return [...seen].sort((a, b) => a - b);
  }

  static weights(kind, { in_channels, out_channels, stride }) {
    const same = stride === 1 && in_channels === out_channels;
    return in_channels * out_channels * { identity: 0, A: 0, B: same ? 0 : 1, C: 1, D: 1, main: 9 }[kind];
  }

  // The same asked of the package: how many inputs have a gradient from this output.
  static line(kind, { size, in_channels, out_channels, stride }, channel, row, column) {
    const [args, module] = [`(${in_channels}, ${out_channels}, ${stride})`, {
      identity: "Identity", A: "ZeroPad", B: 'OPTIONS["B"]', C: "Projection", D: "AveragePoolProjection" }[kind]];
    const built = module ? `residual.${module}${args}`
      : `torch.nn.Conv2d(${in_channels}, ${out_channels}, 3, stride=${stride}, padding=1, bias=False)`;
    return `shortcut, x = ${built}, torch.randn(1, ${in_channels}, ${size}, ${size})
receptive_field.input_gradient(shortcut, x, position=(${row}, ${column}), channel=${channel}).count_nonzero()`;
  }

  start(settings) {
    const { size, in_channels, out_channels, stride } = settings;
    const [{ kinds }, side] = [this.constructor, this.constructor.outputSize(settings)];
    const choices = [side * side, side * size, size * size].map(String);
    const stages = [`a stage begins: ${in_channels} → ${out_channels} channels, stride ${stride}`, `inside it: ${in_channels} → ${in_channels}, stride 1`];
    this.show(`
      ${BookWidget.guess(`A 1×1 convolution with stride ${stride}: how many of the ${size * size} pixels does it ever read?`, choices)}<p class="answer"></p>
      <div class="buttons" role="group" aria-label="Where">${stages.map((words, i) => `<button type="button" data-inside="${i}">${words}</button>`).join("")}</div>
      <div class="buttons" role="group" aria-label="Shortcut">${Object.entries(kinds).map(([kind, words]) => `<button type="button" data-kind="${kind}">${words}</button>`).join("")}</div>
      <div class="maps" aria-hidden="true"><div><b>input</b><div class="input"></div></div><span>→</span><div><b>output</b><div class="output"></div></div></div>
      <div class="buttons legend"><button type="button" data-all>all outputs together</button><span aria-hidden="true"><i class="now"></i>read by this output</span>
        <span class="more" aria-hidden="true"><i class="ever"></i>by another</span><span class="more" aria-hidden="true"><i class="never"></i>never read</span></div>
      <p class="words"></p>
      <form>${BookWidget.slider("row", "row", 0, side - 1, 0)}${BookWidget.slider("column", "column", 0, side - 1, 0)}
        ${BookWidget.slider("channel", "output channel", 0, out_channels - 1, 0)}</form>
      ${BookWidget.copier}`, `
      .maps { display: flex; flex-wrap: wrap; gap: .6rem 1.2rem; align-items: center; justify-content: center; margin: 1rem 0 .4rem }
      .maps > div { display: grid; gap: .3rem; text-align: center } svg { display: block; max-width: 100%; margin: auto; font-size: 12px; fill: currentColor }
      .buttons + .buttons { margin-top: 0 } .output rect { cursor: pointer } .words { min-height: 2.8em }
      .legend { justify-content: center; align-items: center; gap: .4rem .9rem } .legend button { padding: .1rem .6rem }
      rect { fill: color-mix(in srgb, currentColor 9%, transparent); stroke: color-mix(in srgb, currentColor 30%, transparent) }
      i { display: inline-block; width: .9em; height: .9em; margin-right: .35em; vertical-align: -.1em }
      .now, .ever, .never { fill: var(--is); background: var(--is); --is: var(--fig-blue, #0072b2) } .zero:not(.now) { fill: none }
      .ever { --is: color-mix(in srgb, var(--fig-blue, #0072b2) 35%, transparent) } .never { --is: color-mix(in srgb, var(--fig-orange, #d55e00) 80%, transparent) }
      [data-kind], [data-inside] { padding: .15rem .5rem; font-size: .93em }
      @container (max-width: 34em) { .maps > span { display: none } }`);
    const inputs = ["row", "column", "channel"].map((id) => this.find(`#${id}`));
    const [state, cell] = [{ kind: "B" }, Math.min(15, Math.floor(120 / size))];
    // Maps of a number of channels side by side, each cell of a class.
    const maps = (channels, columns, count, name) => {
      const step = Math.max(cell * count, 52) + 12;
      return `<svg width="${step * columns - 12}" height="${Math.ceil(channels / columns) * (cell * count + 22)}">${Array.from({ length: channels }, (_, c) => {
        const [x, y] = [step * (c % columns), Math.floor(c / columns) * (cell * count + 22) + 16];
        const zero = name(c, 0, 0).includes("zero");
        return `<text x="${x}" y="${y - 4}">${c}${zero ? ": zeros" : ""}</text>${Array.from({ length: count * count }, (_, i) => {
          const [r, s] = [Math.floor(i / count), i % count];
          return `<rect x="${x + cell * s + .5}" y="${y + cell * r + .5}" width="${cell - 1}" height="${cell - 1}" class="${name(c, r, s)}" data-at="${r} ${s} ${c}"/>`;
        }).join("")}`;
      }).join("")}</svg>`;
    };
    const draw = () => {
      const shape = this.constructor.shape(settings, state.inside);
      const outputs = this.constructor.outputSize(shape);
      inputs.forEach((input, i) => { input.max = i < 2 ? outputs - 1 : shape.out_channels - 1; input.nextElementSibling.value = input.value; });
      const [row, column, channel] = inputs.map((input) => +input.value);
      const read = this.constructor.reads(state.kind, shape, channel, row, column);
      const [ever, now] = [new Set(this.constructor.everRead(state.kind, shape)), new Set(read?.map(String))];
      this.find(".input").innerHTML = maps(in_channels, Math.min(in_channels, 2), size, (c, r, s) => (
        now.has(`${c},${r},${s}`) ? "now" : !state.all || !read ? "" : ever.has(r * size + s) ? "ever" : "never"));
      this.find(".output").innerHTML = maps(shape.out_channels, Math.min(shape.out_channels, outputs > 6 ? 2 : 4), outputs, (c, r, s) => (
        `${c === channel && r === row && s === column ? "now" : ""}${state.kind === "A" && c >= in_channels ? " zero" : ""}`));
      this.shadowRoot.querySelectorAll(".more").forEach((part) => (part.hidden = !state.all || !read));
      const words = this.find(".words").textContent = this.words(read, ever, shape, `Pixel (${row}, ${column}) of output channel ${channel}`, state);
      const [right, percent] = [choices[0], Math.round((100 * side * side) / size ** 2)];
      this.find(".answer").textContent = state.guess === "" ? "" : `${state.guess === "0" ? "Yes" : "No"}: ${right}, which is ${percent} %.`;
      this.say(`${this.find(".answer").textContent} ${words}`.trim());
      this.python(this.constructor.line(state.kind, shape, channel, row, column));
      this.press("[data-kind]", (i) => Object.keys(kinds)[i] === state.kind);
      this.press("[data-inside]", (i) => i === state.inside);
      this.press("[data-all]", () => Boolean(state.all));
      this.press("[data-guess]", (i) => String(i) === state.guess);
    };
    const changed = () => { draw(); this.keep([...inputs.map((input) => input.value), Object.keys(kinds).indexOf(state.kind), state.inside, state.all, state.guess]); };
    this.find("form").addEventListener("input", changed);
    const choose = (at) => { at.split(" ").forEach((value, i) => (inputs[i].value = value)); changed(); };
    this.find(".output").addEventListener("pointerover", ({ target: { dataset: { at } } }) => {
      if (at && at !== inputs.map((input) => input.value).join(" ")) choose(at);
    });
    this.shadowRoot.addEventListener("click", ({ target }) => {
      const { kind, inside, all, guess, at } = target.dataset;
      if (kind) state.kind = kind;
      else if (inside) state.inside = +inside;
      else if (all !== undefined) state.all = +!state.all;
      else if (guess) Object.assign(state, { guess, kind: "C", inside: 0, all: 1 });
      else return at && target.closest(".output") && choose(at);
      changed();
    });
    const kept = (i, values) => values.find((value) => String(value) === this.recall()?.[i]);
    state.kind = Object.keys(kinds)[kept(3, [0, 1, 2, 3, 4, 5])] ?? state.kind;
    for (const [i, name] of [[4, "inside"], [5, "all"]]) state[name] = kept(i, [1]) ?? 0;
    state.guess = kept(6, ["0", "1", "2"]) ?? "";
    draw(); // the sliders' ends, before their values
    this.restore(inputs);
    draw();
  }

  words(read, ever, { size, in_channels, out_channels, stride }, output, { kind, all }) {
    if (!read) return `An identity can’t lead from ${in_channels} to ${out_channels} channels, nor skip pixels: it needs equal shapes and stride 1.`;
    const weights = this.constructor.weights(kind, { in_channels, out_channels, stride });
    const pixels = new Set(read.map(([, r, s]) => `${r}, ${s}`));
    const where = pixels.size === 1 ? `pixel (${[...pixels][0]})` : `${pixels.size} pixels`;
    const channels = new Set(read.map(([c]) => c));
    const which = channels.size === 1 ? `channel ${[...channels][0]}` : `all ${channels.size} channels`;
    const one = read.length ? `reads ${where} of ${which}: ${read.length} of ${in_channels * size * size} values` : "is filled with zeros: it reads nothing";
    const [some, left] = [ever.size, size * size - ever.size];
    const together = ` All outputs together read ${some} of ${size * size} pixels, ${Math.round((100 * some) / size ** 2)} %${left ? `; ${left} are never read` : ""}.`;
    return `${output} ${one}. Weights: ${weights}.${all ? together : ""}`;
  }
});
