// The buttons of the voice: talk, mute, devices, size of the captions, stop; and what it has to say.

import { createElement as h, memo, useEffect, useRef, useState } from "react";
import { CaseSensitive, CircleAlert, Headphones, Info, Keyboard, Mic, MicOff, Square, X } from "lucide-react";
import { engine } from "./voice_engine.js";
import { micLevel, useLevel } from "./voice_level.js";
import { MENU_ID, anchorMenu } from "./voice_menu.js";
import { setFacts, useFacts } from "./voice_store.js";
import { announcement } from "./voice_words.js";

function button({ icon, label, title = label, words, size = 20, fill = "none", ...rest }) {
  const face = h("button", { type: "button", "aria-label": label, title, ...rest }, h(icon, { size, fill, "aria-hidden": true }));
  return words === undefined ? face : h("span", { className: "control" }, face, h("span", { className: "control-words", "aria-hidden": true }, words));
}

// What the talk button is for, by what the voice does.
function talkRole({ phase, mode, held }) {
  if (phase === "off") return { icon: Mic, label: "Start talking", words: "Talk" };
  if (phase === "starting") return { icon: Mic, label: "Cancel", words: "Starting…" };
  if (mode === "push_to_talk") return { icon: Mic, label: "Hold to talk", words: held ? "Listening" : "Hold", holds: true };
  return { icon: X, label: "End voice", words: "End voice" };
}

// Starts the voice; then it is held down to talk, or ends the voice where nobody has to hold anything.
export const TalkButton = memo(function TalkButton({ large }) {
  const facts = useFacts();
  const frame = useRef(null);
  useLevel(frame, facts.phase === "on" && !facts.muted, micLevel);
  const role = talkRole(facts);
  const held = useRef(false);
  const press = (event) => {
    if (!role.holds || event.button > 0) return;
    held.current = true;
    event.currentTarget.setPointerCapture?.(event.pointerId);
    engine.hold(true);
  };
  const release = () => {
    if (!held.current) return;
    held.current = false;
    engine.hold(false);
  };
  const key = (event) => {
    if (!role.holds || (event.key !== " " && event.key !== "Enter")) return;
    event.preventDefault();
    if (event.type === "keydown" && !event.repeat) engine.hold(true);
    if (event.type === "keyup") engine.hold(false);
  };
  return h(
    "span",
    { className: large ? "control" : "talk-frame" },
    h(
      "button",
      {
        ref: frame,
        type: "button",
        className: large ? "talk talk-large" : "talk",
        "data-testid": large ? "talk" : "mic",
        "data-voice": facts.phase,
        "data-mode": facts.mode,
        "data-muted": facts.muted,
        "data-held": facts.held,
        "aria-label": role.label,
        "aria-pressed": role.holds ? facts.held : undefined,
        title: role.holds ? "Hold to talk (Space)" : role.label,
        onClick: () => {
          if (facts.phase === "off") engine.start();
          else if (!role.holds) engine.end();
        },
        onPointerDown: press,
        onPointerUp: release,
        onPointerCancel: release,
        onLostPointerCapture: release,
        onContextMenu: (event) => role.holds && event.preventDefault(),
        onKeyDown: key,
        onKeyUp: key,
      },
      h(role.icon, { size: large ? 28 : 20, "aria-hidden": true }),
    ),
    large && h("span", { className: "control-words", "aria-hidden": true }, role.words),
  );
});

export const MuteButton = memo(function MuteButton({ className, labelled }) {
  const { phase, muted } = useFacts();
  if (phase === "off" || phase === "starting") return null;
  return button({
    icon: muted ? MicOff : Mic,
    label: muted ? "Turn the microphone on" : "Turn the microphone off",
    title: muted ? "Unmute (M)" : "Mute (M)",
    words: labelled ? (muted ? "Unmute" : "Mute") : undefined,
    className,
    "data-testid": labelled ? "talk-mute" : "mute",
    "data-muted": muted,
    "aria-pressed": muted,
    onClick: () => engine.setMuted(!muted),
  });
});

export const DevicesButton = memo(function DevicesButton({ className, labelled }) {
  return button({
    icon: Headphones,
    label: "Microphone, speaker and how to take turns",
    title: "Devices",
    words: labelled ? "Devices" : undefined,
    className,
    "data-testid": labelled ? "talk-devices" : "devices",
    popoverTarget: MENU_ID,
    onClick: (event) => {
      anchorMenu(event);
      engine.refreshDevices();
    },
  });
});

