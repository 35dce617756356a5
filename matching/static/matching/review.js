// The keys of the review queue. Every key presses a button or a link that is on the page, so that nothing works by key alone.
(() => {
  "use strict";

  const writes = (target) =>
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      (/^(input|textarea|select)$/i.test(target.tagName) && !/^(radio|checkbox|button|submit)$/i.test(target.type)));

  let answered = new WeakSet();
  window.addEventListener("pageshow", () => {
    answered = new WeakSet();
  });

  // --- marks: which golden records of a question are the same, and which are not ---

  const marks = () => [...document.querySelectorAll(".mdm-mark input:checked")].filter((each) => each.value !== "");

  const settled = () => {
    const some = marks().length > 0;
    for (const key of ["s", "d", "u"]) {
      const control = document.querySelector(`.mdm-decide [data-key="${key}"]`);
      if (control !== null && document.querySelector(".mdm-mark") !== null) control.disabled = some;
    }
    const marked = document.querySelector(".mdm-answer-marked");
    if (marked !== null) marked.disabled = !some;
    for (const link of document.querySelectorAll(".mdm-compare-with")) {
      const address = new URL(link.href);
      for (const name of [...address.searchParams.keys()]) if (name.startsWith("mark-")) address.searchParams.delete(name);
      for (const each of marks()) address.searchParams.set(each.name, each.value);
      link.href = address.href;
    }
  };

  let asked = 0;
  const foresee = async () => {
    const section = document.getElementById("preview");
    if (section === null) return;
    const mine = (asked += 1);
    const parameters = new URLSearchParams(marks().map((each) => [each.name, each.value]));
    section.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${section.dataset.preview}?${parameters}`, { credentials: "same-origin" });
      const text = await answer.text();
      // Another mark may have been set meanwhile: the last one asked for is shown, whichever comes last.
      if (mine === asked && answer.ok) section.innerHTML = text;
    } finally {
      if (mine === asked) section.removeAttribute("aria-busy");
    }
  };

  const changed = () => {
    settled();
    foresee();
  };

  const toggle = (key) => {
    const column = document.querySelector(`.mdm-mark[data-column="${CSS.escape(key)}"]`);
    if (column === null) return false;
    const inputs = [...column.querySelectorAll("input")];
    const next = inputs[(inputs.findIndex((each) => each.checked) + 1) % inputs.length];
    next.checked = true;
    changed();
    return true;
  };

  const clear = () => {
    if (marks().length === 0) return false;
    for (const each of document.querySelectorAll('.mdm-mark input[value=""]')) each.checked = true;
    changed();
    return true;
  };

  document.addEventListener("change", (event) => {
    if (event.target.closest?.(".mdm-mark")) changed();
  });
  document.addEventListener("DOMContentLoaded", settled);
  window.addEventListener("pageshow", settled);

  const press = (key) => {
    const control = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (control === null || control.disabled) return false;
    control.click();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const dialog = document.getElementById("mdm-help");
    if (dialog?.open) {
      if (event.key === "?") dialog.close();
      return;
    }
    if (writes(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.repeat) return;
    if (event.key === "c") {
      const comment = document.getElementById("comment");
      if (comment !== null) {
        event.preventDefault();
        comment.focus();
      }
      return;
    }
    if (event.key === "Escape" ? clear() : toggle(event.key) || press(event.key)) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.(".mdm-help-open")) document.getElementById("mdm-help")?.showModal();
  });

  // A second press before the next page is there must not answer the next question.
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    if (answered.has(event.target)) event.preventDefault();
    answered.add(event.target);
  });

})();
