// The card of a flag: shows only what belongs to the tap, and what the client will read as it is
// chosen. Without it everything stands open, and own words are shown before they are released.
"use strict";

(() => {
  const form = document.getElementById("card");
  if (!form) return;
  const text = document.getElementById("preview-text");
  const letter = text.closest(".letter");
  const own = form.elements.own_words;
  const previewed = form.elements.previewed;

  const chosen = (name) => form.querySelector(`[name="${name}"]:checked`);

  function show() {
    const did = chosen("did")?.value ?? "";
    for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== did;
    const reads = did === "talked" ? chosen("reads") : null;
    const isOwn = reads?.value === "own";
    form.querySelector("[data-for-reads]").hidden = !isOwn;
    letter.hidden = !reads?.value;
    text.textContent = (isOwn ? own.value.trim() : reads?.dataset.text) || "…";
    previewed.value = isOwn ? own.value.trim() : "";
    if (did !== "talked") document.getElementById("reads-none").checked = true;
  }

  form.addEventListener("change", show);
  own.addEventListener("input", show);
  show();
})();