const SIZES = ["Small captions", "Medium captions", "Large captions"];

function CaptionsButton() {
  const { captions } = useFacts();
  useEffect(() => {
    document.documentElement.dataset.captions = captions;
  }, [captions]);
  return button({
    icon: CaseSensitive,
    size: 24,
    label: `Size of the captions: ${SIZES[captions].toLowerCase()}`,
    title: SIZES[captions],
    words: "Text size",
    className: "round round-large",
    "data-testid": "captions",
    "data-size": captions,
    onClick: () => setFacts({ captions: (captions + 1) % SIZES.length }),
  });
}

function TypeButton() {
  return button({
    icon: Keyboard,
    label: "Type a message",
    title: "Type (/)",
    words: "Type",
    className: "round round-large",
    "data-testid": "type",
    onClick: () => window.realtimeAgents?.type(),
  });
}

function EndButton() {
  return button({
    icon: X,
    label: "End voice",
    words: "End voice",
    className: "round round-large",
    "data-testid": "end-voice",
    onClick: () => engine.end(),
  });
}

// Talk's row. Five places, so that the large button stays in the middle.
export const TalkControls = memo(function TalkControls({ activity, onStop }) {
  const facts = useFacts();
  const on = facts.phase === "on" || facts.phase === "waiting";
  const busy = Boolean(facts.saying) || activity === "speaking" || activity === "thinking";
  const second = on && facts.mode === "push_to_talk" ? EndButton : MuteButton;
  return h(
    "div",
    { className: "controls", role: "group", "aria-label": "Voice" },
    on ? h(second, { className: "round round-large", labelled: true }) : h(TypeButton),
    h(DevicesButton, { className: "round round-large", labelled: true }),
    h(TalkButton, { large: true }),
    h(CaptionsButton),
    button({
      icon: Square,
      size: 18,
      fill: "currentColor",
      label: "Stop the answer",
      title: "Stop (Esc)",
      words: "Stop",
      className: "round round-large round-end",
      "data-testid": "stop-talking",
      disabled: !busy,
      onClick: () => {
        engine.interrupt();
        onStop?.();
      },
    }),
  );
});

// What went wrong, or is worth knowing, about the sound.
export const VoiceNotice = memo(function VoiceNotice() {
  const { problem, notice } = useFacts();
  if (problem) {
    return h(
      "div",
      { className: "notice notice-bad", role: "alert", "data-testid": "voice-problem" },
      h(CircleAlert, { size: 18, "aria-hidden": true }),
      h("span", null, problem),
      button({ icon: X, size: 16, label: "Dismiss", className: "icon-button", onClick: () => setFacts({ problem: "" }) }),
    );
  }
  // The region is there before its words: screen readers tell of what changes in it.
  return h(
    "div",
    { role: "status" },
    notice && h("div", { className: "notice", "data-testid": "voice-notice" }, h(Info, { size: 18, "aria-hidden": true }), h("span", null, notice)),
  );
});

// On the pages without a conversation: that the voice is on, and a way to silence the microphone.
export const VoiceChip = memo(function VoiceChip() {
  const { phase, muted } = useFacts();
  if (phase === "off") return null;
  return h(
    "button",
    {
      type: "button",
      className: "voice-chip",
      "data-testid": "voice-chip",
      "data-muted": muted,
      "aria-pressed": muted,
      title: muted ? "Turn the microphone on (M)" : "Turn the microphone off (M)",
      onClick: () => engine.setMuted(!muted),
    },
    h(muted ? MicOff : Mic, { size: 15, "aria-hidden": true }),
    muted ? "Microphone off" : "Microphone on",
  );
});

// Polite and short; said only when it changed and stayed so for a moment.
const SETTLED_MS = 400;

export const VoiceAnnouncer = memo(function VoiceAnnouncer({ activity, status }) {
  const facts = useFacts();
  const now = facts.phase === "off" ? status : announcement(facts, activity);
  const [said, say] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => say(now), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [now]);
  return h("div", { role: "status", "aria-live": "polite", className: "unseen", "data-testid": "announcer" }, said);
});
