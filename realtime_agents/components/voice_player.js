// The speaker: feeds items to the playback worklet and knows what of them was heard.
//
// An item is one spoken message. Its number comes with its frames, its id with its words. What a
// flush made obsolete is dropped here by number: its frames may still be on their way. Each connection
// counts from 1; here n goes on counting, as items of a lost one are still played.

import { wordsAt } from "./spoken_words.js";

const RATE_PER_MS = 24;
const HEADER_BYTES = 8;
const HELD_MAX_BYTES = 10 * 60 * 1000 * RATE_PER_MS * 2; // ten minutes of sound not yet played
const REPORT_EVERY_MS = 90;
const LATENCY_MAX_MS = 400;
const FLUSH_ANSWER_MS = 150;

export class Player {
  // handlers: onPlayed(id, ms, number) as it goes on, onEnded(id, ms), onFlushed(id, ms), onSaying(id),
  //           onOverflow(), and for the captions onWords(id, words, open) while it is said, onCut(id, words)
  //           when the rest will not be; `number` is the item's on this connection, less than 1 on an earlier
  constructor(context, handlers) {
    this.context = context;
    this.handlers = handlers;
    this.items = new Map(); // n -> item, in order; only those that may still sound
    this.before = 0; // items of earlier connections
    this.newest = 0;
    this.flushing = new Map(); // number of a flush -> {items, timer}, until the worklet has answered it
    this.stats = { samplesPlayed: 0, peak: 0, underruns: 0, flushes: 0, framesDropped: 0, heldBytes: 0 };
    this.analyser = new AnalyserNode(context, { fftSize: 1024, smoothingTimeConstant: 0 });
    this.node = new AudioWorkletNode(context, "realtime-playback", { numberOfInputs: 0, outputChannelCount: [1] });
    this.node.connect(this.analyser).connect(context.destination);
    this.node.port.onmessage = ({ data }) => this.on(data);
  }

  announce(number, id) {
    const n = this.before + number;
    this.newest = Math.max(this.newest, n);
    this.items.set(n, { n, id, points: [], samples: 0, received: 0, endMs: null, reportedAt: 0, said: -1 });
    this.node.port.postMessage({ type: "item", n });
    this.handlers.onWords(id, 0, true);
  }

  // A binary message: item number, sample offset, PCM16.
  frame(buffer) {
    if (buffer.byteLength <= HEADER_BYTES || buffer.byteLength % 2) return;
    const header = new DataView(buffer, 0, HEADER_BYTES);
    const item = this.items.get(this.before + header.getUint32(0, true));
    if (!item) {
      this.stats.framesDropped += 1;
      return;
    }
    const bytes = buffer.byteLength - HEADER_BYTES;
    if (this.stats.heldBytes + bytes > HELD_MAX_BYTES) {
      this.stats.framesDropped += 1;
      this.handlers.onOverflow();
      return;
    }
    this.stats.heldBytes += bytes;
    item.received += bytes / 2;
    const pcm = new Int16Array(buffer, HEADER_BYTES);
    this.node.port.postMessage({ type: "audio", n: item.n, offset: header.getUint32(4, true), pcm }, [buffer]);
  }

  marks(number, points) {
    const item = this.items.get(this.before + number);
    if (!item) return;
    item.points.push(...points);
    item.points.sort((a, b) => a[0] - b[0]);
  }

  end(number, ms) {
    const item = this.items.get(this.before + number);
    if (item) this.complete(item, ms);
  }

  // The connection is lost, no more audio of any item will come: what is here is still played.
  endAll() {
    for (const item of this.items.values()) this.complete(item, item.received / RATE_PER_MS);
    this.before = this.newest;
  }

  complete(item, ms) {
    if (item.endMs !== null) return;
    item.endMs = ms;
    this.node.port.postMessage({ type: "end", n: item.n });
  }

  // Silence now. The worklet answers within one quantum; a paused context may not answer at all.
  flush() {
    if (this.items.size === 0) return;
    this.stats.flushes += 1;
    const flush = this.stats.flushes;
    this.flushing.set(flush, { items: [...this.items.values()], timer: setTimeout(() => this.flushed({ flush }), FLUSH_ANSWER_MS) });
    this.items.clear();
    this.stats.heldBytes = 0;
    this.handlers.onSaying("");
    this.node.port.postMessage({ type: "flush", flush });
  }

  close() {
    this.flush();
    for (const flush of [...this.flushing.keys()]) this.flushed({ flush });
    this.node.port.postMessage("close");
    this.node.port.onmessage = null;
    this.node.disconnect();
  }

  on(message) {
    const item = this.items.get(message.n);
    switch (message.type) {
      case "progress":
        this.stats.peak = Math.max(this.stats.peak, message.peak);
        if (item) this.progress(item, message.samples);
        break;
      case "ended":
        this.ended(item ?? this.endedWhileFlushing(message.n), message.samples);
        break;
      case "flushed":
        this.flushed(message);
        break;
      case "underrun":
        this.stats.underruns += 1;
        break;
    }
  }

  progress(item, samples) {
    this.count(item, samples);
    const ms = this.heardMs(item);
    if (ms <= 0) return;
    this.handlers.onSaying(item.id);
    this.tellWords(item, ms);
    const now = performance.now();
    if (now - item.reportedAt < REPORT_EVERY_MS) return;
    item.reportedAt = now;
    this.handlers.onPlayed(item.id, ms, item.n - this.before);
  }

  // It had finished when the flush came: its end was on its way here.
  endedWhileFlushing(n) {
    for (const { items } of this.flushing.values()) {
      const at = items.findIndex((item) => item.n === n);
      if (at >= 0) return items.splice(at, 1)[0];
    }
    return undefined;
  }

  ended(item, samples) {
    if (!item) return;
    this.count(item, samples);
    this.items.delete(item.n);
    this.handlers.onEnded(item.id, Math.round(samples / RATE_PER_MS));
    this.handlers.onWords(item.id, Infinity, false);
    if (this.items.size === 0) this.handlers.onSaying("");
  }

  // The worklet's answer to a flush, or none in time.
  flushed(message) {
    const flushing = this.flushing.get(message.flush);
    if (!flushing) return;
    const { items, timer } = flushing;
    this.flushing.delete(message.flush);
    clearTimeout(timer);
    const item = items.find(({ n }) => n === message.n) ?? items[0];
    if (!item) return;
    if (message.n === item.n) this.count(item, message.samples, { flushed: true });
    const ms = Math.max(0, this.heardMs(item));
    this.handlers.onFlushed(item.id, ms);
    for (const other of items) {
      this.handlers.onCut(other.id, other === item ? Math.floor(wordsAt(other.points, ms)) : 0);
    }
  }

  count(item, samples, { flushed = false } = {}) {
    const more = samples - item.samples;
    this.stats.samplesPlayed += more;
    if (!flushed) this.stats.heldBytes = Math.max(0, this.stats.heldBytes - more * 2);
    item.samples = samples;
  }

  // What left the loudspeaker is a little behind what left the worklet.
  heardMs(item) {
    const latency = (this.context.outputLatency || this.context.baseLatency || 0) * 1000;
    return Math.round(item.samples / RATE_PER_MS - Math.min(LATENCY_MAX_MS, latency));
  }

  tellWords(item, ms) {
    // A word lights up when it begins, so the one that is being said counts.
    const words = Math.ceil(wordsAt(item.points, ms));
    if (words === item.said) return;
    item.said = words;
    this.handlers.onWords(item.id, words, true);
  }
}
