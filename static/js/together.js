// One key closes the shared screen; the list is folded until it is wanted, or printed. Whoever leaves
// it in another way, with Back for instance, finds the pages of the staff covered (cover.js).
"use strict";

(() => {
  const close = document.querySelector("[data-close]");
  const all = document.querySelector("[data-all]");
  sessionStorage.setItem("together", "shown");
  close.addEventListener("click", () => sessionStorage.removeItem("together"));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) close.click();
  });
  if (!all) return;
  all.open = false;
  addEventListener("beforeprint", () => {
    all.open = true;
  });
})();
