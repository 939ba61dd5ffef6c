// A line that each layer folds: the sawtooth of companion.nonlinearity.folding, its pieces and what they cost.
customElements.get("folded-line") || customElements.define("folded-line", class extends BookWidget {
  // One layer, as the network has it: unit j is on from j / folds on, and turns the slope round.
  static layer(value, folds) {
    return Array.from({ length: folds }, (_, j) => (j ? 2 * folds * (-1) ** j : folds) * Math.max(0, value - j / folds))
      .reduce((sum, term) => sum + term, 0);
  }

  // The value at the start and behind each layer.
  static through(value, depth, folds) {
    const values = [value];
    for (let i = 0; i < depth; i++) values.push(this.layer(values[i], folds));
    return values;
  }

  // Weights without biases; in a single layer each unit bends the line once at most.
  static count(depth, folds) {
    const units = depth * folds;
    return { units, weights: 2 * folds + (depth - 1) * folds ** 2, pieces: folds ** depth, one_layer: units + 1 };
  }

  start({ depth, folds, most_depth, most_folds }) {
    const guesses = ["adds a piece for each unit", "multiplies the pieces"];
    const head = ["layers", "units", "weights", "pieces", "one layer of as many units, at most"];
    this.guess = this.kept(3, 0, 2, 0);
    this.show(`${BookWidget.guess("Guess first: what does one more layer do?", guesses)}<p class="answer"></p>
      <svg viewBox="-6 -6 612 172" preserveAspectRatio="none" aria-hidden="true"></svg>
      <p class="words"></p>
      <form>${BookWidget.slider("depth", "layers", 1, most_depth, depth)}${BookWidget.slider("folds", "units in each layer", 2, most_folds, folds)}${
        BookWidget.slider("x", "a point x of the line", 0, 1, 0.3, 0.01)}</form>
      <table><thead><tr>${head.map((words) => `<th scope="col">${words}</th>`).join("")}</tr></thead><tbody></tbody></table>${BookWidget.copier}`, `
      svg { display: block; width: 100%; height: 11rem; margin: .6rem 0; cursor: ew-resize; touch-action: pan-y }
      path, line { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke } .up { stroke: var(--fig-blue, #0072b2) } .down { stroke: var(--fig-orange, #d55e00) }
      .before { stroke: currentColor; stroke-opacity: .3; stroke-width: 5 } .frame, .at { stroke: currentColor; stroke-opacity: .35; stroke-width: 1 }
      .point { stroke: currentColor; stroke-width: 11; stroke-linecap: round } .words { min-height: 2.8em }
      table { border-collapse: collapse; margin: .8rem auto 0; font-variant-numeric: tabular-nums } th, td { padding: .1rem .45em; text-align: right; font-weight: 400; vertical-align: bottom }
      th { border-bottom: 1px solid currentColor } tr[aria-current] td { font-weight: 700 } tr:not([aria-current]) td { opacity: .75 }`);
    const inputs = [...this.shadowRoot.querySelectorAll("input")];
    this.restore(inputs);
    const go = () => {
      this.draw(...inputs.map((input) => Number(input.value)));
      this.keep([...inputs.map((input) => input.value), this.guess]);
    };
    this.find("form").addEventListener("input", go);
    this.shadowRoot.addEventListener("click", ({ target: { dataset } }) => { if (dataset.guess) { this.guess = +dataset.guess + 1; go(); } });
    const picture = this.find("svg");
    for (const type of ["pointerdown", "pointermove"]) {
      picture.addEventListener(type, ({ buttons, clientX }) => {
        const { left, width } = picture.getBoundingClientRect();
        if (!buttons) return;
        this.find("#x").value = ((clientX - left) / width * 612 - 6) / 600;
        go();
      });
    }
    this.draw(...inputs.map((input) => Number(input.value)));
  }

  draw(depth, folds, x) {
    const [count, through] = [this.constructor.count(depth, folds), this.constructor.through(x, depth, folds)];
    // The zigzag of so many pieces, as a path of all of them, or of the rising (0) or the falling (1) ones.
    const zigzag = (pieces, which) => Array.from({ length: pieces }, (_, i) => i).filter((i) => which === undefined || i % 2 === which)
      .map((i) => `M${(600 * i) / pieces} ${i % 2 ? 0 : 160}L${(600 * (i + 1)) / pieces} ${i % 2 ? 160 : 0}`).join("");
    const [at, height] = [600 * x, 160 * (1 - through.at(-1))];
    this.find("svg").innerHTML = `<path class="frame" d="M0 0H600M0 160H600"/><path class="before" d="${zigzag(count.pieces / folds)}"/>
      <path class="up" d="${zigzag(count.pieces, 0)}"/><path class="down" d="${zigzag(count.pieces, 1)}"/>
      <path class="at" d="M${at} 0V160"/><path class="point" d="M${at} ${height}h.01"/>`;
    const layers = `${depth} layer${depth > 1 ? "s" : ""} of ${folds} units`;
    const words = `${layers}: ${BookWidget.number(count.pieces)} pieces from ${BookWidget.number(count.weights)} weights.`;
    this.find(".words").textContent = `${words} The point goes ${through.map((value) => value.toFixed(2)).join(" → ")}.`;
    this.say(this.find(".words").textContent);
    const rows = Array.from({ length: +this.find("#depth").max }, (_, i) => Object.values(this.constructor.count(i + 1, folds)));
    this.find("tbody").innerHTML = rows.map((row, i) => `<tr${i + 1 === depth ? ' aria-current="true"' : ""}>${
      [i + 1, ...row].map((value) => `<td>${BookWidget.number(value)}</td>`).join("")}</tr>`).join("");
    this.answer(this.guess, `It multiplies: the sheets of the folded line lie on one another, and what the new layer does to one it does to all. `
      + `A layer of ${folds} units makes the pieces ${folds} times as many.`);
    for (const input of this.shadowRoot.querySelectorAll("input")) input.nextElementSibling.value = input.id === "x" ? x.toFixed(2) : input.value;
    this.python(`nonlinearity.walk(nonlinearity.folding(${depth}, ${folds}), torch.zeros(1), torch.ones(1)).pieces  # ${count.pieces}`);
  }
});
