// The browser's own print dialog, by a button that is there only where this script is.
const button = document.getElementById("print");
button.hidden = false;
button.addEventListener("click", () => window.print());
