"""Which words were said by when."""

from __future__ import annotations

import pytest

from realtime_agents.protocol.spoken_words import (
    SpokenTrack,
    WordCounter,
    WordMark,
    end_of_words,
    word_ends,
    words_by,
)

ANSWER = "The Part B deductible is $257 [3]. Then — you pay 20 % [1, 2] of it."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  \n", []),
        ("one", ["one"]),
        ("one  two\nthree", ["one", "two", "three"]),
        ("It is [3].", ["It", "is"]),
        ("covered[1][2]. Yes", ["covered[1][2].", "Yes"]),
        ("a — b - c !", ["a", "b", "c"]),
        ("[1, 2] only [3 ; 4]", ["only"]),
        ("[12345] is no mark", ["[12345]", "is", "no", "mark"]),
        ("café 65 _ ñandú", ["café", "65", "ñandú"]),
    ],
)
def test_a_spoken_word_holds_a_letter_or_digit_beside_its_marks(text: str, words: list[str]) -> None:
    ends = word_ends(text)
    assert [text[:end].split()[-1] for end in ends] == words


def test_offsets_cut_the_text_behind_whole_words() -> None:
    assert ANSWER[: end_of_words(ANSWER, 5)] == "The Part B deductible is"
    assert ANSWER[: end_of_words(ANSWER, 6)] == "The Part B deductible is $257"
    assert ANSWER[: end_of_words(ANSWER, 7)].endswith("Then")
    assert end_of_words(ANSWER, 0) == 0
    assert end_of_words(ANSWER, -1) == 0
    assert end_of_words(ANSWER, 99) == len(ANSWER)
    assert end_of_words("one two [1].", 2) == len("one two [1].")


def test_the_count_is_the_same_for_the_models_numbers_and_those_that_people_see() -> None:
    assert len(word_ends("Covered [17], up to 100 days [3, 17].")) == len(
        word_ends("Covered [1], up to 100 days [2][1].")
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_text_in_pieces_has_the_words_of_the_whole(size: int) -> None:
    counter = WordCounter()
    counts = [counter.add(ANSWER[at : at + size]) for at in range(0, len(ANSWER), size)]
    assert counts[-1] == len(word_ends(ANSWER)) == 12
    assert counts == sorted(counts)


def test_an_open_bracket_that_never_becomes_a_mark_counts_in_the_end() -> None:
    counter = WordCounter()
    assert counter.add("see [12") == 1
    assert counter.add(" things and so on " + "x " * 40) == 46


def test_the_cost_of_a_long_text_is_that_of_its_pieces() -> None:
    counter = WordCounter()
    for _ in range(2000):
        counter.add("word ")
    assert counter.add("") == 2000
    assert len(counter._tail) < 20


MARKS = (WordMark(200, 2), WordMark(1000, 4))


@pytest.mark.parametrize(
    ("ms", "words"),
    [(-5, 0), (0, 0), (99, 0), (100, 1), (199, 1), (200, 2), (599, 2), (600, 3), (1000, 4), (9000, 4)],
)
def test_between_marks_words_are_said_evenly_and_only_whole_ones_count(ms: int, words: int) -> None:
    assert words_by(MARKS, ms) == words


def test_without_marks_nothing_was_said() -> None:
    assert words_by((), 5000) == 0


def test_words_belong_to_the_audio_that_comes_with_them() -> None:
    track = SpokenTrack()
    track.add_words("It is")
    assert track.add_audio(500) == WordMark(500, 2)
    assert track.add_audio(700) is None
    track.add_words(" covered [1].")
    assert track.add_audio(900) == WordMark(900, 3)
    assert track.finish(1000) is None
    assert track.words_by(900) == 3


def test_words_that_run_ahead_of_the_audio_are_held_to_what_can_be_said() -> None:
    track = SpokenTrack()
    track.add_words("w " * 60)
    assert track.add_audio(100) == WordMark(100, 1)
    assert track.add_audio(1000) == WordMark(1000, 7)
    assert track.finish(20_000) == WordMark(20_000, 60)


def test_words_that_come_after_all_audio_are_said_by_its_end() -> None:
    track = SpokenTrack()
    track.add_words("one two")
    track.add_audio(1000)
    assert track.finish(1200) is None
    track.add_words(" three")
    assert track.finish(1200) == WordMark(1200, 3)
    track.add_words(" four")
    assert track.finish(1200) == WordMark(1200, 4)
    assert list(track.marks) == [WordMark(1000, 2), WordMark(1200, 4)]


def test_corrected_words_replace_the_count_and_never_take_a_mark_back() -> None:
    track = SpokenTrack()
    track.add_words("one two three")
    track.add_audio(1000)
    track.replace_words("one")
    assert track.add_audio(1500) is None
    track.replace_words("one two three four")
    assert track.add_audio(2000) == WordMark(2000, 4)
