// Finds codes in a long list of ticks. Ticked ones stay in view; without a script all of them do.
"use strict";
for (const box of document.querySelectorAll("[data-find]")) {
  const rows = [...box.querySelectorAll(".tick-row")];
  const find = box.querySelector(".find");
  if (rows.length > 8) find.hidden = false;
  find.querySelector("input").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const row of rows) {
      const isTicked = row.querySelector("input").checked;
      row.hidden = !isTicked && !row.textContent.toLowerCase().includes(wanted);
    }
  });
}
