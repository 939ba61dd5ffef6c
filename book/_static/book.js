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

  // A box is a stop of the Tab key only while there is something to scroll to. Boxes are asked when they come near:
  // to ask for a width lays a box out, and what lies far below the window is not laid out until then.
  const boxes = document.querySelectorAll(".fig-art, div.math, pre, .pst-scrollable-table-container");
  const sizes = new ResizeObserver((entries) => {
    const wide = entries.map(({ target }) => target.scrollWidth > target.clientWidth); // first all are asked, then told
    entries.forEach(({ target }, i) => {
      target.tabIndex = wide[i] ? 0 : -1;
      target.toggleAttribute("data-wide", wide[i]);
    });
  });
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      sizes[isIntersecting ? "observe" : "unobserve"](target);
      if (!isIntersecting) target.tabIndex = 0; // it may be wide once it comes near
    }
  }, { rootMargin: "50%" });
  const watch = () => boxes.forEach((box) => { near.unobserve(box); near.observe(box); });
  watch();
  document.fonts.addEventListener("loadingdone", watch); // words may have become wider

  // A jump within the page needs the height of all that it passes.
  addEventListener("click", (event) => {
    if (event.target.closest("a[href^='#']")) html.dataset.whole = "";
  }, true);
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
