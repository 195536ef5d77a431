// Before anything is painted: the theme that was chosen here before.
"use strict";
(() => {
  let kept = null;
  try { kept = localStorage.getItem("theme"); } catch { return; } // a browser that keeps nothing
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
})();
