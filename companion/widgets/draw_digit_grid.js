// The picture of the digit to draw: a grid of pixels with a pen, for pointer and for keyboard, and the window that a vote sees.
globalThis.DigitGrid ??= class extends DigitNetwork {
  // The pen leaves full ink, and some on the four pixels beside it, as the grey edges of the test pictures.
  static ink(levels, size, row, column) {
    const beside = (i) => Math.abs(Math.floor(i / size) - row) + Math.abs((i % size) - column);
    return levels.map((level, i) => Math.max(level, [16, 5][beside(i)] ?? 0));
  }

  static erased(levels, size, row, column) { return levels.map((level, i) => (i === row * size + column ? 0 : level)); }

  static moved(levels, size, down, right) {
    return levels.map((_, i) => {
      const [r, c] = [Math.floor(i / size) - down, (i % size) - right];
      return r < 0 || c < 0 || r >= size || c >= size ? 0 : levels[r * size + c];
    });
  }

  // A picture in the address: one sign a pixel, 0 to g.
  static written(levels) { return levels.map((level) => level.toString(36)).join(""); }

  static read(word, count) {
    const levels = [...(word ?? "")].map((sign) => parseInt(sign, 36));
    return levels.length === count && levels.every((level) => level <= this.levels) ? levels : null;
  }

  static grid(size) {
    const cells = (r) => Array.from({ length: size }, (_, c) => `<span role="gridcell" id="cell-${r}-${c}"></span>`).join("");
    return `<div class="grid" role="grid" tabindex="0" aria-label="Picture of ${size} by ${size} pixels: arrow keys move, space draws and erases">${
      Array.from({ length: size }, (_, r) => `<div role="row">${cells(r)}</div>`).join("")}</div>`;
  }

  static gridStyle = `
    .grid { position: relative; display: grid; margin: .5rem 0; border: 1px solid currentColor; aspect-ratio: 1; touch-action: none; cursor: crosshair }
    [role=row] { display: grid; grid-auto-columns: 1fr; grid-auto-flow: column } [role=gridcell] { background: color-mix(in srgb, currentColor var(--ink), transparent) }
    .grid:focus-visible .cursor { outline: 3px solid var(--fig-green, #009e73); outline-offset: -3px }
    .grid::after { content: ""; position: absolute; inset: var(--window); border: 2px solid var(--fig-orange, #d55e00); pointer-events: none }`;

  // Show a picture, the cursor, and the window of some reach around a pixel.
  picture({ levels, cursor }, size, row, column, reach) {
    const grid = this.find(".grid");
    grid.querySelectorAll("span").forEach((cell, i) => {
      const [r, c] = [Math.floor(i / size), i % size];
      cell.style.setProperty("--ink", `${(100 * levels[i]) / this.constructor.levels}%`);
      cell.setAttribute("aria-label", `row ${r}, column ${c}: ${levels[i]} of ${this.constructor.levels}`);
      cell.classList.toggle("cursor", r === cursor[0] && c === cursor[1]);
    });
    grid.setAttribute("aria-activedescendant", `cell-${cursor.join("-")}`);
    const sides = [row, size - 1 - column, size - 1 - row, column]; // pixels beyond the middle: above, right, below, left
    grid.style.setProperty("--window", sides.map((beyond) => `${(100 * Math.max(0, beyond - reach)) / size}%`).join(" "));
  }

  // Draw by pointer and by keyboard; changed({ levels, cursor }) is told.
  pen(state, size, changed) {
    const grid = this.find(".grid");
    let tool = null;
    const dark = (row, column) => state.levels[row * size + column] > this.constructor.levels / 2;
    const apply = (row, column) => changed({ levels: this.constructor[tool](state.levels, size, row, column), cursor: [row, column] });
    const under = (event) => {
      const box = grid.getBoundingClientRect();
      const at = (place, from, length) => Math.min(size - 1, Math.max(0, Math.floor((size * (place - from)) / length)));
      return [at(event.clientY, box.top, box.height), at(event.clientX, box.left, box.width)];
    };
    grid.addEventListener("pointerdown", (event) => {
      grid.setPointerCapture(event.pointerId);
      tool = dark(...under(event)) ? "erased" : "ink";
      apply(...under(event));
    });
    grid.addEventListener("pointermove", (event) => {
      if (grid.hasPointerCapture(event.pointerId) && String(under(event)) !== String(state.cursor)) apply(...under(event));
    });
    grid.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (step) changed({ cursor: state.cursor.map((at, i) => Math.min(size - 1, Math.max(0, at + step[i]))) });
      else if (event.key === " " || event.key === "Enter") {
        tool = dark(...state.cursor) ? "erased" : "ink";
        apply(...state.cursor);
      } else return;
      event.preventDefault();
    });
  }
};
