"""Reading speech while it goes on: guesses, sketches, what is kept, what is held."""

from __future__ import annotations

import asyncio

import pytest

from realtime_agents.engine.input_audio import AudioTape
from realtime_agents.engine.utterance import KEPT_MS, SKETCH_MAX_MS, Utterance
from realtime_agents.errors import SpeechBusy
from tests.support.scripted_speech import ScriptedSpeech, said, silence


class Speaker:
    """Somebody who speaks onto a tape, and the utterance that is read from it."""

    def __init__(self) -> None:
        self.speech = ScriptedSpeech()
        self.tape = AudioTape()
        self.shown: list[str] = []
        self.utterance = Utterance(self.speech, self.tape, 0, on_words=self._show)
        self.utterance.resume()

    async def _show(self, text: str) -> None:
        self.shown.append(text)

    def say(self, pcm: bytes) -> int:
        self.tape.write(pcm)
        return self.tape.end_ms

    def read(self) -> list[str]:
        return [text for text, _, _ in self.speech.read]


async def done() -> None:
    """Let everything that can run, run."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_guess_after_which_nothing_is_said_is_the_whole_and_nothing_else_is_read() -> None:
    speaker = Speaker()
    speaker.utterance.guess(speaker.say(said("how much") + silence(200)))
    end_ms = speaker.say(silence(300))
    assert await speaker.utterance.finish(end_ms) == "how much"
    assert speaker.read() == ["how much"]


async def test_a_guess_under_way_at_the_end_is_waited_for() -> None:
    speaker = Speaker()
    speaker.speech.reading.clear()
    speaker.utterance.guess(speaker.say(said("how much") + silence(200)))
    words = speaker.utterance.finish(speaker.say(silence(300)))
    await done()
    assert not words.done()
    speaker.speech.reading.set()
    assert await words == "how much"
    assert speaker.read() == ["how much"]


async def test_speech_after_a_guess_is_read_together_with_it() -> None:
    speaker = Speaker()
    speaker.utterance.guess(speaker.say(said("how much") + silence(200)))
    speaker.utterance.resume()
    assert await speaker.utterance.finish(speaker.say(said("is it"))) == "how much is it"


async def test_a_guess_that_is_overtaken_is_not_read_to_its_end() -> None:
    speaker = Speaker()
    speaker.speech.reading.clear()
    speaker.utterance.guess(speaker.say(said("how") + silence(200)))
    await done()
    speaker.utterance.resume()
    speaker.utterance.guess(speaker.say(said("much") + silence(200)))
    speaker.speech.reading.set()
    assert await speaker.utterance.finish(speaker.tape.end_ms) == "how much"
    assert speaker.read() == ["how much"]


async def test_a_long_guess_is_kept_and_only_what_follows_is_read_again() -> None:
    speaker = Speaker()
    long = said("how much is it " * 10)
    until_ms = speaker.say(long + silence(200))
    assert until_ms >= KEPT_MS
    speaker.utterance.guess(until_ms)
    await speaker.utterance.guessed()
    speaker.utterance.resume()
    assert until_ms - 200 < speaker.utterance.unread_ms < until_ms
    speaker.tape.forget(speaker.utterance.unread_ms)
    words = await speaker.utterance.finish(speaker.say(said("thanks")))
    assert words == "how much is it " * 10 + "thanks"
    assert speaker.read()[-1] == "thanks"


async def test_audio_let_go_before_a_guess_was_read_is_not_missing_from_it() -> None:
    speaker = Speaker()
    speaker.utterance.guess(speaker.say(said("how much") + silence(200)))
    words = speaker.utterance.finish(speaker.tape.end_ms)
    speaker.tape.forget(speaker.tape.end_ms)
    assert await words == "how much"


async def test_what_follows_a_kept_guess_under_way_waits_for_it() -> None:
    speaker = Speaker()
    speaker.speech.reading.clear()
    speaker.utterance.guess(speaker.say(said("how much is it " * 10) + silence(200)))
    await done()
    speaker.utterance.resume()
    speaker.utterance.guess(speaker.say(said("thanks") + silence(200)))
    words = speaker.utterance.finish(speaker.tape.end_ms)
    speaker.speech.reading.set()
    assert await words == "how much is it " * 10 + "thanks"
    assert speaker.read()[1] == "thanks"


async def test_a_guess_that_fails_is_read_at_the_end_and_nothing_of_it_is_let_go() -> None:
    speaker = Speaker()
    speaker.speech.reading_faults = [SpeechBusy("full")]
    speaker.utterance.guess(speaker.say(said("how much") + silence(200)))
    assert await speaker.utterance.guessed() is None
    speaker.utterance.keep()
    speaker.utterance.pass_silence(speaker.say(silence(5_000)))
    assert speaker.utterance.unread_ms == 0
    assert await speaker.utterance.finish(speaker.tape.end_ms) == "how much"


async def test_the_end_that_cannot_be_read_says_so() -> None:
    speaker = Speaker()
    speaker.speech.reading_faults = [SpeechBusy("full")]
    with pytest.raises(SpeechBusy):
        await speaker.utterance.finish(speaker.say(said("how")))


async def test_silence_after_a_kept_guess_is_let_go_and_speech_is_not() -> None:
    speaker = Speaker()
    speaker.utterance.guess(speaker.say(said("how much") + silence(200)))
    await speaker.utterance.guessed()
    speaker.utterance.keep()
    now_ms = speaker.say(silence(10_000))
    speaker.utterance.pass_silence(now_ms - 1_000)
    assert speaker.utterance.unread_ms == now_ms - 1_000
    speaker.utterance.resume()
    end_ms = speaker.say(said("is it"))
    speaker.utterance.pass_silence(end_ms)
    assert speaker.utterance.unread_ms == now_ms - 1_000
    assert await speaker.utterance.finish(end_ms) == "how much is it"


async def test_kept_while_it_is_read_is_kept_once() -> None:
    speaker = Speaker()
    speaker.speech.reading.clear()
    speaker.utterance.guess(speaker.say(said("how much") + silence(200)))
    await done()
    speaker.utterance.keep()
    speaker.speech.reading.set()
    await speaker.utterance.guessed()
    speaker.utterance.keep()
    speaker.utterance.resume()
    assert await speaker.utterance.finish(speaker.say(said("is it"))) == "how much is it"


async def test_sketches_are_partial_one_at_a_time_and_left_out_when_busy_or_long() -> None:
    speaker = Speaker()
    speaker.utterance.sketch(speaker.say(said("how much")))
    await done()
    speaker.speech.partials_are_busy = True
    speaker.utterance.sketch(speaker.say(said("is")))
    await done()
    speaker.speech.partials_are_busy = False
    speaker.utterance.sketch(speaker.say(silence(SKETCH_MAX_MS)))
    await done()
    assert [(text, partial) for text, _, partial in speaker.speech.read] == [("how much", True)]
    assert speaker.shown == ["how much"]


async def test_after_the_end_no_sketch_is_shown_any_more() -> None:
    speaker = Speaker()
    speaker.utterance.sketch(speaker.say(said("how much")))
    words = speaker.utterance.finish(speaker.tape.end_ms)
    assert await words == "how much"
    await done()
    assert speaker.shown == []


async def test_dropped_speech_is_not_read() -> None:
    speaker = Speaker()
    speaker.speech.reading.clear()
    speaker.utterance.guess(speaker.say(said("how much")))
    await done()
    speaker.utterance.drop()
    speaker.speech.reading.set()
    await done()
    assert speaker.read() == []


def test_a_tape_gives_back_by_position_what_it_still_has() -> None:
    tape = AudioTape()
    tape.write(said("how much"))
    tape.forget(100)
    tape.forget(50)
    assert (tape.start_ms, tape.end_ms, tape.size_bytes) == (100, 400, 300 * 48)
    assert tape.read(0, 200) == said("how")[100 * 48 :]
    assert tape.read(300, 900) == said("much")[100 * 48 :]
    assert tape.read(0, 50) == b""
    tape.forget(10_000)
    assert (tape.start_ms, tape.end_ms) == (400, 400)
