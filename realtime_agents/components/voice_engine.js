// The voice of this page: one engine that owns the audio context, microphone, player and socket.
//
//   off ── start ──> starting ── ready ──> on <──> waiting (for the connection)
//    ^─────────────────── end, close codes, errors ──────────┘
//
// Everything that is shown goes into the store; everything that is heard stays here. The server is
// asked for tickets through the page (`connectPage`), and answers with `ticket` or `refused`.

import * as devices from "./voice_devices.js";
import { Microphone, stopTracks } from "./voice_microphone.js";
import { Player } from "./voice_player.js";
import { HeardReports } from "./voice_reports.js";
import { AudioSocket } from "./voice_socket.js";
import { MODES, getFacts, recall, setFacts, setPassingNotice, setSpoken } from "./voice_store.js";
import { Refused, Tickets } from "./voice_tickets.js";
import { Uplink } from "./voice_uplink.js";
import * as words from "./voice_words.js";

const CUT_SHOWN_MS = 3000; // unheard words stay pale so long, until the transcript says which they are
const LOUDNESS_FLOOR_DB = -60;
const LOUDNESS_CEILING_DB = -12;

class VoiceEngine {
  constructor() {
    this.page = null;
    this.line = null; // context, microphone, uplink, player, reports, socket of the present run; `over` when it ended
    this.tickets = new Tickets();
    this.unmuteOnHold = false;
  }

  // page: {askTicket(opens), worklets: [urls]}
  connectPage(page) {
    this.page = page;
    recall();
  }

  // Call it from a tap or a key: browsers start sound only then.
  async start() {
    if (getFacts().phase !== "off") return;
    const problem = words.startProblem(window);
    setFacts({ problem, notice: "", muted: false });
    if (problem) return;
    setFacts({ phase: "starting" });
    const line = { context: null, over: false, wishes: 0 };
    this.line = line;
    try {
      line.context = new AudioContext({ latencyHint: "interactive" });
      const opened = await this.openSound(line);
      if (line.over) {
        stopTracks(opened.stream);
        return;
      }
      this.wire(line, opened);
      await line.socket.connect();
    } catch (error) {
      if (!line.over) this.end(error instanceof Refused ? error.message : words.microphoneProblem(error));
    }
  }

  async openSound(line) {
    line.context.resume().catch(() => {});
    const request = Microphone.request(getFacts().mic);
    // Both are under way; whichever fails, the microphone must not stay open.
    const [opened, loaded] = await Promise.allSettled([request, this.loadWorklets(line.context)]);
    if (loaded.status === "rejected") {
      if (opened.status === "fulfilled") stopTracks(opened.value.stream);
      throw opened.status === "rejected" ? opened.reason : loaded.reason;
    }
    if (opened.status === "rejected") throw opened.reason;
    return opened.value;
  }

  async loadWorklets(context) {
    for (const url of this.page.worklets) await context.audioWorklet.addModule(url);
  }

  wire(line, { stream, chosen }) {
    const { context } = line;
    if (!chosen) setFacts({ mic: "" });
    line.uplink = new Uplink(() => setFacts({ held: false, notice: words.PRESS_LOST }));
    line.uplink.setPushToTalk(getFacts().mode === "push_to_talk");
    if (getFacts().held) line.uplink.gate.press();
    line.microphone = new Microphone(context, { onFrame: (buffer) => line.uplink.frame(buffer), onLost: () => devices.replaceMicrophone(line) });
    line.microphone.node.onprocessorerror = () => this.end(words.SOUND_BROKE);
    line.reports = new HeardReports((item, ms) => line.socket.send({ type: "played", item, ms }));
    line.player = new Player(context, this.playerHandlers(line));
    line.player.node.onprocessorerror = () => this.end(words.SOUND_BROKE);
    line.socket = line.uplink.socket = new AudioSocket(this.socketHandlers(line));
    line.microphone.take(stream);
    context.onstatechange = () => this.contextChanged(line);
    this.setSpeaker(getFacts().speaker);
    setFacts({ speakerChoice: typeof context.setSinkId === "function" });
    this.refreshDevices();
  }

  playerHandlers(line) {
    return {
      onPlayed: (item, ms, number) => line.reports.add(item, number, ms),
      onEnded: (item, ms) => line.reports.end(item, ms),
      onFlushed: (item, ms) => {
        line.reports.forget();
        line.socket.send({ type: "flushed", item, ms });
      },
      onSaying: (saying) => setFacts({ saying }),
      onWords: setSpoken,
      onCut: (id, count) => {
        setSpoken(id, count, true);
        setTimeout(() => setSpoken(id, count, false), CUT_SHOWN_MS);
      },
      onOverflow: () => setPassingNotice(words.TOO_LONG),
    };
  }

  socketHandlers(line) {
    return {
      ticket: (first) => this.tickets.wait(() => this.page.askTicket(first)),
      hello: () => ({ type: "start", mode: getFacts().mode }),
      onReady: () => this.ready(line),
      onMessage: (message) => this.on(line, message),
      onFrame: (buffer) => line.player.frame(buffer),
      report: () => line.reports.take(),
      onWaiting: () => {
        line.player.endAll();
        line.reports.forget();
        setFacts({ phase: "waiting", hearing: false, notice: words.RECONNECTING });
        line.uplink.down();
      },
      // What the server said about it before it hung up is better than what its code means.
      onClosed: (code) => this.end(getFacts().problem || words.closeMeaning(code).words),
      onSlow: () => setPassingNotice(words.SLOW_UPLINK),
      closeMeaning: words.closeMeaning,
    };
  }

