// While this page is in view, its code stays good: tell the server so every few minutes. Without
// script the code simply ends, and "New code" makes another.
const code = document.getElementById("code");
if (code) {
  const every = Number(code.dataset.every) * 1000;
  const until = document.getElementById("code-until");
  const closed = document.getElementById("code-closed");
  const keep = async () => {
    if (document.visibilityState !== "visible") return;
    const body = new FormData(document.getElementById("code-keep"));
    let answer;
    try {
      answer = await fetch(code.dataset.keep, { method: "POST", body, redirect: "error" });
    } catch {
      return; // no connection: the next try may reach it
    }
    const said = answer.ok ? await answer.json() : { open: false };
    if (said.open) {
      until.textContent = said.until;
    } else {
      clearInterval(timer);
      code.classList.add("is-closed");
      closed.hidden = false;
    }
  };
  const timer = setInterval(keep, every);
  document.addEventListener("visibilitychange", keep);
}
