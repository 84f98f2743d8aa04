// Makes each question a slider with halves, where the client answers that way. Without it the
// eleven buttons stand there and work, and the rating says that buttons were used.
//
// A slider always has a value, so the answer is kept beside it, in a hidden field: empty until the
// slider is first touched, "skip" when it is taken back.
"use strict";

(() => {
  const form = document.querySelector("form[data-slider]");
  if (!form) return;
  const tell = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));
  const isNumber = (value) => value !== "" && value !== "skip";

  function upgrade(question) {
    const box = question.querySelector("[data-slide]");
    const range = box.querySelector("[type=range]");
    const kept = box.querySelector("[type=hidden]");
    const shown = box.querySelector(".rate-value");
    const radios = [...question.querySelectorAll("[type=radio]")];

    function set(value) {
      const given = isNumber(value);
      kept.value = value;
      range.value = given ? value : 5;
      range.classList.toggle("is-unset", !given);
      shown.textContent = given ? box.dataset.said.replace("#", value.replace(".", box.dataset.point)) : box.dataset.unset;
      range.setAttribute("aria-valuetext", shown.textContent);
    }

    let before = ""; // what a finger that only wanted to scroll gives back
    range.addEventListener("pointerdown", () => { before = kept.value; });
    range.addEventListener("pointercancel", () => set(before));
    range.addEventListener("input", () => set(range.value));
    // Where the thumb waits unseen, a tap or the space bar changes nothing, and takes it.
    const take = () => isNumber(kept.value) || tell(range);
    range.addEventListener("pointerup", take);
    range.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      take();
    });
    box.querySelector("button").addEventListener("click", () => {
      kept.value = "skip";
      tell(kept);
      range.focus();
    });
    kept.addEventListener("input", () => set(kept.value)); // taken back, or a draft came back

    const pressed = radios.find((radio) => radio.checked);
    set(kept.value || (pressed ? pressed.value : ""));
    for (const radio of radios) radio.disabled = true;
    kept.disabled = false;
    question.querySelector("[data-buttons]").hidden = true;
    box.hidden = false;
    return set;
  }

  const setters = [...form.querySelectorAll(".ask")].map(upgrade);
  form.elements.input_kind.value = "slider";
  form.addEventListener("reset", () => setTimeout(() => {
    for (const set of setters) set("");
  }));
})();
