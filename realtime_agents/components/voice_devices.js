// Microphone and speaker of one run of the voice: chosen, muted, unplugged and found again.
//
// A line is {context, microphone, uplink, socket, over}; `over` is set when its run has ended, as every
// answer of a browser about devices may come after that.

import { Microphone, listDevices, stopTracks } from "./voice_microphone.js";
import { getFacts, setFacts } from "./voice_store.js";
import * as words from "./voice_words.js";

export async function setMuted(line, muted) {
  if (!line?.microphone || muted === getFacts().muted) return;
  if (!muted) {
    await openOrSay(line);
    return;
  }
  line.uplink.forget();
  line.microphone.release();
  setFacts({ muted: true, held: false, hearing: false });
  line.socket.send({ type: "mute", on: true });
}

export async function setMicrophone(line, mic) {
  setFacts({ mic });
  if (line?.microphone?.isOpen) await openOrSay(line);
}

export async function setSpeaker(line, speaker) {
  setFacts({ speaker });
  const context = line?.context;
  if (typeof context?.setSinkId !== "function" || (context.sinkId ?? "") === speaker) return;
  try {
    await context.setSinkId(speaker);
  } catch {
    if (speaker) setFacts({ speaker: "" }); // it went away: the system's own
  }
}

// The microphone in use went away.
export async function replaceMicrophone(line) {
  line.uplink.gate.cut();
  line.microphone.release();
  try {
    await open(line);
  } catch {
    if (line.over) return;
    setFacts({ muted: true, held: false, hearing: false, problem: words.MICROPHONE_LOST });
    line.socket.send({ type: "mute", on: true });
  }
}

export async function refreshDevices(line) {
  const { mics, speakers } = await listDevices();
  setFacts({ mics, speakers });
  if (getFacts().speaker && !speakers.some(({ id }) => id === getFacts().speaker)) setSpeaker(line, "");
}

async function openOrSay(line) {
  try {
    await open(line);
  } catch (error) {
    if (!line.over) setFacts({ problem: words.microphoneProblem(error) });
  }
}

async function open(line) {
  const { stream, chosen } = await Microphone.request(getFacts().mic);
  if (line.over) {
    stopTracks(stream);
    return;
  }
  line.microphone.take(stream);
  if (getFacts().muted) line.socket.send({ type: "mute", on: false });
  setFacts({ muted: false, problem: "", ...(chosen ? {} : { mic: "" }) });
  refreshDevices(line);
}
