// Weights and MACs of a k x k convolution, alone and behind a 1x1 reduction.
customElements.get("cost-explorer") || customElements.define("cost-explorer", class extends HTMLElement {
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

  connectedCallback() {
    if (this.shadowRoot) return;
    const settings = JSON.parse(this.dataset.settings);
    const sliders = Object.entries(settings.limits).map(([name, [least, most, step]]) => `
      <label for="${name}">${this.constructor.words[name]}</label>
      <input id="${name}" type="range" min="${least}" max="${most}" step="${step}" value="${settings[name]}">
      <output for="${name}"></output>`);
    const bar = (name, words) => `<span class="words">${words}</span><span class="track"><span class="bar ${name}"></span></span><span class="number" data-of="${name}"></span>`;
    this.attachShadow({ mode: "open" }).innerHTML = `
      <style>
        :host { display: block; container-type: inline-size; margin: 1em 0; font-size: .95em; line-height: 1.4 }
        form, .bars { display: grid; grid-template-columns: minmax(6.5em, auto) 1fr minmax(4.5em, auto); gap: .35rem .8rem; align-items: center; margin: 0 0 1rem }
        input { min-width: 0; width: 100%; margin: 0; height: 1.6rem; accent-color: var(--pst-color-primary, #0072b2) }
        input:focus-visible { outline: 2px solid var(--pst-color-primary, #0072b2); outline-offset: 2px }
        output, .number { text-align: right; font-variant-numeric: tabular-nums }
        .bar { display: block; height: 1.1rem; min-width: 2px; background: var(--fig-blue, #0072b2) }
        .bar.reduced { background: var(--fig-orange, #d55e00) }
        p { margin: 0; font-variant-numeric: tabular-nums }
        @container (max-width: 30em) { /* words above, so that sliders and bars have the width of a phone */
          form, .bars { grid-template-columns: 1fr minmax(4.5em, auto); row-gap: 0 }
          label, .words { grid-column: 1 / -1; margin-top: .3rem }
        }
      </style>
      <form>${sliders.join("")}</form>
      <div class="bars">${bar("direct", "weights, direct")}${bar("reduced", "weights, reduced")}</div>
      <p aria-live="polite"></p>`;
    const find = (selector) => this.shadowRoot.querySelector(selector);
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
      find("p").textContent = `MACs: direct ${number(macs.direct)}, reduced ${number(macs.reduced)}: the reduction takes ${verdict}.`;
    };
    find("form").addEventListener("input", draw);
    find("form").addEventListener("submit", (event) => event.preventDefault());
    draw();
  }
});
