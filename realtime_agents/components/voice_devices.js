// Microphone and speaker of one run of the voice: chosen, muted, unplugged and found again.
//
// A line is {context, microphone, uplink, socket, over, wishes}. `over` is set when its run has ended, and
// `wishes` counts what was wanted of the microphone: a browser may answer after that, and only the last
// wish counts. Whoever mutes is not heard again because of an earlier one.

import { Microphone, listDevices, stopTracks } from "./voice_microphone.js";
import { getFacts, setFacts } from "./voice_store.js";
import * as words from "./voice_words.js";

export async function setMuted(line, muted) {
  if (!line?.microphone) return;
  if (muted) line.wishes += 1;
  if (muted === getFacts().muted) return;
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
    setFacts({ problem: words.microphoneProblem(error) });
  }
}

async function open(line) {
  line.wishes += 1;
  const wish = line.wishes;
  const isLate = () => line.over || wish !== line.wishes;
  let opened;
  try {
    opened = await Microphone.request(getFacts().mic);
  } catch (error) {
    if (isLate()) return;
    throw error;
  }
  const { stream, chosen } = opened;
  if (isLate()) {
    stopTracks(stream);
    return;
  }
  line.microphone.take(stream);
  if (getFacts().muted) line.socket.send({ type: "mute", on: false });
  setFacts({ muted: false, problem: "", ...(chosen ? {} : { mic: "" }) });
  refreshDevices(line);
}
