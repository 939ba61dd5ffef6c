// Three dilated 3x3 convolutions: on how many paths each pixel reaches one output, beside the rules for gaps.
customElements.get("gridding-map") || customElements.define("gridding-map", class extends DilatedLayers {
  start({ rates, presets, most }) {
    const { slider } = BookWidget;
    const buttons = presets.map((preset, i) => `<button type="button" data-preset="${i}">${preset.join(", ")}</button>`);
    this.show(`
      <div class="buttons" role="group" aria-label="Rates">${buttons.join("")}</div>
      <form>${rates.map((rate, i) => slider(`rate-${i}`, `rate of layer ${i + 1}`, 1, most, rate)).join("")}</form>
      ${BookWidget.guess("Does one output read every pixel of its window?", ["every pixel", "there are gaps"])}
      <div class="both">
        <div class="map" tabindex="0" role="application" aria-label="Map of the window: arrow keys choose a pixel"><svg aria-hidden="true"></svg></div>
        <div class="rules"><p class="pixel"></p><p class="count"></p><table hidden><tbody></tbody></table></div>
      </div>
      ${BookWidget.copier}`, `
      .both { display: flex; flex-wrap: wrap; gap: .8rem 1.4rem; align-items: start }
      .map { flex: 1 1 16em; max-width: 22em; border-radius: 3px } .rules { flex: 1 1 15em; min-width: 0 } .rules p { margin: .3rem 0 .6rem }
      svg { display: block; width: 100%; height: auto; cursor: crosshair }
      .read { fill: var(--fig-blue, #0072b2) } .hole { fill: var(--fig-orange, #d55e00); fill-opacity: .3 }
      .veiled { fill: currentColor; fill-opacity: .07 } .grid { fill: none; stroke: var(--pst-color-background, Canvas); stroke-width: .06 }
      .output, .chosen { fill: none; stroke: currentColor; stroke-width: .1 } .chosen { stroke-width: .18 }
      text { font-size: .62px; fill: currentColor; text-anchor: middle; dominant-baseline: central }
      table { border-collapse: collapse; font-size: .92em }
      th, td { text-align: left; font-weight: inherit; vertical-align: top; padding: .3rem .7rem .3rem 0 }
      tr > * { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent) } td { white-space: nowrap; font-weight: 600 }
      th small { display: block; font-size: max(12px, .92em) } td::before { content: "✗ "; color: var(--fig-orange, #d55e00) }
      td.holds::before { content: "✓ "; color: var(--fig-green, #009e73) }
      @container (max-width: 24em) { svg.many text { display: none } }`);
    const inputs = [...this.shadowRoot.querySelectorAll("form input")];
    const [map, state] = [this.find(".map"), { row: 0, column: 0, guess: -1 }]; // guess: 2 once it is of other rates
    const draw = (redrawn = true) => {
      const now = inputs.map((input) => Number(input.value));
      const counts = this.constructor.paths(now);
      const reach = (counts.length - 1) / 2;
      for (const axis of ["row", "column"]) state[axis] = Math.max(-reach, Math.min(reach, state[axis]));
      inputs.forEach((input) => (input.nextElementSibling.value = input.value));
      this.press("[data-guess]", (i) => i === state.guess);
      this.press("[data-preset]", (i) => String(presets[i]) === String(now));
      const open = state.guess >= 0;
      if (redrawn) this.draw(counts, open);
      this.find(".chosen").setAttribute("x", state.column + reach);
      this.find(".chosen").setAttribute("y", state.row + reach);
      const [up, aside] = [counts[state.row + reach], counts[state.column + reach]];
      const paths = up * aside ? `${up * aside} path${up * aside > 1 ? "s" : ""}: ${up} by rows × ${aside} by columns.` : "a hole, on no path.";
      const pixel = `${this.constructor.where(state.row, state.column)}: ${open ? paths : "?"}`;
      const read = counts.filter(Boolean).length ** 2;
      const count = `${read} of ${counts.length ** 2} pixels are read`;
      const right = state.guess === Number(read < counts.length ** 2) ? "You guessed it: " : state.guess < 2 ? "Not as you guessed: " : "";
      this.find(".pixel").textContent = pixel;
      this.find(".count").textContent = open ? `${right}${count}.` : `The window has ${counts.length} × ${counts.length} pixels.`;
      this.find("table").hidden = !open;
      const rules = this.constructor.rules(now);
      this.find("tbody").innerHTML = rules.map(([rule, sum, verdict]) =>
        `<tr><th scope="row">${rule}<small>${sum}</small></th><td class="${verdict}">${verdict}</td></tr>`).join("");
      this.say(redrawn && open ? `${count}. ${rules.map(([rule, , verdict]) => `${rule}: ${verdict}`).join(". ")}` : pixel);
      this.python(this.constructor.python(now));
    };
    const set = (redrawn) => {
      draw(redrawn);
      this.keep([...inputs.map((input) => input.value), state.row, state.column, state.guess]);
    };
    const change = () => { if (state.guess >= 0) state.guess = 2; set(true); };
    this.find("form").addEventListener("input", change);
    this.shadowRoot.addEventListener("click", ({ target: { dataset } }) => {
      if (dataset.guess) set((state.guess = +dataset.guess, true));
      if (dataset.preset) change(presets[dataset.preset].forEach((rate, i) => (inputs[i].value = rate)));
    });
    map.addEventListener("keydown", (event) => {
      const way = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [-state.row, -state.column] }[event.key];
      if (!way) return;
      event.preventDefault();
      [state.row, state.column] = [state.row + way[0], state.column + way[1]];
      set(false);
    });
    for (const type of ["pointermove", "click"]) {
      map.addEventListener(type, ({ clientX, clientY }) => {
        const { left, top, width } = this.find("svg").getBoundingClientRect();
        const size = 1 + 2 * inputs.reduce((sum, input) => sum + +input.value, 0);
        const [row, column] = [clientY - top, clientX - left].map((at) => Math.floor((at / width) * (size + 0.4) - 0.2) - (size - 1) / 2);
        if (type === "pointermove" && row === state.row && column === state.column) return;
        Object.assign(state, { row, column });
        if (type === "click") set(false); else draw(false);
      });
    }
    this.restore(inputs);
    const [row, column, guess] = (this.recall() ?? []).slice(inputs.length).map(Number);
    if (Number.isInteger(row) && Number.isInteger(column)) Object.assign(state, { row, column });
    if ([0, 1, 2].includes(guess)) state.guess = guess;
    draw();
  }

  draw(counts, open) { // the pixels of one count are one path
    const size = counts.length;
    const [cells, numbers, most] = [{}, [], Math.max(...counts) ** 2];
    for (let row = 0; row < size; row++) for (let column = 0; column < size; column++) {
      const count = open ? counts[row] * counts[column] : "veiled";
      cells[count] = `${cells[count] ?? ""}M${column} ${row}h1v1h-1z`;
      if (open && size <= 17) numbers.push(`<text x="${column + 0.5}" y="${row + 0.5}">${count}</text>`);
    }
    const kind = (count) => { // a gentler scale than the counts, so that single paths show, and numbers stay legible
      if (count === "veiled" || count === "0") return `class="${count === "0" ? "hole" : count}"`;
      return `class="read" fill-opacity="${0.12 + (numbers.length ? 0.4 : 0.88) * (count / most) ** 0.4}"`;
    };
    const lines = counts.map((_, i) => `M0 ${i}H${size}M${i} 0V${size}`).join("");
    const svg = this.find("svg");
    svg.setAttribute("viewBox", `-.2 -.2 ${size + 0.4} ${size + 0.4}`);
    svg.classList.toggle("many", size > 15);
    const pixels = Object.entries(cells).map(([count, d]) => `<path ${kind(count)} d="${d}"/>`);
    svg.innerHTML = `${pixels.join("")}<path class="grid" d="${lines}"/>${numbers.join("")}
      <circle class="output" cx="${size / 2}" cy="${size / 2}" r=".46"/><rect class="chosen" width="1" height="1"/>`;
  }
});
