// Grouped 1x1 convolutions in a row: which input channels reach an output, without a channel shuffle and with one.
customElements.get("channel-shuffle") || customElements.define("channel-shuffle", class extends GroupedLayers {
  // A picture in SVG: where the channels of each level stand, and the lines between them.
  static layout(channels, groups, layers) {
    const [thick, thin, pitch, gap] = [78, 52, 18, 9]; // widths of a layer and of a shuffle, channel to channel, group to group
    const x = (level) => 34 + Math.ceil(level / 2) * thick + Math.floor(level / 2) * thin;
    const y = (channel) => 38 + channel * pitch + Math.floor((channel * groups) / channels) * gap;
    return { x, y, width: x(2 * layers - 1) + 34, height: y(channels - 1) + 12 };
  }

  start({ channels, groups, layers, most }) {
    const { slider } = BookWidget;
    const net = (name, words) => `<figure><figcaption>${words}: <b data-count="${name}"></b></figcaption><svg data-net="${name}" role="img"></svg></figure>`;
    this.show(`
      <div class="nets">${net("alone", "without shuffle")}${net("dealt", "with shuffle")}</div>
      <form>${slider("channels", "channels", 2, most, channels)}${slider("groups", "groups", 0, 0, 0)}
        ${slider("output", "output channel", 0, channels - 1, 0)}${slider("layers", "layers", 1, layers, 1)}</form>
      <p class="words"></p>
      ${BookWidget.guess("With the shuffle, after how many layers does every output depend on every input?", ["one", "two", "three", "more", "never"])}
      <p class="answer"></p>${BookWidget.copier}`, `
      .nets { display: flex; flex-wrap: wrap; gap: .5rem 1.2rem } figure { flex: 1 1 17em; min-width: 0; margin: 0; max-width: 30em }
      svg { display: block; width: 100%; height: auto; cursor: pointer; touch-action: manipulation }
      text { font-size: 16px; fill: currentColor; text-anchor: middle; dominant-baseline: central }
      path { fill: none; stroke: currentColor; stroke-opacity: .16 }
      path.lit { stroke: var(--fig-blue, #0072b2); stroke-opacity: 1; stroke-width: 1.8 }
      circle { fill: var(--pst-color-background, Canvas); stroke: color-mix(in srgb, currentColor 50%, transparent) }
      circle.read { fill: var(--fig-blue, #0072b2); stroke: none } circle.chosen { fill: var(--fig-orange, #d55e00); stroke: none }`);
    const input = Object.fromEntries([...this.shadowRoot.querySelectorAll("input")].map((one) => [one.id, one]));
    // groups: as wished, while the slider goes over the divisors; guess: 5 once it was made of other numbers
    const state = { groups, guess: -1 };
    const divisor = () => this.constructor.divisors(+input.channels.value)[input.groups.value];
    const counts = ["one layer", "two layers", "three layers"];
    const draw = () => {
      const now = { channels: +input.channels.value, layers: +input.layers.value };
      const divisors = this.constructor.divisors(now.channels);
      const at = divisors.findLastIndex((divisor) => divisor <= state.groups);
      now.groups = divisors[at];
      [input.groups.max, input.groups.value] = [divisors.length - 1, at];
      input.groups.setAttribute("aria-valuetext", now.groups);
      input.output.max = now.channels - 1; // the browser moves a value that is beyond
      now.output = +input.output.value;
      for (const [name, one] of Object.entries(input)) one.nextElementSibling.value = now[name];
      for (const name of ["alone", "dealt"]) this.draw(this.find(`[data-net=${name}]`), now, name === "dealt", layers);
      const count = (shuffled, after) => this.constructor.reached(now.channels, now.groups, shuffled, now.output, after).length;
      const [alone, reached] = [count(false, now.layers), counts.slice(0, now.layers).map((_, i) => count(true, i + 1))];
      this.find("[data-count=alone]").textContent = `${alone} of ${now.channels} inputs`;
      this.find("[data-count=dealt]").textContent = `${reached.at(-1)} of ${now.channels} inputs`;
      const depth = this.constructor.depth(now.channels, now.groups, true);
      const right = depth === null ? 4 : Math.min(depth, 4) - 1;
      this.press("[data-guess]", (i) => i === state.guess);
      const when = `${depth === null ? "never" : `after ${counts[depth - 1] ?? `${depth} layers`}`}, without it ${now.groups === 1 ? "too" : "never"}`;
      const verdict = state.guess === right ? "You guessed it: with" : state.guess < 5 ? "Not as you guessed: with" : "With";
      const answer = state.guess < 0 ? "" : `${verdict} the shuffle ${when}.`;
      const after = reached.map((number, i) => `${number} of ${now.channels} inputs after ${counts[i]}`).join(", ");
      const weights = `A layer has ${now.channels ** 2 / now.groups} weights of ${now.channels ** 2}.`;
      const text = `With the shuffle output ${now.output} depends on ${after}; without it on ${alone}. ${weights}`;
      [this.find(".words").textContent, this.find(".answer").textContent] = [text, answer];
      this.say(`${text} ${answer}`);
      this.python(this.constructor.python(now));
    };
    const set = () => {
      draw();
      this.keep([input.channels.value, state.groups, input.output.value, input.layers.value, state.guess]);
    };
    this.find("form").addEventListener("input", ({ target }) => {
      if (target === input.groups) state.groups = divisor();
      if (state.guess >= 0 && (target === input.groups || target === input.channels)) state.guess = 5;
      set();
    });
    this.find(".guess").addEventListener("click", ({ target: { dataset } }) => dataset.guess && set((state.guess = +dataset.guess)));
    this.find(".nets").addEventListener("click", ({ target, clientX, clientY }) => { // the nearest channel behind a layer
      const net = target.closest("svg");
      if (!net) return;
      const place = new DOMPoint(clientX, clientY).matrixTransform(net.getScreenCTM().inverse());
      const { x, y } = this.constructor.layout(+input.channels.value, divisor(), layers);
      const nearest = (places, at) => places.reduce((best, one, i) => (Math.abs(one - at) < Math.abs(places[best] - at) ? i : best), 0);
      input.layers.value = 1 + nearest(Array.from({ length: layers }, (_, i) => x(2 * i + 1)), place.x);
      input.output.value = nearest(Array.from({ length: +input.channels.value }, (_, i) => y(i)), place.y);
      set();
    });
    const kept = this.recall() ?? [];
    if (kept[0] >= 2 && kept[0] <= most) [input.channels.value, input.output.max] = [kept[0], kept[0] - 1];
    if (kept[1] >= 1) state.groups = +kept[1];
    this.restore([input.channels, null, input.output, input.layers]);
    if (["0", "1", "2", "3", "4", "5"].includes(kept[4])) state.guess = +kept[4];
    draw();
  }

  draw(net, { channels, groups, output, layers }, shuffled, most) {
    const { x, y, width, height } = this.constructor.layout(channels, groups, most);
    const order = this.constructor.order(channels, groups);
    const levels = this.constructor.trace(channels, groups, shuffled, output, layers).map((level) => new Set(level));
    const wires = { wire: "", lit: "" };
    const all = order.map((_, i) => i);
    const group = (channel) => Math.floor((channel * groups) / channels);
    for (let level = 1; level < 2 * most; level++) { // odd levels lie behind a layer, even ones behind a shuffle
      for (const to of all) {
        const from = level % 2 ? all.filter((i) => group(i) === group(to)) : [shuffled ? order[to] : to];
        for (const i of from) {
          const kind = levels[level - 1]?.has(i) && levels[level]?.has(to) ? "lit" : "wire";
          wires[kind] += `M${x(level - 1)} ${y(i)}L${x(level)} ${y(to)}`;
        }
      }
    }
    const dots = Array.from({ length: 2 * most }, (_, level) => all.map((i) => {
      const kind = level === 2 * layers - 1 && i === output ? "chosen" : levels[level]?.has(i) ? "read" : "";
      return `<circle class="${kind}" cx="${x(level)}" cy="${y(i)}" r="${level % 2 || !level ? 6 : 3.5}"/>`;
    }).join("")).join("");
    const text = (at, height, words) => `<text x="${at}" y="${height}">${words}</text>`;
    const heads = Array.from({ length: 2 * most - 1 }, (_, i) => text((x(i) + x(i + 1)) / 2, 12, i % 2 ? (shuffled ? "shuffle" : "") : `layer ${i / 2 + 1}`));
    const numbers = all.map((i) => text(x(0) - 20, y(i), i) + text(x(2 * most - 1) + 20, y(i), i)).join("");
    const what = `Output ${output} after ${layers} grouped layer${layers > 1 ? "s" : ""} ${shuffled ? "with" : "without"} shuffle`;
    net.setAttribute("viewBox", `0 0 ${width} ${height}`);
    net.setAttribute("aria-label", `${what} depends on inputs ${[...levels[0]].join(", ")}`);
    net.innerHTML = `${heads.join("")}<path d="${wires.wire}"/><path class="lit" d="${wires.lit}"/>${dots}${numbers}`;
  }
});
