// What was heard, on its way to the server: in the head of the next frame of the microphone, so that it
// costs no message of its own; alone when none goes soon, as nobody may be talking.

const ALONE_AFTER_MS = 60;

export class HeardReports {
  // `sendAlone(id, ms)` gets a report that no frame took.
  constructor(sendAlone) {
    this.sendAlone = sendAlone;
    this.newest = null; // {id, n, ms}
    this.timer = 0;
  }

  // So much of an item was heard; `n` is its number on the present connection, 0 for one of an earlier.
  add(id, n, ms) {
    if (n <= 0) return;
    if (this.newest && this.newest.id !== id) this.flush();
    this.newest = { id, n, ms };
    this.timer ||= setTimeout(() => this.flush(), ALONE_AFTER_MS);
  }

  // All that will be heard of an item was.
  end(id, ms) {
    if (this.newest?.id !== id) this.flush();
    this.forget();
    this.sendAlone(id, ms);
  }

  // The newest report, for a frame that goes now; null when there is nothing new.
  take() {
    const { newest } = this;
    this.forget();
    return newest;
  }

  // Send it alone.
  flush() {
    const report = this.take();
    if (report) this.sendAlone(report.id, report.ms);
  }

  forget() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.newest = null;
  }
}
