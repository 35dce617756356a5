// The keys of the review queue. Every key presses a button or a link that is on the page, so that nothing works by key alone.
(() => {
  "use strict";

  const writes = (target) =>
    target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName));

  let answered = new WeakSet();
  window.addEventListener("pageshow", () => {
    answered = new WeakSet();
  });

  const press = (key) => {
    const control = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (control === null) return false;
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
    if (press(event.key)) event.preventDefault();
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
