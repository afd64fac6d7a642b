"""Which words belong to which stretch of audio, and which are left when it is cut."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_agents.engine.speech.kit import SpokenSentence
from realtime_agents.engine.speech.timing import WordTime
from realtime_agents.engine.spoken_track import SpokenTrack, pieces_of, time_words
from tests.support.scripted_speech import spoken


def with_tail(text: str, tail_ms: int) -> SpokenSentence:
    sentence = spoken(text)
    return SpokenSentence(text=text, pcm=sentence.pcm + bytes(tail_ms * 48), words=sentence.words)


@pytest.mark.parametrize("text", ["One two. [1]", " One", "\n- One, two", "[3] One [4]", "“One”", "…", ""])
def test_the_words_of_a_sentence_joined_are_its_text(text: str) -> None:
    assert "".join(word.text for word in time_words(spoken(text), 0)) == text
    assert "".join(piece.text for piece in pieces_of(spoken(text), 0)) == text


def test_words_that_nobody_says_come_with_the_audio_of_others_or_alone() -> None:
    (word,) = time_words(SpokenSentence(text=" [1] — ", pcm=b""), 480)
    assert (word.text, word.start, word.end) == (" [1] — ", 480, 480)
    (piece,) = pieces_of(SpokenSentence(text=" [1]", pcm=b""), 0)
    assert (piece.text, piece.samples) == (" [1]", 0)


def test_a_word_ends_where_the_next_one_begins_and_the_last_one_with_the_sound() -> None:
    words = time_words(with_tail("One two", 220), 24_000)
    assert [(w.start, w.end) for w in words] == [(24_000, 26_400), (26_400, 28_800)]


def test_pieces_are_200_ms_and_hold_the_words_that_begin_in_them() -> None:
    pieces = list(pieces_of(with_tail("One two three", 50), 0))
    assert [(p.text, p.samples) for p in pieces] == [("One two", 4_800), (" three", 3_600)]


def test_a_word_after_the_end_of_the_sound_is_in_the_last_piece() -> None:
    pcm = np.full(2_400, 8_000, "<i2").tobytes()
    times = (WordTime(offset=0, at_ms=0), WordTime(offset=4, at_ms=900))
    (piece,) = pieces_of(SpokenSentence(text="One two", pcm=pcm, words=times), 0)
    assert piece.text == "One two"


def test_a_cut_keeps_whole_words_and_shortens_the_track() -> None:
    track = SpokenTrack()
    for sentence in (spoken("One two."), spoken(" Three [1] four.")):
        for piece in pieces_of(sentence, track.samples):
            track.add(piece.words, piece.samples)
    assert (track.text, track.duration_ms) == ("One two. Three [1] four.", 400)
    track.cut(350)
    assert (track.text, track.duration_ms, track.chars) == ("One two. Three [1]", 350, 18)
    track.cut(360)
    assert track.duration_ms == 350
    track.cut(0)
    assert (track.text, track.duration_ms) == ("", 0)
