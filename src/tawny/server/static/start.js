// The scripts of the page, in their order, once it is painted: nothing they do is seen before, and the
// browser paints sooner when it does not read them first. Pages work without them until then.
"use strict";

{
  const { scripts } = document.currentScript.dataset;
  let begun = false;
  // What is chosen before anybody listens is told once they do.
  const early = new Set();
  const note = (event) => early.add(event.target);
  document.addEventListener("change", note);
  const begin = () => {
    if (begun) return;
    begun = true;
    let script;
    for (const src of scripts.split(" ")) {
      script = document.createElement("script");
      script.src = src;
      script.async = false;
      document.head.append(script);
    }
    // For those who drive a browser by program: from here on the page does all that it can.
    script.addEventListener("load", () => setTimeout(() => {
      document.removeEventListener("change", note);
      for (const field of early) field.dispatchEvent(new Event("change", { bubbles: true }));
      document.documentElement.dataset.scripts = "ready";
    }));
  };
  if (PerformanceObserver.supportedEntryTypes?.includes("paint")) {
    new PerformanceObserver(begin).observe({ type: "paint", buffered: true });
  }
  setTimeout(begin, 500); // a page in a tab behind is not painted, and is told of news too
}
