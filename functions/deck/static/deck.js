// SPDX-License-Identifier: Apache-2.0

// Brings the page up to date by fetching it again and putting its new content
// in the place of the old, so that scrolling, open parts and the keyboard's
// focus stay. Without scripts, the page reloads as a whole.
"use strict";
(() => {
  const main = document.getElementById("content");
  const live = document.getElementById("live");
  const pause = document.getElementById("pause");
  let paused = false;
  let timer;

  const busy = () => main.contains(document.activeElement) && document.activeElement.matches("input, select") ||
    String(getSelection()) !== "";

  const replace = (fresh) => {
    const opened = new Map([...main.querySelectorAll("details[id]")].map((d) => [d.id, d.open]));
    const scrolled = new Map([...main.querySelectorAll("pre[aria-label]")].map((p) => [p.getAttribute("aria-label"),
      { top: p.scrollTop, end: p.scrollHeight - p.scrollTop - p.clientHeight < 8 }]));
    main.replaceChildren(...fresh.childNodes);
    for (const d of main.querySelectorAll("details[id]")) if (opened.has(d.id)) d.open = opened.get(d.id);
    for (const p of main.querySelectorAll("pre[aria-label]")) {
      const before = scrolled.get(p.getAttribute("aria-label"));
      if (before) p.scrollTop = before.end ? p.scrollHeight : before.top; // a log that was followed is followed on
    }
  };

  const again = () => {
    clearTimeout(timer);
    const seconds = Number(document.body.dataset.refresh);
    if (!seconds) live.hidden = true;
    else if (!paused) timer = setTimeout(update, seconds * 1000);
  };

  const update = async () => {
    try {
      if (!document.hidden && !busy()) {
        const answer = await fetch(location.href, { cache: "no-store" });
        if (answer.ok) {
          const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
          const content = fresh.getElementById("content");
          if (content && content.innerHTML !== main.innerHTML) replace(content);
          document.title = fresh.title;
          document.body.dataset.refresh = fresh.body.dataset.refresh || "";
        }
      }
    } catch { /* deck is away for a moment; the next time will tell */ }
    again();
  };

  live.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "go on" : "pause";
    live.classList.toggle("paused", paused);
    if (paused) clearTimeout(timer); else update();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !paused) { clearTimeout(timer); update(); } });
  again();
})();
