// Copy the link to the clipboard. Without script or permission the address can still be selected.
const button = document.getElementById("copy-link");
if (button && navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("link").textContent.trim());
    button.querySelector("span").textContent = button.dataset.copied;
  });
}
