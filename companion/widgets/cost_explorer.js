// A k x k convolution beside what takes its place: weights, MACs, bytes and intensity of both.
customElements.get("cost-explorer") || customElements.define("cost-explorer", class extends LayerCosts {
  static words = {
    size: "height and width",
    in_channels: "channels in",
    middle_channels: "channels in the middle",
    out_channels: "channels out",
    kernel_size: "kernel size k",
    batch: "batch",
  };

  start({ values, kind, limits, kinds, presets }) {
    const { escape, slider } = BookWidget;
    const rows = Object.entries(limits).map(([name, [least, most, step]]) => slider(name, this.constructor.words[name], least, most, values[name], step));
    const measures = { weights: "weights", macs: "MACs", bytes: "bytes", intensity: "FLOP per byte" };
    const bars = Object.entries(measures).map(([name, text]) => `<div data-measure="${name}"><b>${text}</b><span class="track"><i></i><i class="other"></i></span>
      <span class="number"><span></span><br><span></span></span><span class="ratio"></span></div>`);
    const buttons = Object.keys(presets).map((name) => `<button type="button" data-preset="${escape(name)}">${escape(name)}</button>`);
    const options = Object.entries(kinds).map(([name, text]) => `<option value="${name}">${escape(text)}</option>`);
    const question = BookWidget.guess("And the bytes?", ["as many times fewer", "fewer, but by less", "not fewer"]);
    this.show(`
      <div class="buttons" role="group" aria-label="Layers of real networks">${buttons.join("")}</div>
      <form><label for="kind">compare it with</label><select id="kind">${options.join("")}</select>
        ${rows.join("")}${slider("groups", "groups", 0, 0, 0)}</form>
      <p class="legend" aria-hidden="true"><i></i><span></span> <i class="other"></i><span></span></p>
      <div class="bars">${bars.slice(0, 2).join("")}${question}${bars.slice(2).join("")}</div>
      <p class="words"></p>${BookWidget.copier}`, this.constructor.look);
    const inputs = [...this.shadowRoot.querySelectorAll("form input")];
    for (const input of inputs) { // behind each slider there is room for a mark
      const rail = Object.assign(document.createElement("span"), { className: "rail" });
      input.replaceWith(rail);
      rail.append(input);
    }
    const [select, groups, byName] = [this.find("#kind"), this.find("#groups"), Object.fromEntries(inputs.map((input) => [input.id, input]))];
    // groups: as wished, while the slider goes over the divisors; guess: 3 once it was made of other numbers
    const state = { groups: values.groups, guess: -1 };
    const number = (value) => (value < 1e10 ? value.toLocaleString("en", { maximumFractionDigits: 1 }) : `${number(Math.round(value / 1e9))} billion`);
    const mark = (input, value) => { // returns what the words say of it
      const seen = value >= input.min && value <= input.max;
      input.parentElement.style.setProperty("--mark", seen ? (value - input.min) / (input.max - input.min) : -9);
      return seen ? " (mark)" : "";
    };
    const draw = () => {
      const now = Object.fromEntries(inputs.map((input) => [input.id, Number(input.value)]));
      const divisors = this.constructor.divisors(now.in_channels, now.out_channels);
      const at = divisors.findLastIndex((divisor) => divisor <= state.groups);
      now.groups = divisors[at];
      [groups.max, groups.value] = [divisors.length - 1, at];
      groups.setAttribute("aria-valuetext", now.groups);
      inputs.forEach((input) => (this.find(`output[for=${input.id}]`).value = now[input.id]));
      for (const [input, seen] of [[byName.middle_channels, ["reduced", "bottleneck"]], [groups, ["grouped"]]]) {
        input.disabled = !seen.includes(select.value);
        for (const part of [...this.shadowRoot.querySelectorAll(`[for=${input.id}]`), input.parentElement]) part.hidden = input.disabled;
      }
      const [full, other] = ["full", select.value].map((name) => this.constructor.cost(now, name));
      const k = `${now.kernel_size}×${now.kernel_size}`;
      const legend = [`full ${k}`, kinds[select.value].replace("k×k", k)];
      this.shadowRoot.querySelectorAll(".legend span").forEach((part, i) => (part.textContent = legend[i]));
      const guessed = state.guess >= 0;
      this.press("[data-guess]", (i) => i === state.guess);
      const chosen = { ...now, kind: select.value };
      this.press("[data-preset]", (i) => Object.entries(Object.values(presets)[i]).every(([name, value]) => chosen[name] === value));
      const ratios = {};
      for (const name of Object.keys(measures)) {
        const row = this.find(`[data-measure=${name}]`);
        const shown = guessed || name === "weights" || name === "macs";
        const words = name === "intensity" ? ["lower", "higher", "about as high"] : undefined;
        ratios[name] = this.constructor.ratio(full[name], other[name], words);
        [full, other].forEach((cost, i) => {
          row.querySelectorAll("i")[i].style.width = shown ? `${(100 * cost[name]) / Math.max(full[name], other[name])}%` : "0";
          row.querySelectorAll(".number span")[i].textContent = shown ? number(cost[name]) : "?";
        });
        row.querySelector(".ratio").textContent = shown ? ratios[name] : "";
      }
      const [words, marked, place] = this.constructor.crossing(now, select.value);
      const marks = ["middle_channels", "out_channels"].map((name) => mark(byName[name], name === marked ? place : NaN));
      const batch = this.constructor.batch(now, select.value);
      const more = "It moves more bytes than the full layer";
      const from = mark(byName.batch, guessed && batch > 1 ? batch : NaN);
      const never = "It never moves more bytes than the full layer.";
      const moved = batch > 1 ? `${more} in batches of ${number(batch)} and more${from}.` : batch ? `${more} in every batch.` : never;
      const right = this.constructor.answer(full, other) === state.guess ? "You guessed it: " : state.guess < 3 ? "Not as you guessed: " : "";
      const text = `${guessed ? `${right}${ratios.macs} MACs, ${ratios.bytes} bytes. ${moved}` : `${ratios.macs} MACs.`} ${words}${marks.join("")}.`;
      this.find(".words").textContent = text;
      this.say(text);
      this.python(this.constructor.python(now, select.value));
    };
    const change = () => { if (state.guess >= 0) state.guess = 3; set(); };
    const set = () => {
      draw();
      this.keep([...inputs.slice(0, -1).map((input) => input.value), state.groups, Object.keys(kinds).indexOf(select.value), state.guess]);
    };
    this.find("form").addEventListener("input", ({ target }) => {
      if (target === groups) state.groups = this.constructor.divisors(+byName.in_channels.value, +byName.out_channels.value)[groups.value];
      change();
    });
    this.shadowRoot.addEventListener("click", ({ target: { dataset } }) => {
      if (dataset.preset) {
        const { kind: name, ...numbers } = presets[dataset.preset];
        for (const [id, value] of Object.entries(numbers)) byName[id].value = value;
        [state.groups, select.value] = [numbers.groups, name];
        change();
      } else if (dataset.guess) set((state.guess = +dataset.guess));
    });
    select.value = kind;
    this.restore(inputs.slice(0, -1));
    const [wish, name, guess] = (this.recall() ?? []).slice(inputs.length - 1).map(Number);
    if (wish >= 1) state.groups = wish;
    if (name in Object.keys(kinds)) select.value = Object.keys(kinds)[name];
    if ([0, 1, 2, 3].includes(guess)) state.guess = guess;
    draw();
  }

  static look = `
    form > select { grid-column: 2 / -1; justify-self: start; max-width: 100% }
    .bars .guess { margin: 0 }
    /* the mark: a line behind a slider, whose thumb is 16 px wide */
    .rail { display: grid; background: linear-gradient(var(--fig-orange, #d55e00) 0 0) no-repeat calc(7px + (100% - 14px) * var(--mark, -9)) 0 / 3px 100% }
    .legend { margin: 1rem 0 .3rem } .legend span { margin-right: 1em }
    i { display: block; background: var(--fig-blue, #0072b2) } i.other { background: var(--fig-orange, #d55e00) }
    .legend i { display: inline-block; width: .8em; height: .8em; margin-right: .4em }
    .bars { display: grid; gap: .55rem .8rem }
    .bars > [data-measure] { display: grid; grid-template-columns: 7.2em 1fr 7em 9em; gap: 0 .8rem; align-items: center }
    .track { display: grid; gap: 3px } .track i { height: .85rem }
    .number { text-align: right; line-height: 1.25; font-size: .9em; font-variant-numeric: tabular-nums }
    @container (max-width: 34em) {
      .bars > [data-measure] { grid-template-columns: 1fr 7em } .bars b { order: -2 }
      .ratio { order: -1; text-align: right; white-space: nowrap; justify-self: end }
    }
    @container (max-width: 30em) {
      form > select { grid-column: 1 / -1 }
    }`;
});
