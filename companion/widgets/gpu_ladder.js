// The ladder of kernels on the reader's own GPU: checked first, then measured, under a measured roof.
customElements.get("gpu-ladder") || customElements.define("gpu-ladder", class extends BookWidget {
  static words = { in_channels: "channels in", out_channels: "channels out", size: "height and width", batch: "batch" };
  static names = ["naive", "coalesced", "shared_tile", "register_tile"];
  static title = (step) => step.replace("_", " ");
  static number = (value) => (Number.isFinite(value) ? String(+value.toPrecision(3)) : "–");

  start({ cuda, values, limits }) {
    const { names, title, words } = this.constructor;
    const sliders = Object.entries(limits).map(([name, [least, most]]) => BookWidget.slider(name, words[name], least, most, values[name]));
    const heads = ["FLOP per byte asked for", "largest error", "predicted, GFLOP/s", "measured, GFLOP/s", "measured, GB/s"];
    const rows = names.map((name, i) => `<tr data-row="${name}"><th scope="row">${i + 1} ${title(name)}</th>${"<td></td>".repeat(heads.length)}</tr>`);
    this.show(`
      ${BookWidget.guess("Which step gains most on your GPU?", names.slice(1).map(title))}
      <form>${sliders.join("")}</form><p class="layer"></p>
      <div class="buttons"><button type="button" data-run>check and measure</button><button type="button" data-json disabled>copy as JSON</button></div>
      <p class="status"></p><slot name="recorded" hidden></slot>
      <div class="scroll" tabindex="0" role="region" aria-label="The steps in numbers"><table>
        <thead><tr><td></td>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>
      <svg viewBox="0 0 460 270" role="img" hidden></svg><ul class="findings"></ul><pre class="json" hidden></pre>
      <div class="buttons" role="group" aria-label="The source of a step">${names.map((name) => `<button type="button" data-step="${name}">${title(name)}</button>`).join("")}</div>
      <div class="sources">${["WGSL", "CUDA"].map((kind) => `<figure><figcaption>${kind}</figcaption><pre data-kind="${kind}" tabindex="0" role="region" aria-label="${kind}"></pre></figure>`).join("")}</div>`,
    this.constructor.look);
    this.inputs = [...this.shadowRoot.querySelectorAll("form input")];
    Object.assign(this, { cuda, guess: -1, step: names[0], rows: {}, ceilings: null, result: null, gpu: null });
    this.find("form").addEventListener("input", () => {
      this.stop("Stopped, since the sizes have changed.");
      [this.rows, this.result] = [this.checked(), null];
      this.find(".json").hidden = true;
      this.status("");
      this.changed();
    });
    this.shadowRoot.addEventListener("click", ({ target: { dataset } }) => {
      if ("run" in dataset) return this.running ? this.stop("Stopped.") : this.run();
      if ("json" in dataset) return this.copy();
      if (dataset.guess) this.guess = +dataset.guess;
      else if (dataset.step) this.step = dataset.step;
      else return;
      this.changed();
    });
    this.restore(this.inputs);
    const [guess, step] = (this.recall() ?? []).slice(this.inputs.length).map(Number);
    if (guess in names.slice(1)) this.guess = guess;
    if (step in names) this.step = names[step];
    this.draw();
    if (!globalThis.navigator.gpu) this.none();
  }

  disconnectedCallback() { this.stop("Stopped."); }

  get layer() {
    const { size, ...others } = Object.fromEntries(this.inputs.map((input) => [input.id, +input.value]));
    return { ...others, pixels: size ** 2 };
  }

  changed() {
    this.draw();
    this.keep([...this.inputs.map((input) => input.value), this.guess, this.constructor.names.indexOf(this.step)]);
  }

  status(words) {
    this.find(".status").textContent = words;
    this.say(words);
  }

  none() {
    for (const button of this.shadowRoot.querySelectorAll("[data-guess], [data-run], [data-json]")) {
      button.disabled = true;
      button.closest(".buttons").hidden = true;
    }
    this.find("table").className = "unmeasured";
    this.find("slot").hidden = false;
    this.status("This browser offers no WebGPU here, so nothing can be measured. What each step asks for is known all the same.");
  }

  // What holds of a step whatever the sizes are.
  checked() { return Object.fromEntries(Object.entries(this.rows).map(([name, { checked }]) => [name, { checked }])); }

  stop(words) {
    if (!this.running) return;
    this.gpu?.stop();
    this.running = null;
    this.find("[data-run]").textContent = "check and measure";
    this.status(words);
  }

  // One click's work. What it finds is shown as long as no other click, and no slider, has ended it.
  async run() {
    const run = (this.running = {});
    const going = () => this.running === run;
    const show = (words) => { if (going()) { this.status(words); this.draw(); } };
    Object.assign(this, { rows: {}, ceilings: null, result: null });
    this.find("[data-run]").textContent = "stop";
    show("Asking for an adapter …");
    let gpu;
    try {
      gpu = await GpuLadderDevice.open();
      if (!going()) return;
      if (!gpu) {
        this.stop("");
        return this.none();
      }
      this.gpu = gpu;
      await Promise.race([this.work(gpu, show), gpu.lost]);
      if (going()) this.stop(`Measured on ${gpu.name}${gpu.adapter.software ? ", a software adapter" : ""}.`);
    } catch (error) {
      const lost = gpu && await Promise.race([gpu.lost.catch((loss) => loss), new Promise((done) => setTimeout(done, 100))]);
      if (going()) this.stop((lost ?? error).message);
    } finally {
      gpu?.close();
      this.draw();
    }
  }

  async work(gpu, show) {
    const { names, title } = this.constructor;
    const { layer } = this;
    const { random, tolerance } = GpuLadderDevice;
    for (const name of names) {
      show(`${gpu.name}: checking ${title(name)} on a ragged layer …`);
      const checked = await gpu.check(GpuLadderKernels[name]);
      this.rows[name] = { checked };
      if (!(checked <= tolerance)) throw Error(`On ${gpu.name}, ${title(name)} gives wrong results, so that no speed is shown.`);
    }
    show(`${gpu.name}: all steps are right. Measuring how fast it copies and multiplies …`);
    const ceilings = await gpu.ceilings(GpuLadderKernels);
    this.ceilings = ceilings;
    const loaded = gpu.load(layer, random(layer));
    const result = { adapter: gpu.adapter, browser: navigator.userAgent, date: new Date().toISOString(), clock: gpu.queries ? "timestamps" : "wall", layer, ceilings_gb_gflop_per_s: ceilings, steps: [] };
    for (const name of names) {
      show(`${gpu.name}: timing ${title(name)} …`);
      const { seconds, dispatches, error } = await gpu.measure(GpuLadderKernels[name], loaded);
      if (!(error <= tolerance)) throw Error(`On ${gpu.name}, ${title(name)} gives wrong results for these sizes, so that its speed is not shown.`);
      const row = this.rows[name];
      if (seconds) {
        row.gflops = GpuLadderModel.quartiles(seconds.map((time) => GpuLadderModel.flops(layer) / time / 1e9));
        row.gbs = GpuLadderModel.quartiles(seconds.map((time) => GpuLadderModel.bytes(layer) / time / 1e9));
      } else row.slow = true;
      const asked = GpuLadderModel.asked(name, GpuLadderKernels[name].tile, layer);
      result.steps.push({ step: name, largest_error: row.checked, flop_per_byte_asked: asked, predicted_gflop_per_s: this.predicted(asked, layer),
        gflop_per_s: row.gflops ?? null, gb_per_s: row.gbs ?? null, dispatches: dispatches ?? 0, submissions: seconds?.length ?? 0 });
    }
    loaded.free();
    Object.assign(this, { result, software: gpu.adapter.software });
  }

  // No kernel moves less than the layer, or is faster than the roof where it asks for more.
  predicted(asked, layer) {
    const own = GpuLadderModel.flops(layer) / GpuLadderModel.bytes(layer);
    return this.ceilings ? GpuLadderModel.roof(this.ceilings, Math.min(asked, own)) : NaN;
  }

  draw() {
    const { names, number } = this.constructor;
    const { layer, rows, ceilings } = this;
    for (const input of this.inputs) input.nextElementSibling.value = input.value;
    this.press("[data-guess]", (i) => i === this.guess);
    this.press("[data-step]", (i) => names[i] === this.step);
    this.find("[data-kind=WGSL]").textContent = GpuLadderKernels[this.step].code;
    this.find("[data-kind=CUDA]").textContent = this.cuda[this.step];
    const [flops, bytes] = [GpuLadderModel.flops(layer), GpuLadderModel.bytes(layer)];
    const roof = ceilings ? ` This adapter copies ${number(ceilings.copy.median)} GB/s and computes ${number(ceilings.fma.median)} GFLOP/s: here at most ${number(GpuLadderModel.roof(ceilings, flops / bytes))}.` : "";
    this.find(".layer").textContent = `${number(flops / 1e6)} MFLOP, ${number(bytes / 1e6)} MB that must move: ${number(flops / bytes)} FLOP per byte.${roof}`;
    const points = names.map((step) => {
      const { checked, gflops, gbs, slow } = rows[step] ?? {};
      const asked = GpuLadderModel.asked(step, GpuLadderKernels[step].tile, layer);
      const predicted = this.predicted(asked, layer);
      const range = (q) => (q ? `${number(q.median)} (${number(q.q1)} to ${number(q.q3)})` : "–");
      const error = checked === undefined ? "–" : checked <= GpuLadderDevice.tolerance ? checked.toExponential(0) : "wrong";
      const cells = [number(asked), error, number(predicted), slow ? "too slow: take a smaller layer" : range(gflops), range(gbs)];
      this.shadowRoot.querySelectorAll(`[data-row=${step}] td`).forEach((cell, i) => (cell.textContent = cells[i]));
      return { step, asked, predicted, median: gflops?.median };
    });
    this.find("[data-json]").disabled = !this.result;
    const findings = this.result ? GpuLadderModel.findings(points, this.software, this.guess) : [];
    this.find(".findings").replaceChildren(...findings.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    this.find("svg").toggleAttribute("hidden", !ceilings);
    if (ceilings) this.roofline(points, flops / bytes);
  }

  // The roof on logarithmic axes; a ring for what is predicted, a dot for what was measured, and the layer's own intensity.
  roofline(points, own) {
    const { number, title } = this.constructor;
    const { copy, fma } = this.ceilings;
    const ridge = fma.median / copy.median;
    const xs = [...points.map(({ asked }) => asked), own, ridge];
    const [least, most] = [Math.min(...xs) / 2, Math.max(...xs) * 3];
    const ys = [...points.flatMap(({ median, predicted }) => [median ?? predicted, predicted]), fma.median];
    const [low, high] = [Math.min(...ys) / 2, Math.max(...ys) * 2];
    const x = (value) => 48 + (400 * Math.log(value / least)) / Math.log(most / least);
    const y = (value) => 232 - (220 * Math.log(Math.max(value, low) / low)) / Math.log(high / low);
    const decades = (from, to) => Array.from({ length: 30 }, (_, i) => 10 ** (i - 9)).filter((value) => value >= from && value <= to);
    const roof = [Math.max(least, low / copy.median), ridge, most].map((at) => `${x(at)},${y(GpuLadderModel.roof(this.ceilings, at))}`);
    const dots = points.map(({ asked, predicted, median }, i) => `<circle class="ring" cx="${x(asked)}" cy="${y(predicted)}" r="5"/>`
      + (median ? `<circle class="dot" cx="${x(asked)}" cy="${y(median)}" r="5"/>
        <text x="${x(asked) + (i % 2 ? -9 : 9)}" y="${y(median) + 5}" text-anchor="${i % 2 ? "end" : "start"}">${i + 1}</text>` : ""));
    this.find("svg").innerHTML = `<path d="M48 12V232H448"/><polyline points="${roof.join(" ")}"/>
      <path class="own" d="M${x(own)} 232V${y(GpuLadderModel.roof(this.ceilings, own))}"/>${dots.join("")}
      ${decades(least, most).map((at) => `<text x="${x(at)}" y="248" text-anchor="middle">${at}</text>`).join("")}
      ${decades(low, high).map((at) => `<text x="42" y="${y(at) + 5}" text-anchor="end">${at < 1e6 ? at : at.toExponential()}</text>`).join("")}
      <text x="448" y="266" text-anchor="end">FLOP per byte asked for</text><text x="54" y="20">GFLOP/s</text>`;
    const measured = points.filter(({ median }) => median).map(({ step, median }) => `${title(step)} ${number(median)}`);
    this.find("svg").setAttribute("aria-label", `Roofline: a slope of ${number(copy.median)} GB/s, a ceiling of ${number(fma.median)} GFLOP/s, rings for what is predicted and dots for what was measured${measured.length ? `, in GFLOP/s: ${measured.join(", ")}` : ""}. A dashed line stands at the layer's own intensity.`);
  }

  copy() {
    const [button, shown, text] = [this.find("[data-json]"), this.find(".json"), JSON.stringify(this.result, null, 1)];
    Object.assign(shown, { hidden: false, textContent: text, tabIndex: 0 });
    navigator.clipboard?.writeText(text).then(() => this.status("Copied."), () => { /* it can be marked and copied by hand */ });
    button.focus();
  }

  static look = `
    .scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .92em }
    td, thead th { text-align: right; padding: .2rem .5rem } th[scope=row] { text-align: left; white-space: nowrap; font-weight: 400; padding: .2rem 0 }
    thead th { font-weight: 600; vertical-align: bottom } tbody tr { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent) }
    .unmeasured :is(td, th):nth-child(n + 3) { display: none } button:disabled { opacity: .55; cursor: default }
    .status:empty, .findings:empty { display: none } .findings { margin: .4rem 0; padding-left: 1.2em }
    svg { display: block; width: 100%; max-width: 36rem; margin: .6rem auto; font-size: 13px; fill: currentColor }
    path, polyline { fill: none; stroke: currentColor } polyline { stroke-width: 2 } .own { stroke-dasharray: 4 4 }
    .ring { fill: none; stroke: var(--fig-blue, #0072b2); stroke-width: 2 } .dot { fill: var(--fig-orange, #d55e00) }
    .sources { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22em), 1fr)); gap: .6rem }
    figure { margin: 0; min-width: 0 } figcaption { font-weight: 600 }
    pre { margin: .2rem 0; overflow: auto; max-height: 24em; font-size: .8em; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: .5rem; border-radius: 6px }
    @media print { .sources { display: block } pre { max-height: none; white-space: pre-wrap } }`;
});
