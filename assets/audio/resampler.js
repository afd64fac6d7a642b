// A stateful polyphase resampler for mono samples, with its own anti-alias filter.
//
// Exact for every pair of whole rates: L/M is the ratio in lowest terms and each of the L phases has
// its own taps. The filter is a Kaiser-windowed sinc, flat to about 80 % of the lower Nyquist
// frequency and 80 dB down at it. Used by both audio worklets, which is why it is published on
// globalThis: a worklet scope shares that between its modules.

const HALF_WIDTH = 24; // zero crossings of the sinc on each side, at the lower of the two rates
const KAISER_BETA = 8; // about 80 dB
const CUTOFF = 0.9; // of the lower Nyquist frequency: the middle of the transition band

const gcd = (a, b) => (b ? gcd(b, a % b) : a);

function bessel0(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

// Taps of every phase, newest input first; each phase sums to 1, so that a constant stays one.
function polyphase(up, down) {
  const scale = Math.min(1, up / down); // cutoff against the input's Nyquist frequency
  const half = Math.ceil(HALF_WIDTH / scale);
  const taps = 2 * half;
  const phases = new Float32Array(up * taps);
  for (let phase = 0; phase < up; phase += 1) {
    let sum = 0;
    const row = phases.subarray(phase * taps, (phase + 1) * taps);
    for (let k = 0; k < taps; k += 1) {
      const at = k - half + phase / up; // inputs between this tap and the output's moment
      const x = at * scale * CUTOFF * Math.PI;
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      const window = bessel0(KAISER_BETA * Math.sqrt(Math.max(0, 1 - (at / half) ** 2)));
      row[k] = sinc * window;
      sum += row[k];
    }
    for (let k = 0; k < taps; k += 1) row[k] /= sum;
  }
  return { phases, taps };
}

export class Resampler {
  constructor(fromHz, toHz) {
    const divisor = gcd(Math.round(fromHz), Math.round(toHz));
    this.up = Math.round(toHz) / divisor;
    this.down = Math.round(fromHz) / divisor;
    const { phases, taps } = this.up === this.down ? { phases: Float32Array.of(1), taps: 1 } : polyphase(this.up, this.down);
    this.phases = phases;
    this.taps = taps;
    this.history = new Float32Array(2 * taps); // written twice, so that the newest taps lie in one run
    this.reset();
  }

  reset() {
    this.history.fill(0);
    this.at = 0;
    this.phase = 0;
    this.missing = 1; // inputs that the next output still needs
  }

  // One sample at the input's rate.
  push(sample) {
    this.at = this.at === 0 ? this.taps - 1 : this.at - 1;
    this.history[this.at] = sample;
    this.history[this.at + this.taps] = sample;
    this.missing -= 1;
  }

  get ready() {
    return this.missing <= 0;
  }

  // The next sample at the output's rate; only while `ready`.
  pull() {
    const { history, phases, taps, at } = this;
    const row = this.phase * taps;
    let sum = 0;
    for (let k = 0; k < taps; k += 1) sum += history[at + k] * phases[row + k];
    this.phase += this.down;
    while (this.phase >= this.up) {
      this.phase -= this.up;
      this.missing += 1;
    }
    return sum;
  }
}

globalThis.RealtimeResampler = Resampler;
