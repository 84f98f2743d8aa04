// One key covers the screen, and the same key shows it again. What is covered leaves the document,
// title included, so that neither the eye nor a screen reader nor the browser's search finds it.
// What was typed stays as it was.
//
// After the shared screen was left in another way than by closing it, the next page comes covered,
// before anything of it can be seen.
"use strict";

const SHARED = "together"; // set by together.js
const comesCovered = sessionStorage.getItem(SHARED) !== null;
let away = null; // what was taken out, while it is covered

function cover() {
  const body = document.body;
  away = {
    nodes: [...body.children].filter((node) => !["SCRIPT", "TEMPLATE"].includes(node.tagName)),
    title: document.title,
    focus: document.activeElement,
    top: scrollY,
  };
  const opened = document.getElementById("cover").content.cloneNode(true);
  const panel = opened.firstElementChild;
  getSelection().removeAllRanges();
  for (const node of away.nodes) node.remove();
  document.title = "Alliance";
  body.prepend(opened);
  const button = panel.querySelector("button");
  button.addEventListener("click", uncover);
  button.focus();
  away.panel = panel;
}

function uncover() {
  const { nodes, title, focus, top, panel } = away;
  away = null;
  sessionStorage.removeItem(SHARED);
  panel.remove();
  document.body.prepend(...nodes);
  document.title = title;
  scrollTo(0, top);
  if (focus && focus !== document.body && document.contains(focus)) focus.focus({ preventScroll: true });
}

document.documentElement.hidden = comesCovered;
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("[data-cover]")) {
    button.hidden = false;
    button.addEventListener("click", cover);
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || event.repeat) return;
    if (document.querySelector("dialog[open]")) return; // that key closes it
    event.preventDefault();
    if (away) uncover();
    else cover();
  });
  document.documentElement.hidden = false;
  if (comesCovered) cover();
});
