// Answers as text: paragraphs, lists, bold, code, links and citation chips, nothing else.
//
// Everything becomes React elements, so words from a model or a document are never markup. Links
// lead to http and https addresses only. Blocks are memoised by their source text: while an answer
// streams in, only its last block is rendered again.

import { createElement as h, memo, useCallback, useRef } from "react";

const INLINE = /\*\*(.+?)\*\*|`([^`\n]+)`|\[(\d{1,3})\](?!\()|\[([^\]\n]+)\]\(([^\s()]+)\)/g;
const BULLET = /^\s*[-*•]\s+/;
const NUMBER = /^\s*\d{1,3}[.)]\s+/;
const HEADING = /^#{1,6}\s+/;

function safeAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : "";
  } catch {
    return "";
  }
}

function chip(number, key, onCite) {
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
function joined(out, number, key, onCite) {
  const last = out[out.length - 1];
  const word = typeof last === "string" ? last.match(/\S+\s*$/) : null;
  if (!word) return chip(number, key, onCite);
  out[out.length - 1] = last.slice(0, word.index);
  return h("span", { key: `word-${key}`, className: "with-cite" }, word[0], chip(number, key, onCite));
}

function inline(text, onCite) {
  const out = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) out.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const key = match.index;
    if (match[1] !== undefined) out.push(h("strong", { key }, inline(match[1], onCite)));
    else if (match[2] !== undefined) out.push(h("code", { key }, match[2]));
    else if (match[3] !== undefined) out.push(joined(out, match[3], key, onCite));
    else {
      const href = safeAddress(match[5]);
      out.push(href ? h("a", { key, href, target: "_blank", rel: "noopener noreferrer" }, match[4]) : match[4]);
    }
  }
  // A bold run whose end has not been spoken yet.
  out.push(text.slice(end).replace(/\*\*/g, ""));
  return out;
}

const Block = memo(function Block({ kind, source, onCite }) {
  if (kind === "p") return h("p", null, inline(source, onCite));
  if (kind === "h") return h("p", { className: "answer-heading" }, inline(source, onCite));
  return h(
    kind,
    null,
    source.split("\n").map((line, i) => h("li", { key: i }, inline(line, onCite))),
  );
});

function blocks(text) {
  const out = [];
  const add = (kind, line, joiner) => {
    const last = out[out.length - 1];
    if (last && last.kind === kind && last.open) last.source += joiner + line;
    else out.push({ kind, source: line, open: true });
  };
  for (const line of text.split("\n")) {
    if (!line.trim()) {
      if (out.length) out[out.length - 1].open = false;
    } else if (HEADING.test(line)) add("h", line.replace(HEADING, ""), " ");
    else if (BULLET.test(line)) add("ul", line.replace(BULLET, ""), "\n");
    else if (NUMBER.test(line)) add("ol", line.replace(NUMBER, ""), "\n");
    else add("p", line, " ");
  }
  return out;
}

export const AnswerText = memo(function AnswerText({ text, onCite }) {
  // The handler is a new function in every render of the page; the blocks must not notice.
  const handler = useRef(onCite);
  handler.current = onCite;
  const cite = useCallback((n) => handler.current?.(n), []);
  return blocks(text || "").map(({ kind, source }, i) => h(Block, { key: i, kind, source, onCite: cite }));
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
