// Claims the task that is looked at, renews the claim while somebody is at it, and shows in a bulk only the fields that its act needs.
(() => {
  "use strict";

  const RENEW_AFTER = 2 * 60 * 1000;
  let asked = 0;

  const claim = async () => {
    const form = document.querySelector("form[data-claim]");
    if (form === null || document.visibilityState !== "visible") return;
    asked = Date.now();
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(form.dataset.claim, { method: "POST", headers: { "X-CSRFToken": token }, credentials: "same-origin" }).catch(() => null);
    // Without an answer nothing is known: deciding is safe without a claim.
    if (answer === null || !(answer.headers.get("Content-Type") ?? "").includes("json")) return;
    const told = await answer.json();
    if (told.words) form.querySelector(".mdm-claim-words").textContent = told.words;
    form.hidden = told.mine || !told.holder;
  };

  const renew = () => {
    if (Date.now() - asked > RENEW_AFTER) claim();
  };

  const fit = (form) => {
    const act = new FormData(form).get("act");
    for (const field of form.querySelectorAll("[data-for]")) field.hidden = act !== null && !field.dataset.for.split(" ").includes(act);
  };

  document.addEventListener("DOMContentLoaded", () => {
    claim();
    // Where only one thing can be done with a selection, nobody has to choose it.
    const action = document.querySelector("#changelist-form select[name=action]");
    if (action !== null && action.options.length === 2) {
      action.selectedIndex = 1;
      action.dispatchEvent(new Event("change", { bubbles: true }));
    }
    const bulk = document.querySelector(".mdm-bulk");
    if (bulk === null) return;
    fit(bulk);
    bulk.addEventListener("change", () => fit(bulk));
  });
  for (const kind of ["keydown", "pointerdown", "scroll", "visibilitychange"]) document.addEventListener(kind, renew, { passive: true });
})();
