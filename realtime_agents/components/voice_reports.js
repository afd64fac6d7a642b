// What was heard, on its way to the server: in the head of the next frame of the microphone, so that it
// costs no message of its own; alone when none goes, as nobody may be talking.

const FRAMES_WITHIN_MS = 60; // a microphone sends one every 20 ms; when none went for so long none will

export class HeardReports {
  // `sendAlone(id, ms)` gets a report that no frame took.
  constructor(sendAlone) {
    this.sendAlone = sendAlone;
    this.newest = null; // {id, n, ms}
    this.timer = 0;
    this.frameAt = -Infinity; // when a frame last went
  }

  // So much of an item was heard; `n` is its number on the present connection, less than 1 for one of an earlier.
  add(id, n, ms) {
    if (n <= 0) return;
    if (this.newest && this.newest.id !== id) this.flush();
    this.newest = { id, n, ms };
    if (performance.now() - this.frameAt > FRAMES_WITHIN_MS) this.flush();
    else this.timer ||= setTimeout(() => this.flush(), FRAMES_WITHIN_MS);
  }

  // All that will be heard of an item was.
  end(id, ms) {
    if (this.newest?.id !== id) this.flush();
    this.forget();
    this.sendAlone(id, ms);
  }

  // A frame goes now: the newest report for it, null when there is nothing new.
  take() {
    this.frameAt = performance.now();
    const { newest } = this;
    this.forget();
    return newest;
  }

  // Send it alone.
  flush() {
    const { newest } = this;
    this.forget();
    if (newest) this.sendAlone(newest.id, newest.ms);
  }

  forget() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.newest = null;
  }
}
