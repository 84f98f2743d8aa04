// One key closes the shared screen; the list is folded until it is wanted, or printed.
"use strict";

(() => {
  const close = document.querySelector("[data-close]");
  const all = document.querySelector("[data-all]");
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) location.assign(close.href);
  });
  if (!all) return;
  all.open = false;
  addEventListener("beforeprint", () => {
    all.open = true;
  });
})();
