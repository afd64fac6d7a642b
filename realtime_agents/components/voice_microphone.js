// The microphone: opens the chosen one, cuts it into frames, lets it go.
//
// "Muted" means released: the tracks are stopped and the browser's own sign goes out.

const WANTED = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Microphone {
  // `onFrame(buffer)` gets 20 ms of PCM16 at 24 kHz; `onLost()` is told when the device goes away.
  constructor(context, { onFrame, onLost }) {
    this.context = context;
    this.onLost = onLost;
    this.stream = null;
    this.source = null;
    this.frames = 0;
    this.analyser = new AnalyserNode(context, { fftSize: 1024, smoothingTimeConstant: 0 });
    this.node = new AudioWorkletNode(context, "realtime-capture", { numberOfOutputs: 0, channelCountMode: "max" });
    this.node.port.onmessage = ({ data }) => {
      if (!this.isOpen) return; // it was on its way when the microphone was released
      this.frames += 1;
      onFrame(data);
    };
  }

  get isOpen() {
    return this.stream !== null;
  }

  // Raises what getUserMedia raises. A chosen device that is gone falls back to the system's own.
  // Returns whether the chosen device was taken.
  static async request(deviceId) {
    const open = (id) => navigator.mediaDevices.getUserMedia({ audio: id ? { ...WANTED, deviceId: { exact: id } } : WANTED });
    if (!deviceId) return { stream: await open(""), chosen: true };
    try {
      return { stream: await open(deviceId), chosen: true };
    } catch (error) {
      if (error?.name !== "OverconstrainedError" && error?.name !== "NotFoundError") throw error;
      return { stream: await open(""), chosen: false };
    }
  }

  take(stream) {
    this.release();
    this.stream = stream;
    this.source = new MediaStreamAudioSourceNode(this.context, { mediaStream: stream });
    this.source.connect(this.analyser);
    this.source.connect(this.node);
    for (const track of stream.getAudioTracks()) {
      track.onended = () => {
        if (this.stream === stream) this.onLost();
      };
    }
  }

  release() {
    this.source?.disconnect();
    stopTracks(this.stream);
    this.stream = this.source = null;
  }

  close() {
    this.release();
    this.node.port.postMessage("close");
    this.node.port.onmessage = null;
  }
}

export function stopTracks(stream) {
  for (const track of stream?.getTracks() ?? []) {
    track.onended = null;
    track.stop();
  }
}

// Devices as [{id, label}]; browsers hide names until the microphone was allowed once.
export async function listDevices() {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  const of = (kind, name) =>
    all
      .filter((device) => device.kind === kind && device.deviceId && device.deviceId !== "default" && device.deviceId !== "communications")
      .map((device, i) => ({ id: device.deviceId, label: device.label || `${name} ${i + 1}` }));
  return { mics: of("audioinput", "Microphone"), speakers: of("audiooutput", "Speaker") };
}
