// The way of the person's voice to the server. What is said before the connection is there waits here.
//
// Hands-free, of a longer wait the newest sound is kept. Push to talk sends whole sentences or none:
// a press that the connection was lost in, or came too late for, ends, and the person is told.

import { Gate } from "./voice_gate.js";

const WAITING_MAX_FRAMES = 250; // 5 s: the server takes so much at once on top of what is being said

export class Uplink {
  // `onPressLost()` is told when a press ends that way.
  constructor(onPressLost) {
    this.onPressLost = onPressLost;
    this.socket = null;
    this.connected = false;
    this.waiting = [];
    this.dropped = 0; // frames for which there was no room
    this.gate = new Gate(
      (buffer) => this.send(buffer),
      (on) => this.socket?.send({ type: "talk", on }),
    );
  }

  // What waits was said under the other rule: it is no press.
  setPushToTalk(on) {
    if (on !== this.gate.pushToTalk) this.waiting = [];
    this.gate.setPushToTalk(on);
  }

  // A frame of the microphone.
  frame(buffer) {
    this.gate.frame(buffer);
  }

  send(buffer) {
    if (this.socket?.isReady) {
      this.socket.frame(buffer);
      return;
    }
    this.waiting.push(buffer);
    if (this.waiting.length <= WAITING_MAX_FRAMES) return;
    this.waiting.shift();
    this.dropped += 1;
    if (this.gate.pushToTalk) this.losePress();
  }

  // The connection is there.
  ready() {
    this.connected = true;
    const early = this.waiting.splice(0);
    const talking = this.gate.state !== "idle";
    const pressed = this.gate.pushToTalk && (talking || early.length > 0);
    if (pressed) this.socket.send({ type: "talk", on: true });
    for (const buffer of early) this.socket.frame(buffer, { waited: true });
    if (pressed && !talking) this.socket.send({ type: "talk", on: false });
  }

  // It is gone, and with it the beginning of what is being said; or it could not be made again.
  down() {
    const { connected } = this;
    this.connected = false;
    if (connected && this.gate.pushToTalk && this.gate.state !== "idle") this.losePress();
  }

  losePress() {
    this.dropped += this.waiting.length;
    this.forget();
    this.onPressLost();
  }

  // Nothing of what was said so far is to be sent, and nobody talks.
  forget() {
    this.gate.cut();
    this.waiting = [];
  }
}
