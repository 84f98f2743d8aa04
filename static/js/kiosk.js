// A page on the clinic's tablet that nobody touches for a while goes back to where it began, warned
// before. Any touch or key keeps it. Without script there is the button, and the link ends by itself.
//
// What was entered goes off the screen at that time, whatever the connection is like. The tablet
// itself leaves only while the server is in reach, or the browser's error page would follow. A sending
// that is not finished goes on behind it for a while, in memory alone (rate.js tells how far it is).
"use strict";

(() => {
  const PATIENCE = 10 * 60 * 1000; // with such a sending
  const ANSWER = 5 * 1000; // of the server, to the question whether it is there

  let touched = Date.now();
  let focused = null;
  let form = null; // of the page that is shown: rate.js may put another in its place
  let cleared = 0; // when it went off the screen
  let last = ""; // what became of the sending, "saved" or "lost", and since when it stands there
  let lastSince = 0;
  let isAsking = false;

  const since = (time) => (Date.now() - time) / 1000; // a tablet that slept has been left
  const part = (id) => document.getElementById(id);

  function look() {
    const here = part("leave");
    if (!here) return;
    if (here !== form) begin(here);
    if (cleared) leave();
    else clearOrWarn();
  }

  function begin(here) {
    [form, cleared, last, touched] = [here, 0, "", Date.now()];
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      document.dispatchEvent(new Event("given-up")); // "Leave without sending" means it
      clear();
    });
  }

  function clearOrWarn() {
    const still = part("still");
    const idle = since(touched);
    if (idle >= Number(form.dataset.idle)) clear();
    else if (still.hidden && idle >= form.dataset.idle - form.dataset.warning) {
      focused = document.activeElement;
      still.hidden = false;
      still.querySelector("button").focus();
    }
  }

  function clear() {
    cleared = Date.now();
    document.querySelector("main").replaceChildren(part("cleared"));
    for (const each of [form, part("still")]) each.hidden = true;
    document.dispatchEvent(new Event("cleared"));
    leave();
  }

  function say(what) {
    for (const each of part("cleared").children) each.hidden = each.dataset.say !== what;
  }

  function sayLast(what) {
    last = what;
    lastSince = Date.now();
    say(what);
  }

  async function leave() {
    const { unsent } = document.documentElement.dataset;
    if (unsent === "yes" && Date.now() - cleared < PATIENCE) {
      say("sending");
      return;
    }
    if (unsent && !last) {
      sayLast(unsent === "saved" ? "saved" : "lost");
      document.dispatchEvent(new Event("given-up"));
    }
    if (isAsking || (last === "lost" && since(lastSince) < form.dataset.idle)) return;
    isAsking = true;
    if (await isServerThere()) {
      clearInterval(timer);
      if (last === "saved") location.replace(form.dataset.receipt);
      else form.submit();
    } else if (!last) say("waiting");
    isAsking = false;
  }

  async function isServerThere() {
    const control = new AbortController(); // older tablets have no AbortSignal.timeout
    const enough = setTimeout(() => control.abort(), ANSWER);
    try {
      const options = { method: "HEAD", cache: "no-store", signal: control.signal };
      return (await fetch(form.dataset.start, options)).status < 500;
    } catch {
      return false;
    } finally {
      clearTimeout(enough);
    }
  }

  // The question itself stays until its button is let go, or what lies under it would be pressed.
  function touch(event) {
    touched = Date.now();
    const still = part("still");
    if (!still || still.hidden || (event.type !== "click" && still.contains(event.target))) return;
    still.hidden = true;
    focused?.focus();
  }

  const timer = setInterval(look, 1000);
  look();
  for (const kind of ["pointerdown", "keydown", "input", "scroll", "click"]) addEventListener(kind, touch, { passive: true, capture: true });
})();
