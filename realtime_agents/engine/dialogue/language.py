"""Tells Spanish from English by the small words of both. Pure text in, yes or no out."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STRONG = _words(
    """
    ayuda ayudar años buenas buenos cobertura como costo cual cuando cuanta cuanto cuantos cubre cuesta cuestan cuidado
    cuál cuándo cuánta cuánto cuántos cómo debo dientes dinero donde dónde edad ella enfermedad entiendo eres espanol
    español esposa esposo esta estaba estan esto estoy está están facturas fue gracias gratis habla hablas hablo hace
    hacer hasta hijo hijos hola ingles inglés inscribirme inscribo llamar medicinas medicos mi mis murio murió muy más
    médicas médico médicos necesita necesito nuestro nueva nuevo número paga pagan pagar pago para parte pensión perdi
    perdí pero por porque preguntar puede pueden puedo que quien quiero quién qué recetas saber salud seguro según
    servicio señor señora sin sobre solicitar solicito soy también tarjeta tengo tiene tienen tienes todo trabajo usted
    ustedes veterana veterano veteranos vivo
    """
)
"""Spanish words that English questions do not hold."""
_WEAK = _words(
    """
    a al con de del dental el en era es este hay hospital la las lo los me mucho no o persona se si son su sus sí un una
    unas unos va y
    """
)
"""They count only beside others: names and places are full of them ("Los Angeles", "de la Cruz"), or they are English too."""
_ENGLISH = _words(
    """
    about am an and any are as at be been but by can could cover covered do does for from get had have her his how i if in
    is it its know mean means my need not of on or our pay say says she should sign that the their they this to up was we
    what when where which who why will with would you your
    """
)
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
