// What the page shows of the voice. The truth about microphone and speaker is here, in the browser:
// a button that says "muted" must not wait for a server.
//
// Facts change a few times per turn and re-render who reads them. Words being spoken change often,
// so each turn has listeners of its own. Levels are not here at all: who draws them asks the engine.

import { useCallback, useSyncExternalStore } from "react";

const KEPT_AS = "realtime-agents-voice";
const KEPT = ["mode", "mic", "speaker", "captions"];
export const MODES = ["server_vad", "semantic_vad", "push_to_talk"];

let facts = {
  phase: "off", // off, starting, on, waiting (for the connection to come back)
  mode: "server_vad",
  muted: false,
  held: false, // push to talk: pressed
  hearing: false, // the server hears the person speak
  saying: "", // id of the item that is played
  problem: "", // what went wrong and what to do
  notice: "", // something to know
  mics: [],
  speakers: [],
  mic: "", // chosen device; empty is the system's own choice
  speaker: "",
  speakerChoice: false, // this browser can choose
  captions: 1, // size, 0 to 2
};
const initial = facts;
const listeners = new Set();
const PASSING_MS = 8000;
let passing = 0;

export const getFacts = () => facts;

export function setFacts(patch) {
  const changed = Object.keys(patch).filter((name) => facts[name] !== patch[name]);
  if (changed.length === 0) return;
  facts = { ...facts, ...patch };
  if (changed.some((name) => KEPT.includes(name))) keep();
  for (const listener of [...listeners]) listener(facts);
}

// A notice that is true for a moment only: it goes by itself, after the last time it was said.
export function setPassingNotice(notice) {
  setFacts({ notice });
  clearTimeout(passing);
  passing = setTimeout(() => facts.notice === notice && setFacts({ notice: "" }), PASSING_MS);
}

export function onFacts(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useFacts() {
  return useSyncExternalStore(onFacts, getFacts, () => initial);
}

function keep() {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(Object.fromEntries(KEPT.map((name) => [name, facts[name]]))));
  } catch {
    // Private windows may refuse: the choices then last as long as the page.
  }
}

export function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT_AS)) ?? {};
    setFacts({
      mode: MODES.includes(kept.mode) ? kept.mode : facts.mode,
      mic: typeof kept.mic === "string" ? kept.mic : "",
      speaker: typeof kept.speaker === "string" ? kept.speaker : "",
      captions: [0, 1, 2].includes(kept.captions) ? kept.captions : facts.captions,
    });
  } catch {
    // Nothing kept, or not ours.
  }
}

// Turns that are spoken: how many of their words were said so far.
const spoken = new Map(); // item id -> {words, open}
const turnListeners = new Map(); // item id -> Set
const SPOKEN_MAX = 50;

// A row gets another id than its item when a server counts anew: "item_7_1a2b3c4d" is item_7.
const itemOf = (turn) => (turn && !spoken.has(turn) ? turn.replace(/_[0-9a-f]{8}$/, "") : turn);

export function setSpoken(id, words, open) {
  const known = spoken.get(id);
  if (known && known.words === words && known.open === open) return;
  spoken.delete(id);
  spoken.set(id, { words, open });
  if (spoken.size > SPOKEN_MAX) spoken.delete(spoken.keys().next().value);
  for (const listener of turnListeners.get(id) ?? []) listener();
}

// Words said of a turn that is still being spoken; Infinity for every other turn.
export function wordsSaid(turn) {
  const entry = spoken.get(itemOf(turn));
  return entry?.open ? entry.words : Infinity;
}

const isOpen = (turn) => Boolean(turn) && wordsSaid(turn) !== Infinity;
export const isSaying = (turn) => Boolean(turn) && facts.saying !== "" && itemOf(turn) === facts.saying;

export function onSpoken(turn, listener) {
  const ids = [turn, turn.replace(/_[0-9a-f]{8}$/, "")];
  for (const id of ids) {
    if (!turnListeners.has(id)) turnListeners.set(id, new Set());
    turnListeners.get(id).add(listener);
  }
  return () => {
    for (const id of ids) {
      turnListeners.get(id)?.delete(listener);
      if (turnListeners.get(id)?.size === 0) turnListeners.delete(id);
    }
  };
}

// Whether a turn is being spoken; renders again when that changes, not with every word.
export function useOpen(turn) {
  const subscribe = useCallback((listener) => (turn ? onSpoken(turn, listener) : () => {}), [turn]);
  return useSyncExternalStore(subscribe, () => isOpen(turn), () => false);
}
