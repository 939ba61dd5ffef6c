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
    select { font: inherit; color: inherit; background: Canvas; border: 1px solid currentColor; border-radius: 6px; padding: .2rem .4rem; min-width: 0 }
    [hidden] { display: none !important }
    .guess { align-items: center; gap: .35rem .8rem }
    .guess button { margin: .15rem 0 }
    .python { display: flex; flex-wrap: wrap; gap: .5rem .8rem; align-items: start; margin: .6rem 0 0 }
    .python button, .guess button { font-size: .9em; padding: .1rem .6rem }
    .python code { flex: 1 1 20em; min-width: 0; font-size: .85em; white-space: pre-wrap; overflow-wrap: anywhere }
    button:focus-visible, select:focus-visible, [tabindex]:focus-visible, input:focus-visible { outline: 2px solid var(--pst-color-primary, #0072b2); outline-offset: 2px }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
    .answer:empty { display: none }
    p { margin: .4rem 0; font-variant-numeric: tabular-nums }
    @container (max-width: 30em) { /* words above, so that sliders have the width of a phone */
      form { grid-template-columns: 1fr 4.2em; row-gap: 0 }
      label { grid-column: 1 / -1; margin-top: .3rem }
    }`;

  connectedCallback() {
    if (document.readyState === "loading" && !this.firstElementChild) { // what stands inside has not been read yet
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

  // A question with a button for each answer, before the part shows what is so.
  static guess(question, answers) {
    const { escape } = BookWidget;
    const buttons = answers.map((answer, i) => `<button type="button" data-guess="${i}">${escape(answer)}</button>`);
    return `<div class="buttons guess" role="group" aria-label="Your guess"><span>${escape(question)}</span><span>${buttons.join(" ")}</span></div>`;
  }

  // What answers the question, in an element .answer, once there is a guess: 1, 2, ... for the buttons in their order.
  answer(guess, words) {
    this.find(".answer").textContent = guess ? words : "";
    this.press("[data-guess]", (i) => i === guess - 1);
  }

  press(selector, test) {
    this.shadowRoot.querySelectorAll(selector).forEach((button, i) => button.setAttribute("aria-pressed", test(i)));
  }

  // The Python that computes what is seen: shown once asked for, and copied where the browser lets it.
  static copier = `<div class="python"><button type="button" data-copy>copy as Python</button><code hidden></code></div>`;

  python(lines) {
    const [button, code] = [this.find("[data-copy]"), this.find(".python code")];
    [button.textContent, code.textContent] = ["copy as Python", lines];
    button.onclick = () => {
      code.hidden = false;
      this.say(lines);
      navigator.clipboard?.writeText(lines).then(() => (button.textContent = "copied"), () => { /* it can be marked and copied by hand */ });
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
