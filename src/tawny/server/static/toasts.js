// What is told of a run that came to an end, in a corner of the page.
"use strict";

(() => {
  const toasts = document.getElementById("toasts");
  const bell = document.getElementById("bell");

  // A few at a time, so that they never bury the page: the bell lists them all. What is ready leaves
  // by itself, what failed stays until it is put away.
  const narrow = matchMedia("(max-width: 40rem)");
  let left = 0;

  function toast(change) {
    const box = document.createElement("div");
    box.className = `toast ${change.state}`;
    if (change.state === "failed") box.setAttribute("role", "alert");
    const text = document.createElement("p");
    text.textContent = `${change.text} `;
    const link = document.createElement("a");
    link.href = change.url;
    link.textContent = toasts.dataset.open;
    text.append(link);
    if (change.file) {
      const file = document.createElement("a");
      file.href = change.file;
      file.download = "";
      file.textContent = toasts.dataset.download;
      text.append(" · ", file);
    }
    const close = button(toasts.dataset.dismiss, "×");
    close.addEventListener("click", () => {
      const next = box.nextElementSibling ?? box.previousElementSibling;
      box.remove();
      (next?.querySelector("button") ?? document.getElementById("main")).focus();
    });
    box.append(text, close);
    toasts.append(box);
    makeRoom();
    const leave = () => {
      // Not while somebody reads it or is about to press something in it.
      if (box.matches(":hover, :focus-within")) setTimeout(leave, 3000);
      else box.remove();
    };
    if (change.state !== "failed") setTimeout(leave, 10000);
  }

  function button(label, sign) {
    const made = document.createElement("button");
    made.className = "quiet small icon-button";
    made.type = "button";
    made.setAttribute("aria-label", label);
    made.textContent = sign;
    return made;
  }

  // The oldest that is ready goes first, then the oldest; how many went is said in one line.
  function makeRoom() {
    const most = narrow.matches ? 1 : 3;
    const shown = () => [...toasts.querySelectorAll(".toast")];
    while (shown().length > most) {
      const others = shown().slice(0, -1);
      (others.find((one) => !one.matches(".failed")) ?? others[0]).remove();
      left += 1;
    }
    if (!left) return;
    let more = document.getElementById("more-toasts");
    if (!more) {
      more = document.createElement("button");
      more.type = "button";
      more.id = "more-toasts";
      more.className = "small";
      more.addEventListener("click", (event) => {
        event.stopPropagation(); // a press outside of a menu closes it
        bell.open = true;
        bell.querySelector("summary").focus();
      });
      toasts.prepend(more);
    }
    more.textContent = toasts.dataset.more.replace("#", String(left));
  }

  // With the last of them the line goes too, and the count begins anew.
  new MutationObserver(() => {
    if (toasts.querySelector(".toast")) return;
    left = 0;
    document.getElementById("more-toasts")?.remove();
  }).observe(toasts, { childList: true });
  toasts.addEventListener("news", (event) => toast(event.detail));
})();
