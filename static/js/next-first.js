// On a narrow screen the next session comes first. The card itself moves, so that what is read aloud
// and the order of Tab follow what is seen; on a wide one it goes back among the day's sessions.
// Without it a link above the notes leads there.
"use strict";

(() => {
  const card = document.getElementById("next");
  const link = document.getElementById("to-next");
  if (!card || !link) return;
  const narrow = matchMedia("screen and (max-width: 47.99rem)");
  const place = document.createComment("");
  card.before(place);

  function arrange() {
    const focused = card.contains(document.activeElement) ? document.activeElement : null;
    (narrow.matches ? link.closest("header") : place).after(card);
    link.hidden = narrow.matches;
    focused?.focus({ preventScroll: true });
  }

  narrow.addEventListener("change", arrange);
  arrange();
})();
