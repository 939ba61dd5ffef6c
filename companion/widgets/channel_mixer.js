// A 1x1 convolution to one channel, with its weights in the reader's hands.
customElements.get("channel-mixer") || customElements.define("channel-mixer", class extends BookWidget {
  // One output value of one pixel: the formula of the book.
  static mix(channels, weights, bias) {
    return channels.reduce((sum, value, c) => sum + weights[c] * value, bias);
  }

  // The same for people; a minus within a name stays what it is.
  static formula(names, weights, bias) {
    const terms = [...weights.map((weight, c) => [weight, ` · ${names[c]}`]), [bias, ""]];
    const text = terms.map(([value, factor]) => ` ${value < 0 ? "−" : "+"} ${Math.abs(value).toFixed(3)}${factor}`).join("");
    return `y = ${weights[0] < 0 ? "−" : ""}${text.slice(3)}`;
  }

  start({ names, weights, bias, limit, presets }) {
    const slider = (id, words, most, value) => BookWidget.slider(id, words, -most, most, value, 0.001);
    const sliders = weights.map((weight, c) => slider(`weight-${c}`, `weight of ${names[c]}`, limit, weight));
    this.show(`
      <div class="pictures"><span class="arrow">1×1 →</span><figure><canvas role="img"></canvas><figcaption>y</figcaption></figure></div>
      <form>${sliders.join("")}${slider("bias", "bias", 1, bias)}</form>
      <div class="buttons" role="group" aria-label="Examples"></div>
      <p></p>`, `
      .pictures { display: flex; gap: .6rem; align-items: center }
      figure { flex: 1 1 0; min-width: 0; margin: 0; text-align: center }
      img, canvas { width: 100%; height: auto; border-radius: 6px; display: block }
      .arrow { flex: none; font-weight: 600; white-space: nowrap }`);
    const find = (selector) => this.find(selector);
    const inputs = [...this.shadowRoot.querySelectorAll("input")];
    const buttons = Object.keys(presets).map((name) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      return button;
    });
    find(".buttons").append(...buttons);
    const pictures = [...this.querySelectorAll("img[data-input]")].map((shown, i, all) => {
      const figure = document.createElement("figure");
      const image = figure.appendChild(shown.cloneNode());
      figure.appendChild(document.createElement("figcaption")).textContent = all.length > 1 ? names[i] : "x";
      for (const side of ["width", "height"]) find("canvas").setAttribute(side, shown.getAttribute(side));
      find(".arrow").before(figure);
      return image;
    });
    Promise.all(pictures.map((image) => image.decode())).then(() => {
      const draw = this.begin(pictures, find("canvas"), inputs, find("p"), names);
      find("form").addEventListener("input", draw);
      for (const button of buttons) {
        button.addEventListener("click", () => {
          presets[button.textContent].forEach((value, i) => (inputs[i].value = value));
          draw();
          this.keep(inputs.map((input) => input.value));
        });
      }
      this.restore(inputs);
      draw();
    });
    find("form").addEventListener("keydown", (event) => { // fine sliders in coarse steps: 0.001 would take thousands
      const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (!way) return;
      event.preventDefault();
      event.target.value = Number(event.target.value) + (way * event.target.max) / (event.shiftKey ? 1000 : 40);
      event.target.dispatchEvent(new Event("input", { bubbles: true }));
    });
    find("form").addEventListener("input", () => this.keep(inputs.map((input) => input.value)));
  }

  // Read the channels off the pictures: three off one colour picture, one off each grey one.
  begin(pictures, canvas, inputs, text, names) {
    canvas.width = pictures[0].naturalWidth;
    canvas.height = pictures[0].naturalHeight;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const channels = pictures.flatMap((picture) => {
      context.drawImage(picture, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const layer = (c) => new Float32Array(data.length / 4).map((_, i) => data[4 * i + c] / 255);
      return names.length === 3 ? [0, 1, 2].map(layer) : [layer(0)];
    });
    const result = context.createImageData(canvas.width, canvas.height);
    result.data.fill(255);
    const pixel = new Float32Array(channels.length);
    const number = (value) => (value < 0 ? "−" : "") + Math.abs(value).toFixed(3);
    return () => {
      const values = inputs.map((input) => Number(input.value));
      const weights = values.slice(0, -1);
      inputs.forEach((input, i) => (input.nextElementSibling.value = number(values[i])));
      for (let i = 0; i < channels[0].length; i++) {
        for (let c = 0; c < pixel.length; c++) pixel[c] = channels[c][i];
        const grey = 255 * this.constructor.mix(pixel, weights, values.at(-1));
        for (let j = 4 * i; j < 4 * i + 3; j++) result.data[j] = grey;
      }
      context.putImageData(result, 0, 0);
      const formula = this.constructor.formula(names, weights, values.at(-1));
      text.textContent = `${formula}, the same for all ${channels[0].length.toLocaleString("en")} pixels`;
      this.say(formula);
      canvas.setAttribute("aria-label", `The channels mixed to one: ${formula}`);
    };
  }
});
