// Paper shows everything: before printing, solutions open and the page turns light; afterwards both go back.
(() => {
  const html = document.documentElement;
  let opened = [];
  let theme = html.dataset.theme;

  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((details) => { details.open = true; });
    theme = html.dataset.theme;
    html.dataset.theme = "light";
  });
  addEventListener("afterprint", () => {
    opened.forEach((details) => { details.open = false; });
    html.dataset.theme = theme;
  });

  // A box is a stop of the Tab key only while there is something to scroll to.
  const boxes = document.querySelectorAll(".fig-art, div.math, div.highlight pre");
  const measure = () => boxes.forEach((box) => { box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1; });
  addEventListener("load", measure);
  addEventListener("resize", measure);
  document.addEventListener("toggle", measure, true);  // folded code has no width until it is opened
})();

// On a phone the lists of chapters and of sections lie over the page: a button closes them, and so does a way to a place.
document.addEventListener("DOMContentLoaded", () => {
  for (const sidebar of document.querySelectorAll("#pst-primary-sidebar, #pst-secondary-sidebar")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "close-drawer";
    button.textContent = "Close";
    sidebar.prepend(button); // the theme moves all that stands in a sidebar into its dialog and back
  }
  for (const drawer of document.querySelectorAll("dialog[id$='-sidebar-modal']"))
    drawer.addEventListener("click", (event) => event.target.closest(".close-drawer, a[href^='#']") && drawer.close());
});
