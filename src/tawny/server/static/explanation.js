// A cell of a result is explained in a panel beside the table: by a click on the cell, or by the
// link of its row, which without this script leads to a page of its own.
"use strict";

(() => {
  let opener = null, title = null;
  const panel = () => document.getElementById("explanation");
  function mark(cell) {
    document.querySelector("td.explained-cell")?.classList.remove("explained-cell");
    cell?.classList.add("explained-cell");
  }
  function close() {
    const open = panel();
    if (!open || open.hidden) return;
    open.hidden = true;
    open.replaceChildren();
    mark(null);
    if (opener?.isConnected) opener.focus();
  }
  function open(link, cell, column) {
    const address = new URL(link.href);
    if (column) address.searchParams.set("column", column);
    opener = link;
    mark(cell);
    const place = panel();
    place.hidden = false;
    place.setAttribute("aria-busy", "true");
    htmx.ajax("GET", address.pathname + address.search, { target: place, swap: "innerHTML" });
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-explanation]")) return close();
    const row = event.target.closest?.("#rows tr[data-row]");
    const link = row?.querySelector("a.explain");
    if (!link || event.target.closest("a:not(.explain)") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const cell = event.target.closest("td");
    if (event.target.closest("a.explain")) event.preventDefault();
    // Who marks a text to copy it has asked for nothing.
    else if (!cell || !getSelection().isCollapsed) return;
    open(link, cell.dataset.why === undefined ? cell : null, columnOf(cell));
  });
  function columnOf(cell) {
    return cell.closest("table").tHead.rows[0].cells[cell.cellIndex].dataset.column;
  }
  // An explanation has arrived, the first or by a link in the panel; other parts come and go, too.
  document.addEventListener("htmx:after:swap", () => {
    const arrived = document.querySelector("aside#explanation:not([hidden]) #explanation-title");
    if (!arrived || arrived === title) return;
    title = arrived;
    panel().removeAttribute("aria-busy");
    title.focus();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
})();
