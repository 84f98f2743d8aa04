// Copy the link to the clipboard. Without script or permission the address can still be selected.
const button = document.getElementById("copy-link");
if (button && navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const link = document.getElementById("link");
    try {
      await navigator.clipboard.writeText(link.textContent.trim());
      button.querySelector("span").textContent = button.dataset.copied;
    } catch {
      getSelection().selectAllChildren(link); // refused: at least it is selected
    }
  });
}
