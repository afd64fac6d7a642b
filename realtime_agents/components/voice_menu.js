// The device menu: microphone with its level, speaker, how to take turns, recording.

import { createElement as h, memo, useEffect, useId, useRef, useState } from "react";
import { ChevronDown } from "lucide-react";
import { engine } from "./voice_engine.js";
import { micLevel, useLevel } from "./voice_level.js";
import { MODES, useFacts } from "./voice_store.js";
import { MODE_WORDS } from "./voice_words.js";

export const MENU_ID = "voice-menu";
const GAP_PX = 10;

let anchor = null; // the button the menu was opened from
let byPointer = false;

export function anchorMenu({ currentTarget, detail }) {
  anchor = currentTarget;
  byPointer = detail > 0;
}

// When the menu closes, the focus goes back to its button. Who did not come by keyboard has no use for
// it there: the next press of the space bar is meant for talking.
export const wasClicked = (element) => byPointer && element === anchor;

function leaveAnchor() {
  if (wasClicked(document.activeElement)) anchor.blur();
  byPointer = false;
}

// Above the button, inside the window. On a phone the style sheet makes it a sheet at the bottom.
function place(menu) {
  if (!anchor?.isConnected) return;
  const at = anchor.getBoundingClientRect();
  const left = Math.max(GAP_PX, Math.min(innerWidth - menu.offsetWidth - GAP_PX, at.left + at.width / 2 - menu.offsetWidth / 2));
  menu.style.left = `${left}px`;
  menu.style.bottom = `${Math.max(GAP_PX, innerHeight - at.top + GAP_PX)}px`;
  menu.style.maxHeight = `${Math.max(200, at.top - 2 * GAP_PX)}px`;
}

function Choice({ label, value, options, fallback, onChange, testId, children }) {
  const id = useId();
  const known = !value || options.some((option) => option.id === value);
  return h(
    "div",
    { className: "menu-field" },
    h("label", { htmlFor: id, className: "label" }, label),
    h(
      "span",
      { className: "select-frame" },
      h(
        "select",
        { id, className: "select", "data-testid": testId, value: known ? value : "", onChange: ({ target }) => onChange(target.value) },
        h("option", { value: "" }, fallback),
        options.map((option) => h("option", { key: option.id, value: option.id }, option.label)),
      ),
      h(ChevronDown, { size: 15, "aria-hidden": true }),
    ),
    children,
  );
}

function Meter({ active }) {
  const bar = useRef(null);
  useLevel(bar, active, micLevel);
  return h("span", { ref: bar, className: "meter", "data-active": active, "data-testid": "meter", role: "img", "aria-label": "Level of the microphone" });
}

function Turns({ mode }) {
  const name = useId();
  return h(
    "fieldset",
    { className: "menu-field turns" },
    h("legend", { className: "label" }, "Taking turns"),
    MODES.map((value) => {
      const [title, about] = MODE_WORDS[value];
      return h(
        "label",
        { key: value, className: "turns-choice" },
        h("input", { type: "radio", name, value, checked: mode === value, "data-testid": `mode-${value}`, onChange: () => engine.setMode(value) }),
        h("span", null, h("b", null, title), h("small", null, about)),
      );
    }),
  );
}

function Recording({ recording, possible, onRecord }) {
  return h(
    "label",
    { className: "menu-field switch" },
    h("span", null, h("b", null, "Record this conversation"), h("small", null, possible ? "Both sides, as one sound file in History." : "Start a conversation first.")),
    h("input", { type: "checkbox", role: "switch", checked: recording, disabled: !possible, "data-testid": "record", onChange: ({ target }) => onRecord(target.checked) }),
  );
}

export const VoiceMenu = memo(function VoiceMenu({ recording, recordable, onRecord }) {
  const facts = useFacts();
  const menu = useRef(null);
  const [open, setOpen] = useState(false);
  const live = facts.phase === "on" && !facts.muted;
  useEffect(() => {
    if (!open) return undefined;
    const again = () => place(menu.current);
    again();
    addEventListener("resize", again);
    return () => removeEventListener("resize", again);
  }, [open]);
  return h(
    "div",
    {
      ref: menu,
      id: MENU_ID,
      popover: "auto",
      className: "voice-menu",
      role: "dialog",
      "aria-label": "Voice settings",
      onToggle: ({ newState }) => {
        setOpen(newState === "open");
        if (newState !== "open") leaveAnchor();
      },
    },
    h(
      Choice,
      { label: "Microphone", value: facts.mic, options: facts.mics, fallback: "The system's microphone", testId: "microphone", onChange: (id) => engine.setMicrophone(id) },
      h(Meter, { active: open && live }),
      !live && h("small", { className: "quiet" }, facts.muted ? "The microphone is off." : "Start talking to see its level."),
    ),
    facts.speakerChoice || facts.phase === "off"
      ? h(Choice, { label: "Speaker", value: facts.speaker, options: facts.speakers, fallback: "The system's speaker", testId: "speaker", onChange: (id) => engine.setSpeaker(id) })
      : h("p", { className: "quiet menu-field" }, "This browser plays on the system's speaker."),
    h(Turns, { mode: facts.mode }),
    h(Recording, { recording: Boolean(recording), possible: Boolean(recordable), onRecord }),
  );
});
