// The microphone's worklet: any device rate in, frames of 20 ms PCM16 mono at 24 kHz out.
//
// Needs resampler.js in the same scope. Posts one ArrayBuffer of 960 bytes per frame, transferred.

const RATE_HZ = 24000;
const FRAME_SAMPLES = 480;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new globalThis.RealtimeResampler(sampleRate, RATE_HZ);
    this.frame = new Int16Array(FRAME_SAMPLES);
    this.filled = 0;
    this.running = true;
    this.port.onmessage = ({ data }) => {
      if (data === "close") this.running = false;
    };
  }

  process([input]) {
    // A device may report two channels although one was asked for; speech is on the first.
    const samples = input[0];
    if (samples) for (let i = 0; i < samples.length; i += 1) this.take(samples[i]);
    return this.running;
  }

  take(sample) {
    this.resampler.push(sample);
    while (this.resampler.ready) {
      const value = Math.max(-1, Math.min(1, this.resampler.pull()));
      this.frame[this.filled] = value < 0 ? value * 32768 : value * 32767;
      this.filled += 1;
      if (this.filled === FRAME_SAMPLES) this.post();
    }
  }

  post() {
    const { buffer } = this.frame;
    this.frame = new Int16Array(FRAME_SAMPLES);
    this.filled = 0;
    this.port.postMessage(buffer, [buffer]);
  }
}

registerProcessor("realtime-capture", Capture);
