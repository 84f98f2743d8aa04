// Copy the line for a note. Without script or permission the words can still be selected.
"use strict";

(() => {
  const button = document.getElementById("copy-line");
  const line = document.getElementById("note-line");
  if (!button || !navigator.clipboard) return;
  const said = document.getElementById("copy-said");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line.textContent.trim());
      said.textContent = button.dataset.copied;
      setTimeout(() => { said.textContent = ""; }, 4000);
    } catch {
      getSelection().selectAllChildren(line); // refused: at least it is selected
    }
  });
})();
