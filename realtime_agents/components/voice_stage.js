// Talk's orb and captions.

import { createElement as h, memo, useCallback, useEffect, useLayoutEffect, useRef } from "react";
import { AnswerText } from "./answer_text.js";
import { micLevel, outLevel, useLevel } from "./voice_level.js";
import { isSaying, useFacts, useOpen } from "./voice_store.js";
import { INVITATION, voiceActivity, voiceStatus } from "./voice_words.js";

const HANDS_OFF_MS = 4000; // after the reader scrolled, the captions do not move by themselves

// The orb breathes with whoever speaks: the microphone while it listens, the loudspeaker while it answers.
export const VoiceOrb = memo(function VoiceOrb({ activity, phase, status, agent }) {
  const facts = useFacts();
  const frame = useRef(null);
  const on = facts.phase !== "off";
  const shown = on ? voiceActivity(facts, activity) : activity;
  useLevel(frame, on, shown === "speaking" ? outLevel : micLevel);
  return h(
    "div",
    { ref: frame, className: "orb-frame", "data-testid": "orb", "data-activity": shown, "data-phase": phase, "data-voice": facts.phase },
    h("div", { className: "orb", "aria-hidden": true }, h("i", null), h("i", null), h("b", null)),
    h("p", { className: "orb-status" }, on ? voiceStatus(facts, agent, activity, phase) : phase === "new" ? INVITATION : status),
  );
});

// What Talk shows in large letters: the item that is heard; else the answer that is written; else the
// question that waits for one; else the last answer.
function pick(rows, live, last) {
  const answers = rows.filter((row) => row.role === "agent" && row.text);
  const heard = answers.find((row) => isSaying(row.key));
  if (heard) return heard;
  if (live.key) return live;
  if (answers.length) return answers[answers.length - 1];
  const asked = rows.find((row) => row.role === "user");
  if (asked) return { ...asked, asked: true };
  return last;
}

export const VoiceCaption = memo(function VoiceCaption({ rows, liveId, liveText, lastId, lastText, invitation, onCite }) {
  useFacts(); // another item may be heard
  const frame = useRef(null);
  const touched = useRef(-Infinity);
  const shown = pick(
    rows ?? [],
    { key: liveId, text: liveText, live: true },
    { key: lastId, text: lastText },
  );
  const handler = useRef(onCite);
  handler.current = onCite;
  const cite = useCallback((n) => handler.current?.(shown.key, n), [shown.key]);
  useEffect(() => keepInView(frame.current, touched), []);
  const spoken = useOpen(shown.key) && !(shown.heard_chars >= 0);
  useLayoutEffect(() => {
    if (spoken) frame.current.scrollTop = 0;
  }, [spoken, shown.key]);
  if (!shown.text && !shown.asked) {
    return h("div", { ref: frame, className: "caption-frame" }, h("p", { className: "caption" }, invitation));
  }
  return h(
    "div",
    { ref: frame, className: "caption-frame", tabIndex: 0, role: "region", "aria-label": "Captions", ...(spoken ? {} : { "data-follow": "" }) },
    shown.asked
      ? h("p", { className: "caption caption-asked", "data-testid": "caption-asked" }, shown.text || "…")
      : h(
          "div",
          {
            className: shown.live && !spoken ? "caption answer-live" : "caption",
            "data-testid": shown.live ? "live-text" : "caption",
            "data-spoken": spoken || undefined,
          },
          h(AnswerText, { text: shown.text, turn: shown.key, heardChars: shown.heard_chars ?? -1, onCite: cite }),
        ),
  );
});

// Scrolls the word that lights up into the middle, unless the reader holds the text.
function keepInView(frame, touched) {
  const touch = () => {
    touched.current = performance.now();
  };
  const lit = ({ detail }) => {
    if (performance.now() - touched.current < HANDS_OFF_MS) return;
    const middle = detail.getBoundingClientRect().top - frame.getBoundingClientRect().top + frame.scrollTop;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    frame.scrollTo({ top: middle - frame.clientHeight / 2, behavior: calm ? "auto" : "smooth" });
  };
  frame.addEventListener("wheel", touch, { passive: true });
  frame.addEventListener("touchmove", touch, { passive: true });
  frame.addEventListener("wordlit", lit);
  return () => {
    frame.removeEventListener("wheel", touch);
    frame.removeEventListener("touchmove", touch);
    frame.removeEventListener("wordlit", lit);
  };
}
