// Mends what Django's own scripts leave out: the tooltips of its pickers have a name and no role that may have one.
"use strict";

window.addEventListener("load", () => {
  // Django makes the pickers on the same event: after that.
  setTimeout(() => document.querySelectorAll(".help-tooltip[aria-label]").forEach((tip) => tip.setAttribute("role", "img")), 0);
});
