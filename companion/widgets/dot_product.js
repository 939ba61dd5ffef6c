// One output value of a convolution, term by term: the channels of a pixel against a row of the matrix.
customElements.get("dot-product") || customElements.define("dot-product", class extends BookWidget {
  // The terms of one output value: [channel, row, column, weight, value] for each weight of a kernel (C, k, k).
  static terms(x, kernel, row, column) {
    const reach = (kernel[0].length - 1) / 2;
    return kernel.flatMap((plane, c) => plane.flatMap((line, i) => line.map((weight, j) => {
      const [r, s] = [row + i - reach, column + j - reach];
      return [c, r, s, weight, x[c][r]?.[s] ?? 0]; // outside the picture: zero
    })));
  }

  static value(x, kernel, row, column) {
    return this.terms(x, kernel, row, column).reduce((sum, [, , , weight, value]) => sum + weight * value, 0);
  }

  start({ x, kernels }) {
    const [height, width] = [x[0].length, x[0][0].length];
    const kinds = Object.keys(kernels);
    const outputs = kernels[kinds[0]].length;
    const kept = this.recall() ?? [];
    const begin = (i, most, otherwise) => (Number.isInteger(+kept[i]) && kept[i] !== undefined && +kept[i] >= 0 && +kept[i] < most ? +kept[i] : otherwise);
    const state = { row: begin(0, height, 1), column: begin(1, width, 1), output: begin(2, outputs, 0), kind: kinds[begin(3, kinds.length, 0)], terms: 0 };
    const grid = (name, c) => `<table data-map="${name}" data-channel="${c}" aria-hidden="true">${
      Array.from({ length: height }, (_, i) => `<tr>${"<td></td>".repeat(width)}</tr>`).join("")}</table>`;
    this.show(`
      <div class="maps"><div><b>x</b>${x.map((_, c) => grid("x", c)).join("")}</div><div class="sum"></div>
        <div><b>y</b>${Array.from({ length: outputs }, (_, o) => grid("y", o)).join("")}</div></div>
      <form>${BookWidget.slider("row", "row", 0, height - 1, state.row)}${BookWidget.slider("column", "column", 0, width - 1, state.column)}</form>
      <div class="buttons">
        ${kinds.map((kind) => `<button type="button" data-kind="${kind}">${kind}</button>`).join("")}
        ${Array.from({ length: outputs }, (_, o) => `<button type="button" data-output="${o}">output ${o + 1}</button>`).join("")}
        <button type="button" data-step>next term</button><button type="button" data-play>play</button>
      </div>`, `
      .maps { display: flex; gap: 1.2rem; align-items: center; justify-content: center; flex-wrap: wrap }
      .maps > div:not(.sum) { display: flex; flex-direction: column; gap: .5rem; align-items: center }
      .sum { flex: 1 1 12em; min-height: 9em; font-variant-numeric: tabular-nums; align-self: center }
      .sum div.done { opacity: 1 } .sum div { opacity: .35 }
      table { border-collapse: collapse } td { width: 1.9em; height: 1.9em; padding: 0; text-align: center; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); cursor: pointer }
      td.read { background: color-mix(in srgb, #0072b2 25%, transparent) } td.now { background: color-mix(in srgb, #0072b2 55%, transparent) }
      td.written { background: color-mix(in srgb, #d55e00 35%, transparent) }`);
    const cells = (name, c) => [...this.find(`table[data-map=${name}][data-channel="${c}"]`).rows].map((line) => [...line.cells]);
    const maps = x.map((_, c) => cells("x", c));
    const made = Array.from({ length: outputs }, (_, o) => cells("y", o));
    const written = (number) => String(number).replace("-", "−");
    const draw = () => {
      const kernel = kernels[state.kind][state.output];
      const terms = this.constructor.terms(x, kernel, state.row, state.column);
      const seen = terms.slice(0, state.terms);
      const sum = seen.reduce((total, [, , , weight, value]) => total + weight * value, 0);
      maps.forEach((map, c) => map.forEach((line, i) => line.forEach((cell, j) => {
        const at = terms.findIndex(([d, r, s]) => d === c && r === i && s === j);
        cell.textContent = written(x[c][i][j]);
        cell.className = at < 0 ? "" : at === state.terms - 1 ? "now" : "read";
      })));
      made.forEach((map, o) => map.forEach((line, i) => line.forEach((cell, j) => {
        const here = o === state.output && i === state.row && j === state.column;
        const ready = !here || state.terms === terms.length;
        cell.textContent = ready ? written(this.constructor.value(x, kernels[state.kind][o], i, j)) : "?";
        cell.className = here ? "written" : "";
      })));
      const all = terms.length <= 9 ? terms.map(([, , , weight, value], n) =>
        `<div class="${n < state.terms ? "done" : ""}">${written(weight)} · ${written(value)}</div>`).join("")
        : `<div class="done">${state.terms} of ${terms.length} products</div>`;
      this.find(".sum").innerHTML = `${all}<p>sum of ${state.terms}: <b>${written(sum)}</b></p>`;
      this.say(`sum of ${state.terms} products: ${sum}`);
      for (const name of ["row", "column"]) {
        this.find(`#${name}`).value = state[name];
        this.find(`#${name} + output`).value = state[name];
      }
      this.shadowRoot.querySelectorAll("[data-kind]").forEach((button) => button.setAttribute("aria-pressed", button.dataset.kind === state.kind));
      this.shadowRoot.querySelectorAll("[data-output]").forEach((button) => button.setAttribute("aria-pressed", +button.dataset.output === state.output));
    };
    const go = (change, terms = Infinity) => {
      Object.assign(state, change);
      state.terms = Math.min(terms, kernels[state.kind][state.output].flat(2).length);
      draw();
    };
    const move = (change) => { stop(); go(change); this.keep([state.row, state.column, state.output, kinds.indexOf(state.kind)]); };
    let timer = 0;
    const stop = () => { clearInterval(timer); timer = 0; this.find("[data-play]").textContent = "play"; };
    const step = () => {
      const whole = kernels[state.kind][state.output].flat(2).length;
      go({}, state.terms === whole ? 0 : state.terms + 1);
      return state.terms < whole;
    };
    this.find("form").addEventListener("input", (event) => move({ [event.target.id]: +event.target.value }));
    this.find(".buttons").addEventListener("click", ({ target: { dataset } }) => {
      if (dataset.kind) move({ kind: dataset.kind });
      else if (dataset.output) move({ output: +dataset.output });
      else if ("step" in dataset) { stop(); step(); }
      else if ("play" in dataset) {
        if (timer) return stop();
        this.find("[data-play]").textContent = "stop";
        go({}, 0);
        timer = setInterval(() => step() || stop(), 500);
      }
    });
    for (const type of ["pointerover", "click"]) {
      this.find(".maps").addEventListener(type, ({ target }) => {
        if (target.localName !== "td") return;
        const table = target.closest("table");
        const change = { row: target.parentElement.rowIndex, column: target.cellIndex };
        move(table.dataset.map === "y" ? { ...change, output: +table.dataset.channel } : change);
      });
    }
    go({});
  }
});
