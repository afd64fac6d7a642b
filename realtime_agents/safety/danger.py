"""Words of somebody in danger: they are answered at once, by no model and no tool."""

from __future__ import annotations

import re

CRISIS_ANSWER = (
    "I'm glad you said that. Please talk to someone now: dial 988, and press 1 for the Veterans Crisis Line. "
    "It is free, confidential and open day and night, for veterans, service members and the people close to "
    "them; without the 1, the same number helps everybody. If someone is in danger right now, call 911."
)
"""Spoken and shown as it is. Veterans Crisis Line: dial 988, then press 1."""

EMERGENCY_ANSWER = (
    "That sounds like an emergency. Please call 911 now, or ask somebody near you to call. I can't call for you, "
    "and I can't give medical advice. Questions about benefits can wait until you are safe."
)

CRISIS_ANSWER_IN_SPANISH = (
    "Me alegra que lo diga. Por favor, hable con alguien ahora: llame al 988; los veteranos marcan después el 1. Es gratis y "
    "confidencial, de día y de noche. Si alguien está en peligro ahora mismo, llame al 911."
)
"""The built-in engine understands no Spanish; these few words it must."""

EMERGENCY_ANSWER_IN_SPANISH = (
    "Eso parece una emergencia. Por favor, llame al 911 ahora, o pida a alguien cerca que llame. No puedo llamar por usted ni "
    "dar consejos médicos."
)

_SELF = r"(?:my|him|her|your|them)sel(?:f|ves)"
_CRISIS = re.compile(
    rf"""\b(?:
        (?:kill|hurt|harm|shoot|hang|cut)(?:s|ing)?\ {_SELF}
      | (?:end|ending|take|taking)\ (?:my|his|her|their)\ (?:own\ )?life
      | (?:am|is|are|'m|'s|'re|be|been|feel|feels|feeling|felt)\ (?:\w+\ )?suicidal
      | (?:commit|committing|thinking\ (?:about|of)|thoughts\ of|considering|attempt(?:ed|ing)?)\ suicide
      | (?:want|wants|wanted|going|plan|planning)\ to\ die
      | (?:do\ not|don't|dont|does\ not|doesn't)\ want\ to\ (?:live|be\ alive|be\ here\ any\ ?more|wake\ up)
      | (?:no|without\ a)\ reason\ to\ live
      | (?:i|we|they|everyone|everybody)(?:'d|\ would|\ is|\ are)?\ be(?:\ \w+)?\ better\ off\ (?:dead|without\ me)
      | better\ off\ (?:dead|without\ me)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PEOPLE = "husband|wife|spouse|partner|father|dad|mother|mom|son|daughter|child|baby|brother|sister|friend|neighbor|grand\\w+"
_SOMEBODY = rf"(?:i|he|she|they|we|somebody|someone|(?:my|the|our)\ (?:{_PEOPLE}))"
_EMERGENCY = re.compile(
    rf"""(?:(?<!\w)|(?='))(?:
        (?:my|his|her)\ chest\ (?:really\ )?(?:hurts|aches|is\ (?:hurting|tight|burning|killing\ me))
      | {_SOMEBODY}\ (?:\w+\ )?(?:have|has|having|got)\ (?:\w+\ )?(?:chest\ pains?|pains?\ in\ (?:my|his|her|the)\ chest)
      | (?:'m|am|'s|is|are|'re|think)\ (?:\w+\ )?having\ (?:a|an)\ (?:heart\ attack|stroke|seizure|allergic\ reaction)
      | {_SOMEBODY}\ (?:\w+\ )?(?:can't|cannot|can\ not|can\ hardly|can\ barely)\ (?:\w+\ )?breathe?
      | (?:is|'s|isn't|not)\ (?:not\ )?breathing
      | (?:is|'s)\ (?:unconscious|unresponsive|choking|not\ responding|not\ waking\ up)
      | {_SOMEBODY}\ (?:has\ |have\ )?(?:just\ )?(?:collapsed|overdosed|took\ too\ many\ pills|taken\ too\ many\ pills)
      | (?:'m|am|'s|is)\ bleeding\ (?:badly|heavily|a\ lot|out)
      | (?:the\ )?bleeding\ (?:won't|will\ not|doesn't|does\ not)\ stop
      | this\ is\ an?\ (?:medical\ )?emergency
      | (?:i|we)\ need\ an\ ambulance(?:\ (?:now|right\ now|please|here)|[^?\w]*$)
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_CRISIS_IN_SPANISH = re.compile(
    r"\b(?:suicidar(?:me|se)|(?:me|se) (?:quiere|quiero) (?:matar|morir)|(?:quiero|quiere) (?:morir|matar)(?:me|se)?"
    r"|quitar(?:me|se) la vida|no (?:quiero|quiere) (?:seguir )?(?:vivir|viviendo)|hacer(?:me|se) daño)\b",
    re.IGNORECASE,
)
_EMERGENCY_IN_SPANISH = re.compile(
    r"\b(?:me duele (?:mucho )?el pecho|no (?:puedo|puede) respirar|está inconsciente"
    r"|(?:tengo|tiene|teniendo|dando) (?:un |mucho )?(?:dolor (?:de|en el) pecho|infarto|ataque al coraz[oó]n)|es una emergencia|necesit(?:o|amos) una ambulancia)\b",
    re.IGNORECASE,
)


def answer_to_danger(text: str) -> str:
    """What is said at once to words of suicide, self-harm or a medical emergency; empty for all other words.

    Errs towards an answer: it costs a sentence, a miss may cost more. Questions about benefits
    ("does Medicare cover suicide prevention?", "is chest pain covered?") are not meant.
    """
    plain = " ".join(text.replace("’", "'").split())
    if _CRISIS.search(plain):
        return CRISIS_ANSWER
    if _CRISIS_IN_SPANISH.search(plain):
        return CRISIS_ANSWER_IN_SPANISH
    if _EMERGENCY_IN_SPANISH.search(plain):
        return EMERGENCY_ANSWER_IN_SPANISH
    return EMERGENCY_ANSWER if _EMERGENCY.search(plain) else ""


def speaks_of_danger(text: str) -> bool:
    """True for words of suicide, self-harm or a medical emergency: they reach no model."""
    return bool(answer_to_danger(text))
