// A page on the clinic's tablet that nobody touches for a while goes back to where it began, warned
// before. Any touch or key keeps it. Without script there is the button, and the link ends by itself.
let touched = Date.now();
let focused = null;

function leaveOrWarn() {
  const form = document.getElementById("leave");
  const still = document.getElementById("still");
  if (!form || !still) return;
  const idle = (Date.now() - touched) / 1000; // a tablet that slept has been left
  if (idle >= Number(form.dataset.idle)) {
    clearInterval(timer);
    document.querySelector("main").hidden = true; // gone from sight even while the server is not reached
    form.submit();
  } else if (still.hidden && idle >= form.dataset.idle - form.dataset.warning) {
    focused = document.activeElement;
    still.hidden = false;
    still.querySelector("button").focus();
  }
}

function touch() {
  touched = Date.now();
  const still = document.getElementById("still");
  if (still && !still.hidden) {
    still.hidden = true;
    focused?.focus();
  }
}

const timer = setInterval(leaveOrWarn, 1000);
for (const kind of ["pointerdown", "keydown", "input", "scroll"]) addEventListener(kind, touch, { passive: true, capture: true });
