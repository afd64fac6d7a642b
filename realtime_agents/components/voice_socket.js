// The audio socket of the browser: connects with a ticket, keeps trying, never grows without bound.

const SUBPROTOCOL = "realtime-agents.audio";
const HEAD_BYTES = 8;
const READY_WITHIN_MS = 10_000;
const UNSENT_MAX_BYTES = 2 * 48_000; // two seconds of sound: what is said on top of it is dropped
const RETRY_MS = [250, 1000, 2000, 4000, 4000, 4000, 4000, 4000];

const address = () => `${location.origin.replace(/^http/, "ws")}/api/audio`;

// A head as the server's frames have one: number of the item that plays, and the milliseconds of it heard.
function withHead(buffer, report) {
  const message = new Uint8Array(HEAD_BYTES + buffer.byteLength);
  const head = new DataView(message.buffer);
  head.setUint32(0, report?.n ?? 0, true);
  head.setUint32(4, report?.ms ?? 0, true);
  message.set(new Uint8Array(buffer), HEAD_BYTES);
  return message;
}

export class AudioSocket {
  // handlers: ticket() -> Promise<string>, hello() -> message, onReady(message), onMessage(message),
  //           onFrame(buffer), report() -> {n, ms} or null, onWaiting(), onClosed(code), onSlow(); closeMeaning(code) -> {again}
  constructor(handlers) {
    this.handlers = handlers;
    this.socket = null;
    this.isReady = false;
    this.closed = false;
    this.attempt = 0;
    this.timer = 0;
    this.waitedBytes = 0; // of what is not sent yet, so much waited for the connection and is no sign of a slow one
    this.stats = { framesSent: 0, bytesSent: 0, framesDropped: 0, connections: 0 };
  }

  // Resolves when the first connection is ready; rejects with the close code when there is none.
  async connect() {
    const ticket = await this.handlers.ticket(this.attempt === 0 && this.stats.connections === 0);
    if (this.closed) return;
    const socket = new WebSocket(address(), [SUBPROTOCOL, `ticket.${ticket}`]);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.timer = setTimeout(() => socket.close(), READY_WITHIN_MS);
    socket.onopen = () => socket.send(JSON.stringify(this.handlers.hello()));
    socket.onmessage = ({ data }) => this.on(socket, data);
    socket.onclose = ({ code }) => this.onDown(socket, code);
  }

  on(socket, data) {
    if (socket !== this.socket) return;
    if (typeof data !== "string") {
      this.handlers.onFrame(data);
      return;
    }
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (message.type === "ready") {
      clearTimeout(this.timer);
      this.isReady = true;
      this.attempt = 0;
      this.stats.connections += 1;
      this.handlers.onReady(message);
    } else this.handlers.onMessage(message);
  }

  onDown(socket, code) {
    if (socket !== this.socket || this.closed) return;
    clearTimeout(this.timer);
    this.isReady = false;
    this.socket = null;
    if (!this.handlers.closeMeaning(code).again || this.attempt >= RETRY_MS.length) {
      this.closed = true;
      this.handlers.onClosed(code);
      return;
    }
    this.handlers.onWaiting();
    this.timer = setTimeout(() => this.retry(code), RETRY_MS[this.attempt]);
    this.attempt += 1;
  }

  async retry(code) {
    try {
      await this.connect();
    } catch {
      // No ticket this time: as if the socket had failed.
      if (!this.closed) this.onDown(this.socket, code);
    }
  }

  // Ready, and not closing: sending to a socket that closes is an error in the console.
  get takes() {
    return this.isReady && this.socket.readyState === WebSocket.OPEN;
  }

  send(message) {
    if (this.takes) this.socket.send(JSON.stringify(message));
  }

  // A frame of the microphone, behind what was heard meanwhile. `waited`: it was said before the connection was there.
  frame(buffer, { waited = false } = {}) {
    if (!this.takes) return;
    const unsent = this.socket.bufferedAmount;
    this.waitedBytes = Math.min(this.waitedBytes, unsent);
    if (waited) this.waitedBytes += HEAD_BYTES + buffer.byteLength;
    else if (unsent > UNSENT_MAX_BYTES + this.waitedBytes) {
      this.stats.framesDropped += 1;
      this.handlers.onSlow();
      return;
    }
    this.stats.framesSent += 1;
    this.stats.bytesSent += buffer.byteLength;
    this.socket.send(withHead(buffer, this.handlers.report()));
  }

  close() {
    this.closed = true;
    this.isReady = false;
    clearTimeout(this.timer);
    this.socket?.close(1000);
    this.socket = null;
  }
}
