// Two ReLU lines in the plane of two channels, where they send the four corners, and the best cut through these.
customElements.get("xor-lines") || customElements.define("xor-lines", class extends BookWidget {
  static corners = [[1, 1], [1, -1], [-1, 1], [-1, -1]];
  static labels = [0, 1, 1, 0]; // exactly one channel is bright

  static direction(angle) { return [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]; }

  // A hidden unit is the distance from its line, on the side that its angle points to, and zero on the other.
  static hidden([x, y], lines) {
    return lines.map(({ angle, offset }) => {
      const [a, b] = this.direction(angle);
      return Math.max(0, a * x + b * y - offset);
    });
  }

  // The straight cut with the most points on the right side, and of these the one with the widest gap. The normal of the
  // widest gap runs along the difference of two points, or across it, so that no other has to be tried.
  static bestCut(points, labels) {
    const normals = points.flatMap(([x, y], i) => points.slice(0, i).flatMap(([u, v]) => {
      const [a, b, length] = [x - u, y - v, Math.hypot(x - u, y - v)];
      return length < 1e-9 ? [] : [[a, b], [-a, -b], [-b, a], [b, -a]].map((normal) => normal.map((term) => term / length));
    }));
    let best = { right: -1 };
    for (const normal of [...normals, [1, 0]]) {
      const along = points.map(([x, y], i) => [x * normal[0] + y * normal[1], labels[i]]).sort((a, b) => a[0] - b[0]);
      for (let cut = 0; cut <= points.length; cut++) { // stands before point number cut
        const [low, high] = [along[cut - 1]?.[0] ?? -Infinity, along[cut]?.[0] ?? Infinity];
        if (high - low < 1e-9) continue; // no cut between points at one place
        const right = along.filter(([, label], i) => label === +(i >= cut)).length;
        const gap = Number.isFinite(high - low) ? high - low : 0;
        if (right > best.right || (right === best.right && gap > best.gap + 1e-9)) best = { right, gap, normal, threshold: (low + high) / 2 };
      }
    }
    return best;
  }

  // The part of a polygon where a x + b y + c is not below zero.
  static clip(polygon, [a, b, c]) {
    return polygon.flatMap((to, i) => {
      const from = polygon.at(i - 1);
      const [before, here] = [from, to].map(([x, y]) => a * x + b * y + c);
      const share = before / (before - here);
      const edge = before * here < 0 ? [[from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]] : [];
      return here >= 0 ? [...edge, to] : edge;
    });
  }

  start({ lines }) {
    this.lines = lines.map((line) => ({ ...line }));
    this.guess = this.kept(4, 0, 2, 0);
    const sliders = ["solid", "dashed"].map((name, i) => BookWidget.slider(`angle-${i}`, `angle, ${name} line`, -180, 180, lines[i].angle, 5)
      + BookWidget.slider(`offset-${i}`, `offset, ${name} line`, -1.5, 1.5, lines[i].offset, 0.05));
    this.show(`${BookWidget.guess("Guess first: will two parallel lines do?", ["yes", "no"])}<p class="answer"></p>
      <div class="planes"><figure><svg class="plane" viewBox="-2 -2 4 4" aria-hidden="true"></svg><figcaption>channel 1 →, channel 2 ↑</figcaption></figure>
        <figure><svg class="folded" viewBox="-.3 -3 3.3 3.3" aria-hidden="true"></svg><figcaption>unit 1 (solid) →, unit 2 (dashed) ↑</figcaption></figure></div>
      <p class="verdict"></p><form>${sliders.join("")}</form>
      <table><thead><tr><th>corner</th><th>class</th><th>unit 1</th><th>unit 2</th><th>score</th><th>right</th></tr></thead><tbody></tbody></table>${BookWidget.copier}`, `
      .planes { display: flex; gap: 1rem; justify-content: center } figure { margin: 0; flex: 1 1 0; max-width: 19rem; text-align: center }
      svg { display: block; width: 100%; overflow: hidden; border: 1px solid color-mix(in srgb, currentColor 35%, transparent); box-sizing: border-box; border-radius: 4px }
      .one { fill: var(--fig-blue, #0072b2) } .zero { fill: var(--fig-orange, #d55e00) } .area { fill-opacity: .2 }
      .mark { pointer-events: none; stroke: var(--fig-paper, Canvas); stroke-width: .04 } .line { stroke: currentColor; stroke-width: .045 }
      .second { stroke-dasharray: .14 .1 } .sheet { fill: currentColor; fill-opacity: .13 } .sheet, .axis { stroke: currentColor; stroke-width: .02; stroke-opacity: .4 }
      .grip { stroke: transparent; stroke-width: .4; cursor: move } .tip { fill: currentColor } .wide { fill: transparent; cursor: grab } .grip, .wide { touch-action: none }
      table { border-collapse: collapse; margin: .8rem auto 0; font-variant-numeric: tabular-nums } th { border-bottom: 1px solid currentColor }
      th, td { padding: .1rem .7em; text-align: right; font-weight: 400 } .verdict { text-align: center; font-weight: 600; min-height: 1.4em }
      @container (max-width: 30em) { .verdict { min-height: 2.8em } .planes { gap: .5rem } th, td { padding: .1rem .3em } }`);
    const inputs = [...this.shadowRoot.querySelectorAll("input")];
    this.restore(inputs);
    const read = () => inputs.forEach(({ id, value }) => (this.lines[id.split("-")[1]][id.split("-")[0]] = Number(value)));
    const go = () => { // the sliders round and bound what they are given
      this.lines.forEach((line, i) => Object.keys(line).forEach((name) => (this.find(`#${name}-${i}`).value = line[name])));
      read();
      this.draw();
      this.keep([...inputs.map((input) => input.value), this.guess]);
    };
    this.find("form").addEventListener("input", () => { read(); go(); });
    this.shadowRoot.addEventListener("click", ({ target: { dataset } }) => { if (dataset.guess) { this.guess = +dataset.guess + 1; go(); } });
    const plane = this.find(".plane");
    let held = null; // a line, moved along its arrow or turned about the arrow's foot
    plane.addEventListener("pointerdown", (event) => {
      const { line, turns } = event.target.dataset;
      if (!line) return;
      const { angle, offset } = this.lines[line];
      held = { line: this.lines[line], turns, foot: this.constructor.direction(angle).map((side) => offset * side) };
      plane.setPointerCapture(event.pointerId);
    });
    for (const type of ["pointerup", "pointercancel"]) plane.addEventListener(type, () => (held = null));
    plane.addEventListener("pointermove", (event) => {
      if (!held) return;
      const { left, top, width } = plane.getBoundingClientRect();
      const [x, y] = [(4 * (event.clientX - left)) / width - 2, 2 - (4 * (event.clientY - top)) / width];
      const { line, foot } = held;
      if (held.turns) line.angle = 5 * Math.round((Math.atan2(y - foot[1], x - foot[0]) * 36) / Math.PI);
      const [[a, b], [u, v]] = [this.constructor.direction(line.angle), held.turns ? foot : [x, y]];
      line.offset = a * u + b * v;
      go();
    });
    read();
    this.draw();
  }

  draw() {
    const { corners, labels, clip } = this.constructor;
    const hidden = (place) => this.constructor.hidden(place, this.lines);
    const folded = corners.map(hidden);
    const { right, normal, threshold } = this.constructor.bestCut(folded, labels);
    const score = ([a, b]) => normal[0] * a + normal[1] * b - threshold;
    const points = (polygon) => polygon.map(([x, y]) => `${x},${-y}`).join(" ");
    const area = (polygon, kind) => (polygon.length > 2 ? `<polygon class="${kind}" points="${points(polygon)}"/>` : "");
    const marks = (places) => places.map(([x, y], i) => (labels[i] ? `<path class="mark one" d="M${x - 0.12} ${-y - 0.12}h.24v.24h-.24z"/>`
      : `<circle class="mark zero" cx="${x}" cy="${-y}" r=".14"/>`)).join("");
    // Units as [a, b, c] of a x + b y + c. Where it is known which are on, the score is such a sum, too.
    const units = this.lines.map(({ angle, offset }) => [...this.constructor.direction(angle), -offset]);
    const minus = (terms) => terms.map((term) => -term);
    const known = Number.isFinite(threshold); // it is infinite where all points count as one class
    const halves = (polygon, sum) => (known ? area(clip(polygon, sum), "area one") + area(clip(polygon, minus(sum)), "area zero") : "");
    const parts = [[0, 0], [0, 1], [1, 0], [1, 1]].map((on) => {
      const part = units.reduce((polygon, unit, j) => clip(polygon, on[j] ? unit : minus(unit)), [[-2, -2], [2, -2], [2, 2], [-2, 2]]);
      const sum = [0, 1, 2].map((i) => units.reduce((total, unit, j) => total + on[j] * normal[j] * unit[i], i === 2 ? -threshold : 0));
      return [halves(part, sum), area(part.map(hidden), "sheet")];
    });
    const grips = units.map(([a, b, c], i) => { // of each line, and of the arrows, which lie above all lines
      const [x, y] = [-c * a, -c * b]; // the foot of the arrow
      const path = `M${x - 4 * b} ${-y - 4 * a}L${x + 4 * b} ${-y + 4 * a}`;
      const [tip, left, other] = [[0.45, 0], [0.3, 0.09], [0.3, -0.09]].map(([on, aside]) => [x + on * a - aside * b, y + on * b + aside * a]);
      const arrow = `<path class="line" d="M${x} ${-y}L${tip[0]} ${-tip[1]}"/><polygon class="tip" points="${points([tip, left, other])}"/>`;
      return [`<path class="line ${i ? "second" : ""}" d="${path}"/>${arrow}<path class="grip" data-line="${i}" d="${path}"/>`,
        `<circle class="wide" data-line="${i}" data-turns="1" cx="${tip[0]}" cy="${-tip[1]}" r=".25"/>`];
    });
    const drawn = [parts.map(([halves]) => halves), grips.map(([line]) => line), grips.map(([, tip]) => tip)].flat();
    this.find(".plane").innerHTML = drawn.join("") + marks(corners);
    this.find(".folded").innerHTML = halves([[-0.3, -0.3], [3, -0.3], [3, 3], [-0.3, 3]], [...normal, -threshold])
      + `${parts.map(([, sheet]) => sheet).join("")}<path class="axis" d="M-1 0H4M0 1V-4"/>${marks(folded)}`;
    // The same in numbers and in words.
    const written = (value) => BookWidget.number(value, 2);
    this.find("tbody").innerHTML = corners.map((corner, i) => `<tr><td>(${corner.map(written).join(", ")})</td><td>${labels[i] ? "1 ■" : "0 ●"}</td>${
      folded[i].map((value) => `<td>${written(value)}</td>`).join("")}<td>${known ? written(score(folded[i])) : "–"}</td>
      <td>${(score(folded[i]) > 0) === (labels[i] === 1) ? "yes" : "no"}</td></tr>`).join("");
    const verdict = right === 4 ? "XOR is solved: one weighted sum of the two units is above zero just where one channel is bright."
      : `Not solved: with the best output weights ${right} of 4 corners are right.`;
    this.find(".verdict").textContent = verdict;
    this.say(verdict);
    this.answer(this.guess, "They will, if they run along a diagonal: facing away from each other, or one behind the other. Find both.");
    this.lines.forEach((line, i) => Object.keys(line).forEach((name) =>
      (this.find(`#${name}-${i} + output`).value = `${written(line[name])}${name === "angle" ? "°" : ""}`)));
    const list = (values) => `[${values.map((value) => value.toFixed(3)).join(", ")}]`;
    const solution = `[${units.map(([a, b]) => list([a, b])).join(", ")}], ${list(units.map(([, , c]) => c))}, ${list(normal)}, ${list([-threshold])}`;
    this.python(`answer = (${solution})  # ${right} of 4 corners`);
  }
});
