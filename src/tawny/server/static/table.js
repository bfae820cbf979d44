// Definitions of columns: shown while a header is pointed at or has the focus, gone with Escape.
"use strict";

(() => {
  let shown = null;
  const hide = () => { shown?.remove(); shown = null; };
  const show = (head) => {
    hide();
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
    const place = head.getBoundingClientRect();
    const left = Math.max(12, Math.min(place.left, innerWidth - shown.offsetWidth - 12));
    const below = place.bottom + 6;
    const fits = below + shown.offsetHeight < innerHeight;
    shown.style.left = `${left}px`;
    shown.style.top = `${fits ? below : Math.max(12, place.top - shown.offsetHeight - 6)}px`;
  };
  const head = (event) => event.target.closest?.(".column-head");
  document.addEventListener("mouseover", (event) => { const on = head(event); if (on) show(on); });
  document.addEventListener("mouseout", (event) => { if (head(event)) hide(); });
  document.addEventListener("focusin", (event) => { const on = head(event); if (on) show(on); });
  document.addEventListener("focusout", (event) => { if (head(event)) hide(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("scroll", hide, true);
})();
