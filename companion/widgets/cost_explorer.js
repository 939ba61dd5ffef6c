// Weights and MACs of a k x k convolution, alone and behind a 1x1 reduction.
customElements.get("cost-explorer") || customElements.define("cost-explorer", class extends BookWidget {
  static words = {
    size: "height and width",
    in_channels: "channels in",
    middle_channels: "channels in the middle",
    out_channels: "channels out",
    kernel_size: "kernel size",
  };

  // The closed forms of companion.cost, without biases; padding keeps the size.
  static cost({ size, in_channels, middle_channels, out_channels, kernel_size }) {
    const conv = (from, to, k) => k * k * from * to;
    const weights = {
      direct: conv(in_channels, out_channels, kernel_size),
      reduced: conv(in_channels, middle_channels, 1) + conv(middle_channels, out_channels, kernel_size),
    };
    const macs = { direct: weights.direct * size * size, reduced: weights.reduced * size * size };
    return { weights, macs };
  }

  // What the reduction does to the MACs.
  static verdict({ direct, reduced }) {
    const times = (Math.max(direct, reduced) / Math.min(direct, reduced)).toFixed(1);
    if (times === "1.0") return "about as many MACs";
    return `${times} times ${reduced < direct ? "fewer" : "more"} MACs`;
  }

  start(settings) {
    const sliders = Object.entries(settings.limits).map(([name, [least, most, step]]) =>
      BookWidget.slider(name, this.constructor.words[name], least, most, settings[name], step));
    const bar = (name, words) => `<span class="words">${words}</span><span class="track"><span class="bar ${name}"></span></span><span class="number" data-of="${name}"></span>`;
    this.show(`
      <form>${sliders.join("")}</form>
      <div class="bars">${bar("direct", "weights, direct")}${bar("reduced", "weights, reduced")}</div>
      <p></p>`, `
      form, .bars { grid-template-columns: minmax(6.5em, auto) 1fr minmax(4.5em, auto); margin: 0 0 1rem }
      .bars { display: grid; gap: .35rem .8rem; align-items: center }
      .number { text-align: right; font-variant-numeric: tabular-nums }
      .bar { display: block; height: 1.1rem; min-width: 2px; background: var(--fig-blue, #0072b2) }
      .bar.reduced { background: var(--fig-orange, #d55e00) }
      @container (max-width: 30em) { /* words above, so that bars have the width of a phone */
        form, .bars { grid-template-columns: 1fr minmax(4.5em, auto); row-gap: 0 }
        .words { grid-column: 1 / -1; margin-top: .3rem }
      }`);
    const find = (selector) => this.find(selector);
    const inputs = [...this.shadowRoot.querySelectorAll("input")];
    const draw = () => {
      const values = Object.fromEntries(inputs.map((input) => [input.id, Number(input.value)]));
      const { weights, macs } = this.constructor.cost(values);
      const number = (value) => value.toLocaleString("en");
      inputs.forEach((input) => {
        input.nextElementSibling.value = input.value;
      });
      const most = Math.max(weights.direct, weights.reduced);
      for (const name of ["direct", "reduced"]) {
        find(`.bar.${name}`).style.width = `${(100 * weights[name]) / most}%`;
        find(`.number[data-of=${name}]`).textContent = number(weights[name]);
      }
      const verdict = this.constructor.verdict(macs);
      const words = `MACs: direct ${number(macs.direct)}, reduced ${number(macs.reduced)}: the reduction takes ${verdict}.`;
      find("p").textContent = words;
      this.say(words);
    };
    find("form").addEventListener("input", () => {
      draw();
      this.keep(inputs.map((input) => input.value));
    });
    this.restore(inputs);
    draw();
  }
});
