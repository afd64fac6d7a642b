"""Whether somebody who pauses has finished, told from their words so far."""

from __future__ import annotations

import re
from enum import Enum
from itertools import takewhile
from typing import Final


class TurnEnd(Enum):
    """How the words so far end."""

    FINISHED = "finished"
    """Like a whole sentence, question or short answer."""
    UNCLEAR = "unclear"
    OPEN = "open"
    """In the middle: a filler, a function word, half a number."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The voice model puts a full stop after nearly everything, so the words count more than the stop.
_WORD = re.compile(r"[a-z0-9][a-z0-9'$%./:-]*", re.IGNORECASE)
_FILLERS: Final = _words("um uh uhm umm uhh er erm hm hmm mm mmm mhm ah eh like well so anyway")
_FUNCTION_WORDS: Final = _words(
    "a an the my your his her its our their this these those of to in on at by for from with without into onto about"
    " between through during until till and or but nor because since although though unless if when while where which"
    " that who whose than as is are was were am be been being has have had do does did can could will would shall"
    " should may might must not very really just also even every each some any no more most plus minus"
    " i'm i've i'd it's that's there's what's we're they're you're he's she's let's called named aged"
)
"""After these something follows; a sentence seldom ends in one of them."""
_MAY_CLOSE: Final = _words(
    "is are was were am be been do does did can could will would should may might must have has had in on for with"
    " about to at from by that this these those not more most no any some since through when where who"
)
"""Of those, words that also close a question: "what is it for?"."""
_OPEN_PHRASES: Final = re.compile(
    r"(?:\b(?:number|code|name|birthday|birth|date|address|email|e-mail|phone|zip|id|claim|question|problem|question i have|amount|income)"
    r" (?:is|was|would be|are)"
    r"|\b(?:you know|i mean|let me see|let me think|let's see|hold on|one moment|one second|wait|kind of|sort of|such as|for example"
    r"|so that|in order to|as well as|i was wondering|i wonder|i want to know|i'd like to know|i would like to know|can you tell me"
    r"|could you tell me|tell me|do you know|i think|i guess|i was born|born|i live|going to|want to|need to|have to|trying to"
    r"|able to|used to|supposed to|i want|i need|i have|i would like|i'd like|i also|and also|but also|the thing is))$"
)
_SHORT_ANSWERS: Final = re.compile(
    r"(?:yes|yeah|yep|yup|no|nope|nah|ok|okay|sure|right|correct|exactly|thanks|thank you|please|yes please|no thanks|no thank you"
    r"|hello|hi|hey|bye|goodbye|good morning|good afternoon|good evening|stop|cancel|continue|go on|go ahead|repeat|never mind"
    r"|all right|alright|of course|that's all|that's it|that's right|i see|got it|help|help me|neither|both|none|not yet|maybe"
    r"|i do|i don't|i am|i'm not|i did|i didn't|i haven't|it isn't|yes i do|yes i am|yes i have|no i don't|no i'm not"
    r"|no i haven't|i don't know|i'm not sure|thank you very much)"
)
_NUMBER_WORDS: Final = _words(
    "zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand"
)
_DICTATES: Final = re.compile(
    r"\b(?P<phone>(?:phone|my|cell|home|callback) number|phone|call me|reach me)\b|\b(?P<zip>zip(?: code)?)\b"
    r"|\b(?P<social>social security number|ssn)\b|\b(?:number|code|id)\b"
)
_WHOLE: Final = {"phone": (7, 10, 11), "zip": (5, 9), "social": (9,)}
"""How many digits there are when all are said."""
_MIN_DIGITS: Final = 4
"""Of any other number or code that is announced."""
_QUESTION: Final = re.compile(
    r"^(?:(?:and|so|but|ok|okay|well|um|uh|hi|hello)\s+)*(?:what|when|where|who|why|how|which|is|are|am|was|were|do|does|did|can"
    r"|could|will|would|should|may)\b"
)


def judge(transcript: str) -> TurnEnd:
    """How a transcript, cased and punctuated or not, ends."""
    text = transcript.strip().lower().replace("’", "'")
    words = _WORD.findall(text)
    if not words:
        return TurnEnd.UNCLEAR
    plain = " ".join(word.strip("'.:-/") for word in words)
    if text.endswith(("...", "…", ",", "-", "–", "—")) or _is_mid_number(plain):
        return TurnEnd.OPEN
    if _SHORT_ANSWERS.fullmatch(plain):
        return TurnEnd.FINISHED
    if _OPEN_PHRASES.search(plain):
        return TurnEnd.UNCLEAR if text.endswith("?") else TurnEnd.OPEN
    return _judge_last_word(plain, asks=text.endswith("?"), stops=text.endswith((".", "!", "?")))


def _judge_last_word(plain: str, *, asks: bool, stops: bool) -> TurnEnd:
    words = plain.split()
    last = words[-1]
    question = asks or _QUESTION.match(plain) is not None
    if last in _FILLERS or plain == "m":  # "m" is what speech-to-text makes of an "um" by itself
        return TurnEnd.OPEN
    if last in _FUNCTION_WORDS:
        return TurnEnd.UNCLEAR if question and last in _MAY_CLOSE and len(words) > 2 else TurnEnd.OPEN
    if question and len(words) > 2:
        return TurnEnd.FINISHED
    return TurnEnd.FINISHED if stops and len(words) > 2 else TurnEnd.UNCLEAR


def _is_mid_number(plain: str) -> bool:
    """Whether somebody is dictating a number and its digits are not all there."""
    cues = list(_DICTATES.finditer(plain))
    words = (plain[cues[-1].end() :] if cues else plain).split()
    figures = list(takewhile(_is_number, reversed(words)))
    count = sum(len(re.sub(r"\D", "", word)) or 1 for word in figures)
    if not figures:
        return False
    if cues:
        kind = cues[-1].lastgroup
        return count not in _WHOLE[kind] if kind else count < _MIN_DIGITS
    # Nothing but groups of figures, "800 633": a phone number that nobody announced.
    return len(figures) == len(words) > 1 and count not in _WHOLE["phone"]


def _is_number(word: str) -> bool:
    return word in _NUMBER_WORDS or re.sub(r"[-/]", "", word).isdigit()
