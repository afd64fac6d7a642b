// Answers as text: paragraphs, lists, bold, code, links and citation chips, nothing else.
//
// Everything becomes React elements, so words from a model or a document are never markup. Links
// lead to http and https addresses only. Blocks are memoised by their source text: while an answer
// streams in, only its last block is rendered again.
//
// While an answer is spoken each word is an element of its own, and the ones that were said get a
// class without React: words light up several times a second. Of an interrupted answer the words
// that nobody heard are struck through.

import { createElement as h, memo, useCallback, useLayoutEffect, useRef } from "react";
import { countSpoken, countSpokenIn, wordNumbers } from "./spoken_words.js";
import { onSpoken, useOpen, wordsSaid } from "./voice_store.js";

const INLINE = /\*\*(.+?)\*\*|`([^`\n]+)`|\[(\d{1,3})\](?!\()|\[([^\]\n]+)\]\(([^\s()]+)\)/g;
const BULLET = /^\s*[-*•]\s+/;
const NUMBER = /^\s*\d{1,3}[.)]\s+/;
const HEADING = /^#{1,6}\s+/;
const ALL = -1; // words heard: all of them

function safeAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : "";
  } catch {
    return "";
  }
}

// Walks through the words of one block's source while its pieces are rendered.
class Words {
  constructor(source, first, heard) {
    this.numbers = wordNumbers(source, first);
    this.heard = heard;
    this.token = -1;
    this.inside = false;
  }

  // The next piece of a token without space in it; returns the number of its word.
  piece() {
    if (!this.inside) this.token += 1;
    this.inside = true;
    return this.numbers[this.token] ?? Infinity;
  }

  space() {
    this.inside = false;
  }
}

// Marks of a list are not rendered as text, yet they count: "1." is spoken.
function skip(words, text) {
  for (const _token of text.split(/\s+/).filter(Boolean)) {
    words?.piece();
    words?.space();
  }
}

function spokenPieces(text, key, words) {
  return text
    .split(/(\s+)/)
    .filter(Boolean)
    .map((part, i) => {
      if (!part.trim()) {
        words.space();
        return part;
      }
      return h("span", { key: `${key}-${i}`, className: "w", "data-w": words.piece() }, part);
    });
}

function heardAndStruck(text, key, words) {
  let cut = 0;
  for (const part of text.split(/(\s+)/)) {
    if (!part.trim()) words.space();
    else if (words.piece() >= words.heard) break;
    cut += part.length;
  }
  const rest = text.slice(cut);
  skipRest(rest, words);
  return rest.trim() ? [text.slice(0, cut), h("s", { key, className: "unheard" }, rest)] : [text];
}

// The piece that was struck first has been counted already.
function skipRest(rest, words) {
  const parts = rest.split(/(\s+)/).filter(Boolean);
  for (const part of parts.slice(1)) {
    if (part.trim()) words.piece();
    else words.space();
  }
}

function pieces(text, key, words) {
  if (!words || !text) return text ? [text] : [];
  return words.heard === null ? spokenPieces(text, key, words) : heardAndStruck(text, key, words);
}

function chip(number, key, onCite, words) {
  words?.piece();
  return h(
    "button",
    {
      key,
      type: "button",
      className: "cite",
      "data-testid": "citation",
      "data-n": number,
      "aria-label": `Source ${number}`,
      onClick: () => onCite?.(Number(number)),
    },
    number,
  );
}

// A chip never starts a line alone: it stays with the word before it.
function joined(out, made, key) {
  const space = typeof out[out.length - 1] === "string" && !out[out.length - 1].trim() ? out.pop() : "";
  const last = out[out.length - 1];
  if (last && typeof last !== "string" && last.props.className === "w") {
    out.pop();
    return h("span", { key: `word-${key}`, className: "with-cite" }, last, space, made);
  }
  const word = typeof last === "string" ? last.match(/\S+\s*$/) : null;
  if (!word) {
    if (space) out.push(space);
    return made;
  }
  out[out.length - 1] = last.slice(0, word.index);
  return h("span", { key: `word-${key}`, className: "with-cite" }, word[0] + space, made);
}

function inline(text, onCite, words) {
  const out = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) out.push(...pieces(text.slice(end, match.index), `t${end}`, words));
    end = match.index + match[0].length;
    const key = match.index;
    if (match[1] !== undefined) out.push(h("strong", { key }, inline(match[1], onCite, words)));
    else if (match[2] !== undefined) out.push(h("code", { key }, pieces(match[2], key, words)));
    else if (match[3] !== undefined) out.push(joined(out, chip(match[3], key, onCite, words), key));
    else {
      const href = safeAddress(match[5]);
      const label = pieces(match[4], key, words);
      out.push(href ? h("a", { key, href, target: "_blank", rel: "noopener noreferrer" }, label) : h("span", { key }, label));
    }
  }
  // A bold run whose end has not been spoken yet.
  out.push(...pieces(text.slice(end).replace(/\*\*/g, ""), `t${end}`, words));
  return out;
}

function withoutMark(line, kind, words) {
  const mark = kind === "ul" ? BULLET : kind === "ol" ? NUMBER : HEADING;
  const found = kind === "p" ? null : line.match(mark);
  if (!found) return line;
  skip(words, found[0]);
  return line.slice(found[0].length);
}

// `heard`: null while it is spoken, a number of words when the rest was not heard, or ALL.
const Block = memo(function Block({ kind, source, first, heard, onCite }) {
  const words = heard === ALL ? null : new Words(source, first, heard);
  const render = (line) => {
    words?.space();
    return inline(withoutMark(line, kind, words), onCite, words);
  };
  if (kind === "p") return h("p", null, render(source));
  if (kind === "h") return h("p", { className: "answer-heading" }, render(source));
  return h(
    kind,
    null,
    source.split("\n").map((line, i) => h("li", { key: i }, render(line))),
  );
});

function kindOf(line) {
  if (HEADING.test(line)) return ["h", " "];
  if (BULLET.test(line)) return ["ul", "\n"];
  return NUMBER.test(line) ? ["ol", "\n"] : ["p", " "];
}

function blocks(text) {
  const out = [];
  for (const line of text.split("\n")) {
    const last = out[out.length - 1];
    if (!line.trim()) {
      if (last) last.open = false;
      continue;
    }
    const [kind, joiner] = kindOf(line);
    if (last?.open && last.kind === kind) last.source += joiner + (kind === "h" ? line.replace(HEADING, "") : line);
    else out.push({ kind, source: line, open: true });
  }
  return out;
}

// Numbers of words before each block; not counted when nobody needs them.
function firsts(found, heard) {
  let next = 0;
  return found.map(({ source }) => {
    const first = next;
    if (heard !== ALL) next += countSpoken(source);
    return first;
  });
}

// Gives the words of `turn` their class while it is spoken.
function useLitWords(turn, open) {
  const anchor = useRef(null);
  const light = useCallback(() => {
    const said = wordsSaid(turn);
    let newest = null;
    for (const word of anchor.current?.parentElement?.querySelectorAll(".w") ?? []) {
      const lit = Number(word.dataset.w) < said;
      if (lit !== word.classList.contains("lit")) {
        word.classList.toggle("lit", lit);
        if (lit) newest = word;
      }
    }
    if (newest) anchor.current.parentElement.dispatchEvent(new CustomEvent("wordlit", { bubbles: true, detail: newest }));
  }, [turn]);
  useLayoutEffect(() => {
    if (open) light();
  });
  useLayoutEffect(() => (open ? onSpoken(turn, light) : undefined), [open, turn, light]);
  return anchor;
}

export const AnswerText = memo(function AnswerText({ text, onCite, turn = "", heardChars = ALL }) {
  // The handler is a new function in every render of the page; the blocks must not notice.
  const handler = useRef(onCite);
  handler.current = onCite;
  const cite = useCallback((n) => handler.current?.(n), []);
  const speaking = useOpen(turn);
  const cut = heardChars >= 0;
  const open = speaking && !cut;
  const anchor = useLitWords(turn, open);
  const source = text || "";
  const heard = cut ? countSpokenIn(source, heardChars) : open ? null : ALL;
  const found = blocks(source);
  const starts = firsts(found, heard);
  return [
    open && h("span", { key: "anchor", ref: anchor, hidden: true }),
    ...found.map(({ kind, source: words }, i) => h(Block, { key: i, kind, source: words, first: starts[i], heard, onCite: cite })),
  ];
});

// Only the reader's browser knows the time zone and whether a day has 12 or 24 hours.
export const ClockTime = memo(function ClockTime({ at, day }) {
  if (!at) return null;
  const when = new Date(at);
  const text = day
    ? when.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })
    : when.toLocaleTimeString();
  return h("time", { dateTime: when.toISOString(), suppressHydrationWarning: true }, text);
});
