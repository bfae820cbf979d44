// The list of exports beside the columns: the one that is shown is in sight and marked, and none is
// while the columns of all of them are searched.
"use strict";

(() => {
  const types = document.getElementById("dictionary-types");
  const shown = types.querySelector("[aria-current]");
  const strip = () => { types.scrollLeft = shown ? shown.offsetLeft - types.offsetLeft - 16 : 0; };
  strip();
  document.getElementById("dictionary-search").addEventListener("input", (event) => {
    if (event.target.value.trim()) shown?.removeAttribute("aria-current");
    else shown?.setAttribute("aria-current", "page");
  });
})();
