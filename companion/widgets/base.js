// What all interactive parts share: settings, a shadow root with one style, sliders, and a state in the address.
globalThis.BookWidget ??= class extends HTMLElement {
  static style = `
    :host { display: block; container-type: inline-size; margin: 1em 0; font-size: .95em; line-height: 1.4 }
    form { display: grid; grid-template-columns: fit-content(45%) 1fr 4.2em; gap: .35rem .8rem; align-items: center; margin: .9rem 0 0 }
    input[type=range] { min-width: 0; width: 100%; margin: 0; height: 1.6rem; accent-color: var(--pst-color-primary, #0072b2) }
    output { text-align: right; font-variant-numeric: tabular-nums }
    .buttons { display: flex; flex-wrap: wrap; gap: .5rem; margin: .9rem 0 .6rem; align-items: center }
    code { font-size: .85em; overflow-wrap: anywhere; white-space: pre-wrap } code:not([hidden]) { display: block; margin-top: .3rem }
    button { font: inherit; color: inherit; background: none; border: 1px solid currentColor; border-radius: 6px; padding: .25rem .7rem; cursor: pointer }
    button:hover { background: color-mix(in srgb, currentColor 12%, transparent) }
    button[aria-pressed=true] { background: color-mix(in srgb, currentColor 18%, transparent); font-weight: 600 }
    button:focus-visible, input:focus-visible { outline: 2px solid var(--pst-color-primary, #0072b2); outline-offset: 2px }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
    .answer:empty { display: none }
    p { margin: .4rem 0; font-variant-numeric: tabular-nums }
    @container (max-width: 30em) { /* words above, so that sliders have the width of a phone */
      form { grid-template-columns: 1fr 4.2em; row-gap: 0 }
      label { grid-column: 1 / -1; margin-top: .3rem }
    }`;

  connectedCallback() {
    if (document.readyState === "loading") { // what stands inside may not have been read yet
      document.addEventListener("DOMContentLoaded", () => this.connectedCallback(), { once: true });
      return;
    }
    if (this.shadowRoot) return;
    this.settings = JSON.parse(this.dataset.settings);
    this.attachShadow({ mode: "open" });
    this.start(this.settings);
  }

  find(selector) { return this.shadowRoot.querySelector(selector); }

  // Words come from settings and are text, never markup.
  static escape(words) {
    return String(words).replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
  }

  static number(value, digits = 0) { return value.toLocaleString("en", { maximumFractionDigits: digits }).replace(/^-0$/, "0").replace("-", "−"); }

  static slider(id, words, least, most, value, step = 1) {
    return `<label for="${id}">${BookWidget.escape(words)}</label>
      <input id="${id}" type="range" min="${least}" max="${most}" step="${step}" value="${value}"><output for="${id}">${value}</output>`;
  }

  // A question before its answer: guesses as buttons with data-guess = 1, 2, ...; answer() shows the words once one is made.
  static guess(question, guesses) {
    const buttons = guesses.map((words, i) => `<button type="button" data-guess="${i + 1}">${BookWidget.escape(words)}</button>`);
    return `<div class="buttons" role="group" aria-labelledby="question"><span id="question">${BookWidget.escape(question)}</span>${buttons.join("")}</div><p class="answer"></p>`;
  }

  answer(guess, words) {
    this.find(".answer").textContent = guess ? words : "";
    this.press("guess", guess);
  }

  // Which of the buttons with data-name is on.
  press(name, value) {
    for (const button of this.shadowRoot.querySelectorAll(`[data-${name}]`)) button.setAttribute("aria-pressed", button.dataset[name] === String(value));
  }

  // The line of Python that does what is shown: python(line) at each change, and a button that shows and copies it.
  static python = `<p><button type="button" data-python>copy as Python</button> <code hidden></code></p>`;
  python(line) {
    const [button, code] = [this.find("[data-python]"), this.find("[data-python] + code")];
    [button.textContent, code.textContent] = ["copy as Python", line];
    button.onclick ??= async () => {
      code.hidden = false;
      try { await navigator.clipboard.writeText(code.textContent); button.textContent = "copied"; } catch { /* it can be selected */ }
    };
  }

  // Words that a screen reader speaks once nothing has moved for a while; seen words change at once, elsewhere.
  say(words) {
    clearTimeout(this.later);
    this.later = setTimeout(() => (this.find("[aria-live]").textContent = words), 700);
  }

  show(markup, style = "") {
    this.shadowRoot.innerHTML = `<style>${BookWidget.style}${style}</style>${markup}<span class="unseen" aria-live="polite"></span>`;
    this.find("form")?.addEventListener("submit", (event) => event.preventDefault());
  }

  // The state of a part lies in the page's address as ?name=values, so that a link shows what its sender saw.
  get place() { // the second of a kind on a page is name-2
    const before = [...document.querySelectorAll(this.localName)].indexOf(this);
    return this.localName + (before > 0 ? `-${before + 1}` : "");
  }

  recall() {
    const kept = new URLSearchParams(location.search).get(this.place);
    return kept === null ? null : kept.split(",");
  }

  // One kept whole number, if it lies between least and most.
  kept(i, least, most, otherwise) {
    const value = this.recall()?.[i] || NaN;
    return Number.isInteger(+value) && +value >= least && +value <= most ? +value : otherwise;
  }

  // Sliders, and what else has a value, as they were kept.
  restore(inputs) {
    this.recall()?.forEach((value, i) => {
      if (inputs[i] && value !== "" && Number.isFinite(Number(value))) inputs[i].value = value;
    });
  }

  keep(values) {
    const address = new URL(location.href);
    address.searchParams.set(this.place, values.join(","));
    try { history.replaceState(null, "", address); } catch { /* an address that may not be changed */ }
  }
};
