// Which words of a text are spoken, and how many of them were said at a moment.
//
// The rule is shared with the server (`protocol/spoken_words.py`): the spoken words of a text are its
// runs without white space that still hold a letter or a digit once citation marks such as [3] or
// [1, 2] are taken out.

const MARK = /\[\d{1,4}(?:\s*[,;]\s*\d{1,4})*\]/g;
const SAYABLE = /[\p{L}\p{N}]/u;

const tokens = (text) =>
  text
    .replace(MARK, (mark) => mark.replace(/\S/g, "."))
    .split(/\s+/)
    .filter(Boolean);

export function countSpoken(text) {
  let count = 0;
  for (const token of tokens(text)) if (SAYABLE.test(token)) count += 1;
  return count;
}

// Spoken words of the first `chars` characters, counted as Python counts them: in code points.
export function countSpokenIn(text, chars) {
  return countSpoken(Array.from(text).slice(0, chars).join(""));
}

// For each token of the text the number of the word it is, counted from `first`. A token that is not
// spoken, such as a dash, belongs to the word before it.
export function wordNumbers(text, first) {
  let next = first;
  return tokens(text).map((token) => (SAYABLE.test(token) ? next++ : next - 1));
}

// Marks are [ms, words] in rising order: at `ms` so many words were said; straight lines between.
export function wordsAt(points, ms) {
  let before = [0, 0];
  for (const point of points) {
    if (ms < point[0]) {
      const part = (ms - before[0]) / (point[0] - before[0]);
      return before[1] + part * (point[1] - before[1]);
    }
    before = point;
  }
  return before[1];
}
