// Draws loudness: a CSS variable, --level from 0 to 1, on one element, once per frame. No React.

import { useEffect } from "react";
import { engine } from "./voice_engine.js";

const RISE = 0.5;
const FALL = 0.12;

// `pick(levels)` chooses from {mic, out}; drawing stops while `active` is false.
export function useLevel(element, active, pick) {
  useEffect(() => {
    const target = element.current;
    if (!active || !target) return undefined;
    let level = 0;
    let frame = 0;
    const draw = () => {
      const next = pick(engine.levels());
      level += (next - level) * (next > level ? RISE : FALL);
      target.style.setProperty("--level", level.toFixed(3));
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      target.style.removeProperty("--level");
    };
  }, [element, active, pick]);
}

export const micLevel = ({ mic }) => mic;
export const louder = ({ mic, out }) => Math.max(mic, out);
export const outLevel = ({ out }) => out;
