// The voice of this page: one engine that owns the audio context, microphone, player and socket.
//
//   off ── start ──> starting ── ready ──> on <──> waiting (for the connection)
//    ^─────────────────── end, close codes, errors ──────────┘
//
// Everything that is shown goes into the store; everything that is heard stays here. The server is
// asked for tickets through the page (`connectPage`), and answers with `ticket` or `refused`.

import { Gate } from "./voice_gate.js";
import { Microphone, listDevices, stopTracks } from "./voice_microphone.js";
import { Player } from "./voice_player.js";
import { AudioSocket } from "./voice_socket.js";
import { MODES, getFacts, recall, setFacts, setSpoken } from "./voice_store.js";
import * as words from "./voice_words.js";

const TICKET_WITHIN_MS = 20_000;
const PENDING_FRAMES = 75; // 1.5 s of what is said while the connection is being made
const CUT_SHOWN_MS = 3000; // unheard words stay pale so long, until the transcript says which they are
const LOUDNESS_FLOOR_DB = -60;
const LOUDNESS_CEILING_DB = -12;

class Refused extends Error {}

class VoiceEngine {
  constructor() {
    this.page = null;
    this.line = null; // context, microphone, player, socket, gate of the present run
    this.run = 0;
    this.waitingTicket = null;
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
    this.run += 1;
    const { run } = this;
    setFacts({ phase: "starting" });
    const line = { context: null, pending: [] };
    this.line = line;
    try {
      line.context = new AudioContext({ latencyHint: "interactive" });
      const opened = await this.openSound(line);
      if (run !== this.run) {
        stopTracks(opened.stream);
        return;
      }
      this.wire(line, opened);
      await line.socket.connect();
    } catch (error) {
      if (run === this.run) this.end(error instanceof Refused ? error.message : words.microphoneProblem(error));
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
    line.gate = new Gate(
      (buffer) => this.sendFrame(line, buffer),
      (on) => line.socket?.send({ type: "talk", on }),
    );
    line.gate.setPushToTalk(getFacts().mode === "push_to_talk");
    if (getFacts().held) line.gate.press();
    line.microphone = new Microphone(context, { onFrame: (buffer) => line.gate.frame(buffer), onLost: () => this.microphoneLost() });
    line.microphone.node.onprocessorerror = () => this.end(words.SOUND_BROKE);
    line.player = new Player(context, this.playerHandlers(line));
    line.player.node.onprocessorerror = () => this.end(words.SOUND_BROKE);
    line.socket = new AudioSocket(this.socketHandlers(line));
    line.microphone.take(stream);
    context.onstatechange = () => this.contextChanged(line);
    this.setSpeaker(getFacts().speaker);
    setFacts({ speakerChoice: typeof context.setSinkId === "function" });
    this.refreshDevices();
  }

  playerHandlers(line) {
    return {
      onPlayed: (item, ms) => line.socket.send({ type: "played", item, ms }),
      onFlushed: (item, ms) => line.socket.send({ type: "flushed", item, ms }),
      onSaying: (saying) => setFacts({ saying }),
      onWords: setSpoken,
      onCut: (id, count) => {
        setSpoken(id, count, true);
        setTimeout(() => setSpoken(id, count, false), CUT_SHOWN_MS);
      },
      onOverflow: () => setFacts({ notice: words.TOO_LONG }),
    };
  }

  socketHandlers(line) {
    return {
      ticket: (first) => this.askTicket(first),
      hello: () => ({ type: "start", mode: getFacts().mode }),
      onReady: () => this.ready(line),
      onMessage: (message) => this.on(line, message),
      onFrame: (buffer) => line.player.frame(buffer),
      onWaiting: () => {
        line.player.endAll();
        setFacts({ phase: "waiting", hearing: false, notice: words.RECONNECTING });
      },
      // What the server said about it before it hung up is better than what its code means.
      onClosed: (code) => this.end(getFacts().problem || words.closeMeaning(code).words),
      onSlow: () => setFacts({ notice: words.SLOW_UPLINK }),
      closeMeaning: words.closeMeaning,
    };
  }

  ready(line) {
    if (getFacts().phase !== "on") setFacts({ phase: "on", notice: "", problem: "" });
    if (getFacts().muted) line.socket.send({ type: "mute", on: true });
    const early = line.pending.splice(0);
    const talking = line.gate.state !== "idle";
    const pressed = getFacts().mode === "push_to_talk" && (talking || early.length > 0);
    if (pressed) line.socket.send({ type: "talk", on: true });
    for (const buffer of early) line.socket.frame(buffer);
    if (pressed && !talking) line.socket.send({ type: "talk", on: false });
  }

  sendFrame(line, buffer) {
    if (line.socket.isReady) line.socket.frame(buffer);
    else if (line.pending.push(buffer) > PENDING_FRAMES) line.pending.shift();
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
    this.run += 1;
    const { line } = this;
    this.line = null;
    this.waitingTicket?.reject(new Refused(""));
    this.waitingTicket = null;
    setFacts({ phase: "off", muted: false, held: false, hearing: false, saying: "", notice: "", problem });
    if (!line) return;
    if (line.context) line.context.onstatechange = null;
    line.microphone?.close();
    line.player?.close();
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
    this.line?.gate?.setPushToTalk(mode === "push_to_talk");
    setFacts({ mode, held: false });
  }

  async setMuted(muted) {
    const { line, run } = this;
    if (!line?.microphone || muted === getFacts().muted) return;
    if (muted) {
      line.gate.cut();
      line.microphone.release();
      line.pending = [];
      setFacts({ muted: true, held: false, hearing: false });
      line.socket.send({ type: "mute", on: true });
      return;
    }
    try {
      await this.openMicrophone(line, run);
    } catch (error) {
      if (run === this.run) setFacts({ problem: words.microphoneProblem(error) });
    }
  }

  async openMicrophone(line, run) {
    const { stream, chosen } = await Microphone.request(getFacts().mic);
    if (run !== this.run) {
      stopTracks(stream);
      return;
    }
    line.microphone.take(stream);
    if (getFacts().muted) line.socket.send({ type: "mute", on: false });
    setFacts({ muted: false, problem: "", ...(chosen ? {} : { mic: "" }) });
    this.refreshDevices();
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
    if (on && getFacts().muted) this.setMuted(false).then(() => getFacts().held && this.line?.gate.press());
    else if (on) this.line?.gate?.press();
    else this.line?.gate?.release();
  }

  async setMicrophone(mic) {
    setFacts({ mic });
    const { line, run } = this;
    if (!line?.microphone?.isOpen) return;
    try {
      await this.openMicrophone(line, run);
    } catch (error) {
      if (run === this.run) setFacts({ problem: words.microphoneProblem(error) });
    }
  }

  async setSpeaker(speaker) {
    setFacts({ speaker });
    const context = this.line?.context;
    if (typeof context?.setSinkId !== "function" || (context.sinkId ?? "") === speaker) return;
    try {
      await context.setSinkId(speaker);
    } catch {
      if (speaker) setFacts({ speaker: "" }); // it went away: the system's own
    }
  }

  async microphoneLost() {
    const { line, run } = this;
    line.gate.cut();
    line.microphone.release();
    try {
      await this.openMicrophone(line, run);
    } catch {
      if (run !== this.run) return;
      setFacts({ muted: true, held: false, hearing: false, problem: words.MICROPHONE_LOST });
      line.socket.send({ type: "mute", on: true });
    }
  }

  async refreshDevices() {
    const { mics, speakers } = await listDevices();
    setFacts({ mics, speakers });
    if (getFacts().speaker && !speakers.some(({ id }) => id === getFacts().speaker)) this.setSpeaker("");
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

  askTicket(first) {
    return new Promise((resolve, reject) => {
      this.waitingTicket?.reject(new Refused(""));
      const timer = setTimeout(() => reject(new Refused(words.NO_TICKET)), TICKET_WITHIN_MS);
      const once = (settle) => (value) => {
        clearTimeout(timer);
        settle(value);
      };
      this.waitingTicket = { resolve: once(resolve), reject: once(reject) };
      this.page.askTicket(first);
    });
  }

  // The server's answers, through the page.
  ticket(token) {
    this.waitingTicket?.resolve(token);
    this.waitingTicket = null;
  }

  refused(problem) {
    this.waitingTicket?.reject(new Refused(problem));
    this.waitingTicket = null;
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
