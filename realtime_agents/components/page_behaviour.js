// What the page does without asking the server: keys, following the answer, the composer's draft.
//
//   /            goes to the composer          Enter        sends, Shift+Enter is a new line
//   Esc          closes the passage reader, stops the answer, or puts Talk's composer away
//   Tab          stays within the passage reader while that is open
//   ← → Home End go from tab to tab
//
// The keys of the voice (Space, M) are in voice_bridge.js.
//
// Everything is delegated from the document, as React mounts and unmounts the parts.

(() => {
  if (window.realtimeAgents) return;

  const NEAR_END_PX = 96;
  const away = new WeakSet(); // scrollers that the reader has moved away from their end
  const tops = new WeakMap(); // where each was last: the reader moves it up, what is added moves only its end
  let before = null; // what had the focus before the passage reader opened

  const composer = () => document.getElementById("composer");
  const press = (selector) => {
    const button = document.querySelector(selector);
    if (button) button.click();
    return Boolean(button);
  };

  const fit = (field) => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 200)}px`;
    field.form?.toggleAttribute("data-draft", field.value.trim() !== "");
  };

  // The page is there to type in before its program has taken it over. What is sent that early
  // waits, and never goes out as a form of plain HTML, which would load another page.
  const submit = (form) => {
    if (!form.isConnected) return;
    if (form.hasAttribute("data-ready")) form.requestSubmit();
    else if (!form.hasAttribute("data-waiting")) {
      form.setAttribute("data-waiting", "");
      const timer = setInterval(() => {
        if (form.isConnected && !form.hasAttribute("data-ready")) return;
        clearInterval(timer);
        form.removeAttribute("data-waiting");
        submit(form);
      }, 50);
    }
  };

  const toEnd = (scroller) => {
    scroller.scrollTop = scroller.scrollHeight;
    tops.set(scroller, scroller.scrollTop);
  };

  const followAll = () => {
    for (const scroller of document.querySelectorAll("[data-follow]")) {
      // An invitation is read from its beginning.
      if (!away.has(scroller) && !scroller.querySelector(".invitation")) toEnd(scroller);
    }
  };

  // Talk has its composer folded away on small screens; this brings it out.
  const type = () => {
    document.documentElement.dataset.typing = "";
    composer()?.focus();
  };

  const fold = () => {
    delete document.documentElement.dataset.typing;
    composer()?.blur();
  };

  const stayInReader = (event) => {
    const reader = document.querySelector(".reader");
    const stops = [...(reader?.querySelectorAll("button, a[href], [tabindex='0']") ?? [])];
    if (stops.length === 0) return;
    const [first, last] = [stops[0], stops[stops.length - 1]];
    const inside = reader.contains(document.activeElement);
    if (inside && document.activeElement !== (event.shiftKey ? first : last)) return;
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  };

  const TAB_STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

  const goToTab = (event, tab) => {
    const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
    const step = TAB_STEPS[event.key];
    const at = Number.isFinite(step) ? (tabs.indexOf(tab) + step + tabs.length) % tabs.length : step < 0 ? 0 : tabs.length - 1;
    event.preventDefault();
    tabs[at].focus();
    tabs[at].click();
  };

  let frame = 0;
  const followSoon = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      followAll();
    });
  };

  document.addEventListener(
    "scroll",
    ({ target }) => {
      if (!(target instanceof Element) || !target.hasAttribute("data-follow")) return;
      const { scrollTop } = target;
      const left = target.scrollHeight - target.clientHeight - scrollTop;
      const isUp = scrollTop < (tops.get(target) ?? 0);
      tops.set(target, scrollTop);
      const isAway = left > NEAR_END_PX && (isUp || away.has(target));
      if (isAway) away.add(target);
      else away.delete(target);
      target.parentElement?.toggleAttribute("data-away", isAway);
    },
    { capture: true, passive: true },
  );

  document.addEventListener("input", ({ target }) => {
    if (target === composer()) fit(target);
  });

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    const typing = target instanceof Element && target.closest("input, textarea, select, [contenteditable]");
    if (key === "Enter" && target === composer() && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (target.value.trim()) submit(target.form);
    } else if (key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && composer()) {
      event.preventDefault();
      type();
    } else if (key === "Escape" && !document.querySelector(":popover-open")) {
      if (press("[data-action=close-reader]") || press("[data-action=stop]")) event.preventDefault();
      else if (target === composer()) fold();
    } else if (key === "Tab") {
      stayInReader(event);
    } else if (key in TAB_STEPS && target instanceof Element && target.matches("[role=tab]")) {
      goToTab(event, target);
    }
  });

  document.addEventListener("submit", (event) => {
    if (event.target !== composer()?.form) return;
    event.preventDefault();
    if (!event.target.hasAttribute("data-ready")) submit(event.target);
  });

  document.addEventListener("click", ({ target }) => {
    const jump = target instanceof Element && target.closest("[data-action=jump]");
    const scroller = jump && jump.parentElement.querySelector("[data-follow]");
    if (!scroller) return;
    away.delete(scroller);
    toEnd(scroller);
  });

  new MutationObserver(followSoon).observe(document.body, { childList: true, subtree: true, characterData: true });
  window.addEventListener("resize", followSoon, { passive: true });

  window.realtimeAgents = {
    type,
    // The session took the message: the draft goes, unless something else was typed meanwhile.
    sent(text) {
      const field = composer();
      if (field && field.value.trim() === text) {
        field.value = "";
        fit(field);
      }
      for (const scroller of document.querySelectorAll("[data-follow]")) away.delete(scroller);
      followSoon();
    },
    readerOpened() {
      before = document.activeElement;
      document.querySelector("[data-action=close-reader]")?.focus();
    },
    readerClosed() {
      before?.focus?.();
      before = null;
    },
  };
})();
