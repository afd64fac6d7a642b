// What the voice says to people: short, plain, and with what to do.

export const MODE_WORDS = {
  server_vad: ["Hands-free", "Answers when you pause."],
  semantic_vad: ["Hands-free, patient", "Waits until your sentence sounds finished."],
  push_to_talk: ["Push to talk", "Hold the button or Space while you speak."],
};

export function startProblem(scope) {
  if (!scope.isSecureContext) {
    return "Browsers give the microphone to secure pages only. Open this page with https://, or at http://localhost on the machine it runs on. You can type meanwhile.";
  }
  if (!scope.navigator.mediaDevices?.getUserMedia || !scope.AudioContext || !scope.AudioWorkletNode) {
    return "This browser is too old for voice. Use a current Chrome, Edge, Firefox or Safari. You can type meanwhile.";
  }
  return "";
}

export function microphoneProblem(error) {
  switch (error?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "The microphone is blocked for this page. Allow it with the icon beside the address, then press the button again. You can type meanwhile.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "No microphone was found. Plug one in and press the button again. You can type meanwhile.";
    case "NotReadableError":
    case "AbortError":
      return "The microphone could not be opened. Another program may be using it: close that and try again. You can type meanwhile.";
    default:
      return "Sound could not be started in this browser. Reload the page and try again. You can type meanwhile.";
  }
}

export const MICROPHONE_LOST = "The microphone was unplugged. Plug it in again or choose another, then unmute.";
export const SOUND_BROKE = "Sound stopped working in this browser. Press the button to start it again.";
export const SOUND_PAUSED = "Your device paused the sound. Tap anywhere to go on.";
export const NO_TICKET = "The server did not open the voice connection. Try again in a moment.";
export const RECONNECTING = "The voice connection was lost. Trying again…";
export const PRESS_LOST = "The connection was lost while you spoke, and what you said with it. Please say it again.";
export const SLOW_UPLINK = "Your connection is slow: some of your words may not arrive.";
export const TOO_LONG = "The answer is longer than this page can hold as sound; read the rest of it.";

// What a close code of the audio socket means: `again` is whether to connect again by itself.
export function closeMeaning(code) {
  switch (code) {
    case 1000:
      return { again: false, words: "" };
    case 4401:
      return { again: true, words: "This page could not prove that it belongs to the conversation. Reload it." };
    case 4404:
      return { again: false, words: "This conversation is over. Press the button to start a new one." };
    case 4408:
      return { again: false, words: "Your connection was too slow for sound. The conversation goes on in text; press the button to try again." };
    case 4409:
      return { again: false, words: "The sound of this conversation moved to another page or device. Press the button to bring it back here." };
    case 4503:
      return { again: false, words: "This server cannot speak or listen at the moment. The conversation goes on in text." };
    case 4413:
    case 4429:
      return { again: false, words: "This page sent more sound than the server takes. Press the button to start again." };
    default:
      return { again: true, words: "The voice connection could not be made again. The conversation goes on in text; press the button to try once more." };
  }
}

// Under the orb before anything was said.
export const INVITATION = "Press the button and speak";

// The line under the orb while the voice is on. `agent` is the one that speaks, `activity` the session's.
export function voiceStatus(facts, agent, activity, phase) {
  if (facts.phase === "starting") return "Getting ready to listen…";
  if (facts.phase === "waiting" || phase === "reconnecting") return "Connection lost, trying again…";
  if (facts.held) return "Listening, let go when you are done";
  if (facts.hearing && !facts.muted) return "Listening";
  if (facts.saying || activity === "speaking") return `${agent} is speaking`;
  if (activity === "thinking") return `${agent} is thinking`;
  if (facts.muted) return "Your microphone is off";
  if (facts.mode === "push_to_talk") return "Hold the button or Space to talk";
  return "Go ahead, I am listening";
}

// The colour of the orb: what the voice does right now.
export function voiceActivity(facts, activity) {
  if (facts.phase === "starting" || facts.phase === "waiting") return "thinking";
  if (facts.held || (facts.hearing && !facts.muted)) return "listening";
  if (facts.saying) return "speaking";
  if (activity === "speaking" || activity === "thinking" || activity === "error") return activity;
  return facts.muted || facts.mode === "push_to_talk" ? "idle" : "listening";
}

// For screen readers: as few words as possible, as the agent may be speaking.
export function announcement(facts, activity) {
  if (facts.phase === "off") return "";
  if (facts.phase === "starting") return "Starting voice";
  if (facts.phase === "waiting") return "Connection lost";
  if (facts.muted) return "Microphone off";
  switch (voiceActivity(facts, activity)) {
    case "speaking":
      return "Speaking";
    case "thinking":
      return "Thinking";
    case "listening":
      return "Listening";
    default:
      return "Ready. Hold Space to talk";
  }
}
