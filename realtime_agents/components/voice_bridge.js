// Ties the voice to the page: asks the server for tickets, tells it what the voice does, and listens
// to the keys.
//
//   Space  start, then hold to talk      M  microphone off and on      Esc  stop what is being said

import { memo, useEffect, useRef } from "react";
import { engine } from "./voice_engine.js";
import { wasClicked } from "./voice_menu.js";
import { getFacts, onFacts } from "./voice_store.js";

const TOLD = ["phase", "mode", "muted", "problem"];
const FIELDS = "input, textarea, select, [contenteditable], [role=dialog], audio";
const PRESSED_BY_SPACE = "button, a, summary, [role=tab]";

const plain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey;
// Who reached a button by keyboard wants to press it; who clicked it wants to talk.
function leavesSpaceAlone(target) {
  if (!(target instanceof Element) || target.closest(FIELDS) || document.querySelector(".reader")) return true;
  const pressed = target.closest(PRESSED_BY_SPACE);
  return Boolean(pressed?.matches(":focus-visible")) && !wasClicked(pressed);
}

const inField = (target) => target instanceof Element && target.closest(FIELDS);

function listenToKeys(canStart) {
  let space = false;
  const release = () => {
    if (space) engine.hold(false);
    space = false;
  };
  const down = (event) => {
    const { key, target } = event;
    if (key === " " && plain(event)) {
      if (leavesSpaceAlone(target)) return;
      const { phase } = getFacts();
      if (phase === "off" && !canStart()) return;
      event.preventDefault();
      if (event.repeat) return;
      target.blur();
      space = true;
      if (phase === "off") engine.start();
      engine.hold(true);
    } else if (key.toLowerCase() === "m" && plain(event) && !inField(target) && !event.repeat) {
      engine.setMuted(!getFacts().muted);
    } else if (key === "Escape" && !event.defaultPrevented && getFacts().saying) {
      engine.interrupt();
    }
  };
  const up = ({ key }) => key === " " && release();
  const hidden = () => document.hidden && release();
  document.addEventListener("keydown", down);
  document.addEventListener("keyup", up);
  document.addEventListener("visibilitychange", hidden);
  addEventListener("blur", release);
  return () => {
    release();
    document.removeEventListener("keydown", down);
    document.removeEventListener("keyup", up);
    document.removeEventListener("visibilitychange", hidden);
    removeEventListener("blur", release);
  };
}

// Not seen; one on every page. `session` is the id of the running conversation.
export const VoiceBridge = memo(function VoiceBridge({ worklets, session, onTicket, onTold }) {
  const page = useRef({});
  page.current = { onTicket, onTold };
  useEffect(() => {
    engine.connectPage({ worklets, askTicket: (opens) => page.current.onTicket(opens) });
    let told = "";
    const tell = (facts) => {
      const now = TOLD.map((name) => facts[name]);
      if (JSON.stringify(now) === told) return;
      told = JSON.stringify(now);
      page.current.onTold(...now);
    };
    const stopTelling = onFacts(tell);
    const composer = document.getElementById("composer");
    if (composer && matchMedia("(pointer: coarse)").matches) composer.placeholder = "Type or talk…";
    const stopKeys = listenToKeys(() => Boolean(document.getElementById("composer")));
    return () => {
      stopTelling();
      stopKeys();
    };
    // Once per page: the addresses never change.
  }, []);
  const before = useRef(session);
  useEffect(() => {
    // The conversation ended or was changed for another: its sound ends with it.
    if (before.current && before.current !== session) engine.end(getFacts().problem);
    before.current = session;
  }, [session]);
  return null;
});
