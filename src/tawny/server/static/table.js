// Definitions of columns: shown while a header is pointed at or has the focus, gone with Escape.
"use strict";

(() => {
  let shown = null, on = null;
  const hide = () => { shown?.remove(); shown = on = null; };
  const show = (head) => {
    hide();
    on = head;
    shown = document.createElement("div");
    shown.className = "definition-pop";
    shown.id = "definition";
    shown.setAttribute("role", "tooltip");
    const text = document.createElement("p");
    text.textContent = head.dataset.definition;
    const sql = document.createElement("code");
    sql.textContent = head.dataset.sql;
    shown.append(text, sql);
    document.body.append(shown);
    head.setAttribute("aria-describedby", "definition");
    place();
  };
  function place() {
    const head = on.getBoundingClientRect();
    const left = Math.max(12, Math.min(head.left, innerWidth - shown.offsetWidth - 12));
    const below = head.bottom + 6;
    const fits = below + shown.offsetHeight < innerHeight;
    shown.style.left = `${left}px`;
    shown.style.top = `${fits ? below : Math.max(12, head.top - shown.offsetHeight - 6)}px`;
  }
  const head = (event) => event.target.closest?.(".column-head");
  document.addEventListener("mouseover", (event) => { const over = head(event); if (over) show(over); });
  document.addEventListener("mouseout", (event) => { if (head(event)) hide(); });
  document.addEventListener("focusin", (event) => { const to = head(event); if (to) show(to); });
  document.addEventListener("focusout", (event) => { if (head(event)) hide(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  // Moving on to a header with Tab scrolls the table: the definition goes along.
  addEventListener("scroll", () => {
    if (!on) return;
    if (on.matches(":hover, :focus")) place();
    else hide();
  }, true);
})();
