"""Tells Spanish from English by the small words of both. Pure text in, yes or no out."""

from __future__ import annotations

import re

_SPANISH_WORDS = """
    ayuda ayudar buenas buenos cómo como cobertura costo cuando cuándo cuanta cuánta cuanto cuánto cuantos cuántos cual cuál
    cubre cuesta cuestan cuidado debo dental dientes dinero dónde donde edad ella enfermedad entiendo era eres espanol español
    esposa esposo esta está estan están estaba estoy este esto facturas fue gracias gratis hablas habla hablo hace hacer hasta
    hay hijo hijos hola hospital ingles inglés inscribirme inscribo llamar más medicinas médicas médico medicos médicos mi mis
    mucho muy murió murio necesita necesito nueva nuevo número nuestro pagar paga pago pagan para parte pensión pero perdí
    perdi persona pero por porque preguntar puede pueden puedo qué que quien quién quiero recetas saber salud según seguro señor
    señora servicio sin sobre solicitar solicito soy también tarjeta tengo tiene tienen tienes todo trabajo usted ustedes va
    veterana veterano veteranos vivo y años
"""
_SHARED = frozenset(["dental", "hospital", "va", "este", "era", "y", "persona", "mucho", "hay"])
"""Spanish words that are English, or that English questions hold for other reasons."""
_WEAK = (
    frozenset(
        [
            "el",
            "la",
            "los",
            "las",
            "lo",
            "un",
            "una",
            "unos",
            "unas",
            "de",
            "del",
            "en",
            "al",
            "con",
            "se",
            "me",
            "su",
            "sus",
            "no",
            "si",
            "sí",
            "es",
            "son",
            "a",
            "o",
        ]
    )
    | _SHARED
)
"""They count only beside others: names and places are full of them ("Los Angeles", "de la Cruz")."""
_STRONG = frozenset(_SPANISH_WORDS.split()) - _SHARED
_ENGLISH = frozenset(
    [
        "a",
        "about",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "cover",
        "covered",
        "could",
        "do",
        "does",
        "for",
        "from",
        "get",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "how",
        "i",
        "if",
        "in",
        "is",
        "it",
        "its",
        "know",
        "mean",
        "means",
        "my",
        "need",
        "not",
        "of",
        "on",
        "or",
        "our",
        "pay",
        "say",
        "says",
        "she",
        "should",
        "sign",
        "that",
        "the",
        "their",
        "they",
        "this",
        "to",
        "up",
        "was",
        "we",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
) - {"a", "he", "has", "no", "son", "me"}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ASKS_FOR_SPANISH = re.compile(
    r"\b(?:do|can|could) you (?:\w+ )?(?:speak|talk|understand|answer|write)\b.{0,15}\b(?:spanish|espa[nñ]ol)\b",
    re.IGNORECASE,
)
MIN_STRONG_SHARE = 0.25


def wants_spanish(text: str) -> bool:
    """True for a message in Spanish, and for the question whether Spanish is spoken here."""
    return is_spanish(text) or _ASKS_FOR_SPANISH.search(text) is not None


def is_spanish(text: str) -> bool:
    """True for a message in Spanish, with or without accents; not for English with Spanish names in it."""
    found = [word.lower() for word in _WORD.findall(text)]
    strong = sum(word in _STRONG for word in found) + ("¿" in text or "¡" in text)
    weak = sum(word in _WEAK for word in found)
    english = sum(word in _ENGLISH for word in found)
    if not strong or english >= strong:
        return False
    if not english and strong + weak >= 2:
        return True
    return strong / len(found) >= MIN_STRONG_SHARE or (strong + weak) / len(found) >= 2 * MIN_STRONG_SHARE
