// Tickets of the audio socket: asked of the server through the page, which answers some time later.

import * as words from "./voice_words.js";

const WITHIN_MS = 20_000;

// The server does not let this page in; the message is for people, and may be empty.
export class Refused extends Error {}

export class Tickets {
  constructor() {
    this.waiting = null; // {resolve, reject} of the newest question
  }

  // `ask()` puts the question; resolves with a ticket or rejects with `Refused`.
  wait(ask) {
    return new Promise((resolve, reject) => {
      this.refuse("");
      const timer = setTimeout(() => reject(new Refused(words.NO_TICKET)), WITHIN_MS);
      const once = (settle) => (value) => {
        clearTimeout(timer);
        settle(value);
      };
      this.waiting = { resolve: once(resolve), reject: once(reject) };
      ask();
    });
  }

  give(token) {
    this.waiting?.resolve(token);
    this.waiting = null;
  }

  refuse(problem) {
    this.waiting?.reject(new Refused(problem));
    this.waiting = null;
  }
}
