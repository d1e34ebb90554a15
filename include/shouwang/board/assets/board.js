// Inside Airflow's page the board follows Airflow's theme, and its language until one is chosen; its links leave the frame.
"use strict";
(() => {
  const root = document.documentElement;
  let outside = null;
  try {
    outside = parent !== window && parent.document;
  } catch {
    outside = null; // framed by another origin: then the browser's own settings hold
  }
  if (!outside) return;

  const follow = () => {
    const names = outside.documentElement.classList;
    const theme = names.contains("dark") ? "dark" : names.contains("light") ? "light" : "";
    if (theme) root.dataset.theme = theme;
  };
  follow();
  new MutationObserver(follow).observe(outside.documentElement, { attributeFilter: ["class"] });

  const here = new URL(location.href);
  const theirs = (localStorage.getItem("i18nextLng") || "").slice(0, 2);
  const known = { zh: "zh-CN", en: "en" };
  if (known[theirs] && known[theirs] !== root.lang && !here.searchParams.has("lang") && !document.cookie.includes("shouwang_language=")) {
    here.searchParams.set("lang", theirs);
    location.replace(here);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-airflow]");
    if (!link) return;
    event.preventDefault();
    const there = outside.createElement("a"); // this frame may not navigate its page; a link of the page itself may
    there.href = link.href;
    if (event.ctrlKey || event.metaKey || event.shiftKey) there.target = "_blank";
    there.click();
  });
})();
