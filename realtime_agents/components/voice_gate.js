// Decides which frames of the microphone leave the page. No clock and no audio of its own: 20 ms
// frames are its time.
//
// Hands-free, all of them do. With push to talk only those while the button is held, and so that
// nothing is lost at its edges the 260 ms before the press and the 160 ms after the release as well.

const BEFORE_FRAMES = 13;
const AFTER_FRAMES = 8;

export class Gate {
  // `send(frame)` gets every frame that may leave; `edge(on)` is told when talking begins and ends.
  constructor(send, edge) {
    this.send = send;
    this.edge = edge;
    this.pushToTalk = false;
    this.state = "idle"; // idle, held, after
    this.before = [];
    this.left = 0;
  }

  setPushToTalk(on) {
    if (on === this.pushToTalk) return;
    this.cut();
    this.pushToTalk = on;
  }

  frame(buffer) {
    if (!this.pushToTalk || this.state === "held") {
      this.send(buffer);
    } else if (this.state === "after") {
      this.send(buffer);
      this.left -= 1;
      if (this.left === 0) this.cut();
    } else {
      this.before.push(buffer);
      if (this.before.length > BEFORE_FRAMES) this.before.shift();
    }
  }

  press() {
    if (!this.pushToTalk || this.state === "held") return;
    if (this.state === "idle") {
      this.edge(true);
      for (const buffer of this.before.splice(0)) this.send(buffer);
    }
    this.state = "held";
  }

  release() {
    if (this.state !== "held") return;
    this.state = "after";
    this.left = AFTER_FRAMES;
  }

  // Ends talking now: no more frames will come, or they mean something else.
  cut() {
    if (this.state !== "idle") this.edge(false);
    this.state = "idle";
    this.before = [];
  }
}
