// A page that the browser kept whole, and shows again on Back or Forward, may be of somebody who has
// left since. It goes out of sight when it is left, and is asked for anew when it comes back.
addEventListener("pagehide", () => {
  document.documentElement.hidden = true;
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
