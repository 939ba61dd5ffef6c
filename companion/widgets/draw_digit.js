// Draw a digit: the ten class maps of a small network, the votes of each of their pixels, and the scores that they make.
customElements.get("draw-digit") || customElements.define("draw-digit", class extends DigitGrid {
  start({ shapes, weights, pictures, labels, network }) {
    const layers = this.constructor.layers({ shapes, weights });
    const size = Math.sqrt(pictures[0].length);
    const order = this.constructor.order(size * size);
    const reach = shapes.reduce((sum, [, , k]) => sum + (k - 1) / 2, 0);
    const classes = shapes.at(-1)[0];
    const presets = pictures.map((word) => this.constructor.read(word, size * size));
    const maps = (levels) => this.constructor.forward(levels.map((level) => level / this.constructor.levels), layers, size).at(-1);
    const best = (scores) => scores.indexOf(Math.max(...scores));
    const options = presets.map((levels, i) => {
      const found = best(maps(levels).map(this.constructor.pools.mean));
      return `<option value="${i}">a ${labels[i]}${found === labels[i] ? "" : `, taken for a ${found}`}</option>`;
    });
    const sides = Array.from({ length: size }, (_, i) => i);
    const cells = (width, at, extra) => sides.flatMap((r) => sides.map((c) => `<rect x="${width * c}" y="${width * r}" width="${width}" height="${width}" ${at(r, c)}/>`)).join("") + extra;
    const button = (name, value, words, label = words) => `<button type="button" data-${name}="${value}" aria-label="${label}">${words}</button>`;
    this.show(`
      ${BookWidget.guess(`All ${classes} class maps have their ${size * size} positions shuffled, in the same way. What becomes of the scores?`, ["they stay", "they change a little", "they are ruined"])}
      <p class="answer"></p>
      <div class="parts"><div class="draw"><label>Picture <select><option value="-1">of your own</option>${options.join("")}</select></label>
        ${this.constructor.grid(size)}
        <div class="buttons">${button("move", "0 -1", "←", "move left")}${button("move", "-1 0", "↑", "move up")}${button("move", "1 0", "↓", "move down")}${button("move", "0 1", "→", "move right")}
          ${button("clear", "", "clear")}${button("mix", "", "shuffle pixels")}</div></div>
        <div class="votes"><b>class maps, and their <span class="pool"></span></b>
          <svg class="maps" viewBox="0 0 312 ${Math.ceil(classes / 5) * 82}" aria-hidden="true">${Array.from({ length: classes }, (_, k) =>
            `<g data-class="${k}" transform="translate(${64 * (k % 5)} ${82 * Math.floor(k / 5) + 16})"><text y="-4">${k}</text><text class="score" x="56" y="-4" text-anchor="end"></text>${
              cells(56 / size, (r, c) => `data-at="${r} ${c}"`, '<rect class="frame" width="56" height="56"/><rect class="here"/>')}</g>`).join("")}</svg>
          <div class="buttons">${button("pool", "mean", "mean")}${button("pool", "max", "max")}${button("shuffle", "", "shuffle the maps")}</div></div>
        <div class="bars"><b>votes of one pixel</b><svg viewBox="0 0 150 ${classes * 19}" aria-hidden="true"></svg></div></div>
      <p class="words"></p>
      <form>${BookWidget.slider("row", "row of the vote", 0, size - 1, size / 2)}${BookWidget.slider("column", "column of the vote", 0, size - 1, size / 2)}</form>
      ${BookWidget.copier}`, `
      .parts { display: flex; flex-wrap: wrap; gap: .8rem 1.4rem; margin: .8rem 0 0 } .votes { flex: 5 1 17.5rem; max-width: 26rem } .bars { flex: 1 1 9.4rem; max-width: 12rem }
      .draw { width: 12.2rem } .buttons { margin: .4rem 0; gap: .35rem } .draw .buttons button, .votes button { padding: .1rem .5rem }${this.constructor.gridStyle}
      svg { display: block; width: 100%; overflow: visible; font-size: 13px; fill: currentColor; margin-top: .4rem } .maps rect { cursor: pointer; shape-rendering: crispEdges } .best text { font-weight: 700 }
      .yes { fill: var(--fig-blue, #0072b2) } .no { fill: var(--fig-orange, #d55e00) } .frame, .here { fill: none; stroke: currentColor; stroke-opacity: .4; pointer-events: none }
      .here { stroke-opacity: 1; stroke-width: 1.5 } .best .frame { stroke-opacity: 1; stroke-width: 2.5 } .words { min-height: 4.2em }`);
    const inputs = ["row", "column"].map((id) => this.find(`#${id}`));
    const kept = this.recall() ?? [];
    const state = { levels: this.constructor.read(kept[2], size * size) ?? presets[0], pool: kept[3] === "max" ? "max" : "mean",
      shuffle: kept[4] === "1", guess: ["0", "1", "2"].includes(kept[5]) ? kept[5] : "", cursor: [size / 2, size / 2] };
    const number = (value) => value.toFixed(2).replace("-", "−");
    const draw = () => {
      const [row, column] = inputs.map((input) => (input.nextElementSibling.value = +input.value));
      const place = state.shuffle ? order[row * size + column] : row * size + column;
      const votes = maps(state.levels).map((map) => (state.shuffle ? map.map((_, i) => map[order[i]]) : map));
      const scores = votes.map(this.constructor.pools[state.pool]);
      const [winner, most] = [best(scores), Math.max(1e-9, ...votes.map((map) => Math.max(...map.map(Math.abs))))];
      const second = best(scores.map((score, k) => (k === winner ? -Infinity : score)));
      votes.forEach((map, k) => {
        const group = this.find(`[data-class="${k}"]`);
        group.classList.toggle("best", k === winner);
        group.querySelector(".score").textContent = number(scores[k]);
        group.querySelectorAll("[data-at]").forEach((cell, i) => {
          cell.setAttribute("class", map[i] > 0 ? "yes" : "no");
          cell.setAttribute("fill-opacity", Math.abs(map[i]) / most);
        });
        const here = { x: (56 / size) * column, y: (56 / size) * row, width: 56 / size, height: 56 / size };
        Object.entries(here).forEach(([name, value]) => group.querySelector(".here").setAttribute(name, value));
      });
      const cast = votes.map((map) => map[row * size + column]);
      this.find(".bars svg").innerHTML = cast.map((vote, k) => `<g class="${k === best(cast) ? "best" : ""}" transform="translate(0 ${19 * k})"><text y="14">${k}</text>
        <rect class="${vote > 0 ? "yes" : "no"}" x="${60 + Math.min(0, (42 * vote) / most)}" y="3" width="${(42 * Math.abs(vote)) / most}" height="13"/><text x="149" y="14" text-anchor="end">${number(vote)}</text></g>`).join("")
        + `<line x1="60" x2="60" y1="0" y2="${19 * classes}" stroke="currentColor" stroke-opacity=".5"/>`;
      this.picture(state, size, Math.floor(place / size), place % size, reach);
      this.find("select").value = presets.findIndex((levels) => String(levels) === String(state.levels));
      this.find(".pool").textContent = state.pool;
      this.press("[data-pool]", (i) => ["mean", "max"][i] === state.pool);
      this.press("[data-guess]", (i) => String(i) === state.guess);
      this.press("[data-shuffle]", () => state.shuffle);
      this.find(".answer").textContent = state.guess === "" ? "" : `${state.guess === "0" ? "Yes" : "No"}, they stay, to the last digit: neither mean nor maximum asks where a vote was cast. Now shuffle the picture’s pixels.`;
      const words = `By the ${state.pool} of its votes this is a ${winner} (${number(scores[winner])}), before ${second} (${number(scores[second])}). `
        + `The vote at (${row}, ${column}) sees a window of ${2 * reach + 1}×${2 * reach + 1} pixels around (${Math.floor(place / size)}, ${place % size}) and is most for ${best(cast)} (${number(Math.max(...cast))}).`;
      this.find(".words").textContent = words;
      this.say(words);
      const lines = sides.map((r) => `    [${state.levels.slice(size * r, size * (r + 1)).join(", ")}],`).join("\n");
      this.python(`x = torch.tensor([\n${lines}\n]) / ${this.constructor.levels}\n${network}${state.pool === "mean" ? "(x[None, None])" : "[:-1](x[None, None]).amax(dim=(2, 3))"}`);
    };
    const changed = (change = {}) => {
      Object.assign(state, change);
      draw();
      this.keep([...inputs.map((input) => input.value), this.constructor.written(state.levels), state.pool, +state.shuffle, state.guess]);
    };
    this.pen(state, size, changed);
    this.find("form").addEventListener("input", () => changed());
    this.find("select").addEventListener("change", ({ target }) => changed({ levels: presets[target.value] ?? state.levels.map(() => 0) }));
    this.shadowRoot.addEventListener("click", ({ target: { dataset } }) => {
      if (dataset.move) changed({ levels: this.constructor.moved(state.levels, size, ...dataset.move.split(" ").map(Number)) });
      else if ("clear" in dataset) changed({ levels: state.levels.map(() => 0) });
      else if ("mix" in dataset) changed({ levels: order.map((i) => state.levels[i]) });
      else if (dataset.pool) changed({ pool: dataset.pool });
      else if ("shuffle" in dataset) changed({ shuffle: !state.shuffle });
      else if (dataset.guess) changed({ guess: dataset.guess, shuffle: true });
    });
    for (const type of ["pointerover", "click"]) {
      this.find(".maps").addEventListener(type, ({ target: { dataset: { at } } }) => {
        if (!at || at === inputs.map((input) => input.value).join(" ")) return;
        at.split(" ").forEach((value, i) => (inputs[i].value = value));
        changed();
      });
    }
    this.restore(inputs);
    draw();
  }
});
