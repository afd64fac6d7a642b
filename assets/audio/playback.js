// The speaker's worklet: plays items of PCM16 at 24 kHz one after the other, at any context rate.
//
// Needs resampler.js in the same scope.
//
//   in   {type: "item", n}                     an item follows the ones before it
//        {type: "audio", n, offset, pcm}       samples of it; `pcm` is an Int16Array
//        {type: "end", n}                      no more audio of it will come
//        {type: "flush", flush}                silence now, everything queued is forgotten
//        "close"
//   out  {type: "progress", n, samples, peak}  every 50 ms while it plays, at its start every 20: position in the item
//        {type: "ended", n, samples}           all of it was played
//        {type: "flushed", flush, n, samples}  n of the item that was next or playing, or null
//        {type: "underrun", n, waitMs}         its audio ran out; it goes on with `waitMs` of it in hand

const RATE_HZ = 24000;
const START_MS = 70;
const WAIT_MAX_MS = 400;
const PROGRESS_S = 0.05;
const EARLY_PROGRESS_S = 0.02;
const EARLY_SAMPLES = 6000;

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new globalThis.RealtimeResampler(RATE_HZ, sampleRate);
    this.items = [];
    this.fading = null; // the items of before a flush, for the one quantum in which they fade
    this.waiting = true; // for enough audio to start, or to go on
    this.waitMs = START_MS;
    this.silent = Infinity; // zeros played since the last sample: after the filter has run out, nothing is left to compute
    this.sinceProgress = 0;
    this.peak = 0;
    this.running = true;
    this.port.onmessage = ({ data }) => this.on(data);
  }

  on(message) {
    switch (message.type ?? message) {
      case "item":
        this.items.push({ n: message.n, chunks: [], position: 0, received: 0, ended: false });
        break;
      case "audio":
        this.queue(message);
        break;
      case "end": {
        const item = this.items.find(({ n }) => n === message.n);
        if (item) item.ended = true;
        break;
      }
      case "flush":
        this.flush(message.flush);
        break;
      case "close":
        this.running = false;
        break;
    }
  }

  queue({ n, offset, pcm }) {
    const item = this.items.find((other) => other.n === n);
    if (!item || item.ended) return;
    const known = item.received - offset; // samples that came before already
    if (known >= pcm.length) return;
    const samples = known > 0 ? pcm.subarray(known) : pcm;
    item.chunks.push({ at: Math.max(offset, item.received), samples });
    item.received = offset + pcm.length;
  }

  flush(flush) {
    const [item] = this.items;
    this.port.postMessage({ type: "flushed", flush, n: item ? item.n : null, samples: item ? item.position : 0 });
    if (item && !this.waiting) this.fading = this.items;
    this.items = [];
    this.waiting = true;
  }

  process(_inputs, [[out]]) {
    const fade = this.fading !== null;
    if (!fade) this.settle();
    if (!fade && this.waiting && this.silent > this.resampler.taps) {
      out.fill(0);
      return this.running;
    }
    for (let i = 0; i < out.length; i += 1) {
      while (!this.resampler.ready) this.resampler.push(this.next(fade ? this.fading : this.items));
      out[i] = this.resampler.pull() * (fade ? 1 - (i + 1) / out.length : 1);
      this.peak = Math.max(this.peak, Math.abs(out[i]));
    }
    if (fade) {
      this.fading = null;
      this.resampler.reset();
      this.silent = Infinity;
    }
    this.report(out.length);
    return this.running;
  }

  // Decides whether there is enough to play, and lets go of items that are over.
  settle() {
    let item;
    while ((item = this.items[0]) && item.ended && item.chunks.length === 0) {
      this.port.postMessage({ type: "ended", n: item.n, samples: item.position });
      this.items.shift();
      this.waiting = true; // the next item may just have begun to come
      this.waitMs = Math.max(START_MS, this.waitMs * 0.9);
    }
    if (!item) this.waiting = true;
    else if (this.waiting) {
      const inHand = item.received - item.position;
      this.waiting = inHand <= 0 || (!item.ended && inHand < (this.waitMs * RATE_HZ) / 1000);
    } else if (item.chunks.length === 0 && item.position > 0) {
      this.waiting = true;
      this.waitMs = Math.min(WAIT_MAX_MS, this.waitMs * 1.5);
      this.port.postMessage({ type: "underrun", n: item.n, waitMs: this.waitMs });
    }
  }

  // The next sample of the first item; zero where there is none.
  next(items) {
    const item = this.waiting && items === this.items ? undefined : items[0];
    const chunk = item?.chunks[0];
    if (!chunk) {
      this.silent += 1;
      return 0;
    }
    this.silent = 0;
    if (item.position < chunk.at) item.position = chunk.at; // samples that were dropped on the way
    const sample = chunk.samples[item.position - chunk.at] / 32768;
    item.position += 1;
    if (item.position - chunk.at >= chunk.samples.length) item.chunks.shift();
    return sample;
  }

  report(samples) {
    this.sinceProgress += samples;
    const [item] = this.items;
    if (!item || this.waiting) return;
    const every = item.position < EARLY_SAMPLES ? EARLY_PROGRESS_S : PROGRESS_S;
    if (this.sinceProgress < every * sampleRate) return;
    this.sinceProgress = 0;
    this.port.postMessage({ type: "progress", n: item.n, samples: item.position, peak: this.peak });
    this.peak = 0;
  }
}

registerProcessor("realtime-playback", Playback);
