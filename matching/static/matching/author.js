// Searches while somebody describes a customer or a project: without scripts, the button does the same.
"use strict";

(() => {
  const form = document.getElementById("author");
  const place = document.getElementById("alike");
  let waiting = 0;
  let asked = 0;

  async function search() {
    const mine = ++asked;
    const answer = await fetch(form.dataset.alike, { method: "POST", body: new FormData(form), credentials: "same-origin" });
    // An older answer must not replace a newer one.
    if (answer.ok && mine === asked) {
      place.innerHTML = await answer.text();
    }
  }

  form.addEventListener("input", (event) => {
    if (event.target.name.startsWith("value_")) {
      clearTimeout(waiting);
      waiting = setTimeout(search, 500);
    }
  });
})();
