// What the search shows of a page is its prose: no code, no table, and no formula twice. This runs before the index,
// which starts a search as soon as it is there.
(() => {
  const toText = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll(".cell, pre, table, figure, dt, nav, .contents, .katex-html, h1, h2, h3").forEach((part) => part.remove());
    return toText(page.documentElement.outerHTML, anchor).replace(/\s+/g, " ");
  };
})();