  ready(line) {
    const { phase, notice, muted } = getFacts();
    if (phase !== "on") setFacts({ phase: "on", notice: notice === words.PRESS_LOST ? notice : "", problem: "" });
    if (muted) line.socket.send({ type: "mute", on: true });
    line.uplink.ready();
  }

  on(line, message) {
    switch (message.type) {
      case "item":
        line.player.announce(message.n, message.id);
        break;
      case "marks":
        line.player.marks(message.n, message.points);
        break;
      case "item_end":
        line.player.end(message.n, message.ms);
        break;
      case "flush":
        line.player.flush();
        break;
      case "speech":
        setFacts({ hearing: Boolean(message.on) });
        break;
      case "mode":
        if (MODES.includes(message.mode)) this.applyMode(message.mode);
        break;
      case "notice":
        setFacts({ notice: String(message.text ?? "") });
        break;
      case "error":
        setFacts({ problem: String(message.text ?? "") });
        break;
    }
  }

  // Stops the voice; the conversation itself goes on in text.
  end(problem = "") {
    const { line } = this;
    this.line = null;
    if (line) line.over = true;
    this.tickets.refuse("");
    setFacts({ phase: "off", muted: false, held: false, hearing: false, saying: "", notice: "", problem });
    if (!line) return;
    if (line.context) line.context.onstatechange = null;
    line.microphone?.close();
    line.player?.close();
    line.reports?.forget();
    line.socket?.close();
    line.context?.close().catch(() => {});
  }

  // Stop what is being said; the person keeps the floor.
  interrupt() {
    this.line?.socket?.send({ type: "stop" });
  }

  setMode(mode) {
    if (!MODES.includes(mode) || mode === getFacts().mode) return;
    this.applyMode(mode);
    this.line?.socket?.send({ type: "mode", mode });
  }

  applyMode(mode) {
    this.unmuteOnHold = false;
    this.line?.uplink?.setPushToTalk(mode === "push_to_talk");
    setFacts({ mode, held: false });
  }

  // Push to talk, from the button or the space bar. In the other modes it lifts a mute while held.
  hold(on) {
    if (getFacts().mode !== "push_to_talk") {
      if (on && getFacts().muted) {
        this.unmuteOnHold = true;
        this.setMuted(false);
      } else if (!on && this.unmuteOnHold) {
        this.unmuteOnHold = false;
        this.setMuted(true);
      }
      return;
    }
    if (on && (getFacts().phase === "off" || getFacts().held)) return;
    setFacts({ held: on });
    if (on && getFacts().notice === words.PRESS_LOST) setFacts({ notice: "" });
    if (on && getFacts().muted) this.setMuted(false).then(() => getFacts().held && this.line?.uplink.gate.press());
    else if (on) this.line?.uplink?.gate.press();
    else this.line?.uplink?.gate.release();
  }

  setMuted(muted) {
    return devices.setMuted(this.line, muted);
  }

  setMicrophone(id) {
    return devices.setMicrophone(this.line, id);
  }

  setSpeaker(id) {
    return devices.setSpeaker(this.line, id);
  }

  refreshDevices() {
    return devices.refreshDevices(this.line);
  }

  // Calls and other apps take the sound away on phones; only a touch may bring it back.
  contextChanged(line) {
    const { state } = line.context;
    if (state === "running") {
      if (getFacts().notice === words.SOUND_PAUSED) setFacts({ notice: "" });
    } else if (state !== "closed") setFacts({ notice: words.SOUND_PAUSED });
    else if (this.line === line) this.end(words.SOUND_BROKE);
  }

  wake() {
    const context = this.line?.context;
    if (context && context.state !== "running" && context.state !== "closed") context.resume().catch(() => {});
  }

  // The server's answers about tickets, through the page.
  ticket(token) {
    this.tickets.give(token);
  }

  refused(problem) {
    this.tickets.refuse(problem);
  }

  // Loudness of microphone and speaker, 0 to 1, for those who draw it.
  levels() {
    const { line } = this;
    return { mic: line?.microphone?.isOpen ? loudness(line.microphone.analyser) : 0, out: line?.player ? loudness(line.player.analyser) : 0 };
  }

  // Counts of the present run, for diagnosis and tests.
  stats() {
    const { line } = this;
    return {
      rateHz: line?.context?.sampleRate ?? 0,
      contextState: line?.context?.state ?? "",
      tracks: line?.microphone?.isOpen ? line.microphone.stream.getTracks().filter((track) => track.readyState === "live").length : 0,
      framesCaptured: line?.microphone?.frames ?? 0,
      ...(line?.uplink ? { dropped: line.uplink.dropped } : {}),
      ...(line?.socket ? { sent: { ...line.socket.stats } } : {}),
      ...(line?.player ? { played: { ...line.player.stats } } : {}),
    };
  }
}

const samples = new Float32Array(1024);

function loudness(analyser) {
  analyser.getFloatTimeDomainData(samples);
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.max(0, Math.min(1, (db - LOUDNESS_FLOOR_DB) / (LOUDNESS_CEILING_DB - LOUDNESS_FLOOR_DB)));
}

export const engine = new VoiceEngine();

if (typeof window !== "undefined") {
  window.realtimeVoice = engine;
  navigator.mediaDevices?.addEventListener?.("devicechange", () => engine.refreshDevices());
  for (const type of ["pointerdown", "keydown"]) document.addEventListener(type, () => engine.wake(), { capture: true, passive: true });
  window.addEventListener("pagehide", () => engine.end());
}
