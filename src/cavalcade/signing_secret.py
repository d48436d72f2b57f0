"""Whether a signing secret can be guessed: placeholders, words, repetitions, and runs along the keyboard.

Who guesses the secret makes tokens of any host, and can try guesses against one token without asking the server. So a
secret counts for what it would take to describe it: a known word or a run is worth a few bits however long it is, and
anything else as much as its characters.
"""

from __future__ import annotations

import base64
import binascii
import functools
import math
import re
from typing import Final

SHORTEST: Final = 32
"""Characters."""

LEAST_BITS: Final = 84
"""32 random hexadecimal digits have 128, of which chance runs and repetitions take some; sentences have fewer."""

HOW_TO_MAKE_ONE: Final = "make one with `openssl rand -hex 32`"

_WORD_BITS: Final = 6.0
_RUN_BITS: Final = 7.0
_COPY_BITS: Final = 3.0
_SEPARATOR_BITS: Final = 1.0
_SHORTEST_RUN: Final = 3
_LONGEST_LOOKED_AT: Final = 256

_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyzabc",
    "01234567890123",
    "0123456789abcdef0123",
    # The rows of keyboards, then their columns, then two rows in turn.
    *(
        "qwertyuiop[]",
        "asdfghjkl;'",
        "zxcvbnm,./",
        "qwertzuiop",
        "yxcvbnm,.-",
        "azertyuiop",
        "qsdfghjklm",
        "!@#$%^&*()_+",
    ),
    *("1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "zaqxswcdevfrbgtnhymjukilop"),
    *("1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "qawsedrftgyhujikolp", "azsxdcfvgbhnjmk"),
)

_WORDS: Final = frozenset(
    """
    a abc about above account actual add address admin after again all also always an and another any anybody anyone
    api app are as at auth authentication aws back bad base be because been before best better bits but by bytes
    cafe can cannot cavalcade change changed changeit changeme changing char character characters choose code coffee
    com company compose config configuration convoy copy correct could crypt cryptographic data database day db dead
    default define demo deploy deployment dev development different digits do docker does dog domain done dont dummy
    each ed edit empty encryption enough enter env environment er es ever every example face false feed file fill
    first fix foo foobar for fox from fully generate generated generator get give given go goes good group guess
    guessable guessed hacker hard hash have head health hello here hex hidden hold hole host house how hunter i id
    if ignore important in ing input insecure insert install instead into ion is it its just jwt keep kept key
    keyboard keys know known knows last least length less let letmein letters like live local localhost long longer
    love ly made main make making many master may me min minimum mode monkey more most must my name need needs never
    new no nobody none not nothing now null number of old on once one only open openssl or other our out over own
    pass passphrase passw password pick place placeholder please postgres pretty private prod production public put
    qwerty rand random randomly read real really redis replace replaced required reset right root run running safe
    same sample save say secret secrets secure security see server service session set setting settings short should
    sign signing simple site so some somebody someone something sometime somewhere special staging start starting
    still string strong sudo super sure system take temp temporary ten test tested tester testing tests text than
    that the their then there these thing things this those three time tion tmp to todo token tokens too top trust
    two unique unknown unsafe until up update url us use used user username using value variable version very want
    was way we welcome well what when where which who whole will with without word words work world would write
    wrong yes you your yours zero
    adipiscing aendern ajout amet anpassen aqui aquí avant babe baseball battery beef bitte bonjour brown cambia
    cambiame cambiar ceci cest changer changez clave cle clé code con consectetur contrasena contraseña dans das de
    del der die dieser dolor dragon ein einer el elit elsewhere en ersetzen es est esta este et football geheim
    geheime geheimer geheimnis hier horse ich ici il ipsum ist jumps la lang lange langer larga largo lazy le les
    long longue lorem ma mas master mein mettre mi modifier mon mot motdepasse motorcycle muss muy más nicht output
    para pas passe passwort people plus por pour princess quick reemplazar remplacer remplacez schluessel schlüssel
    secreta secrete secreto secrète segura seguro sehr sein sicher sin sit staple sunshine swordfish tres très tu un
    und une vos votre zeichen zufall zufällig ändern
    """.split()  # noqa: SIM905 - 400 strings in quotes would be harder to read
)
_LONGEST_WORD: Final = max(map(len, _WORDS))
_SEPARATORS: Final = frozenset(" -_.:,;/+")
_DIGITS_FOR_LETTERS: Final = str.maketrans("013457@$!", "oieastasi")

_PLACEHOLDERS: Final = frozenset(
    {
        *(
            "changeme",
            "changeit",
            "example",
            "mypassword",
            "password",
            "passwort",
            "placeholder",
            "replaceme",
            "secret",
        ),
        *("todo", "yourpassword"),
    }
)


def weakness_of(secret: str) -> str | None:
    """What is wrong with a signing secret, or None where nothing is.

    Returns:
        The rest of a sentence that begins with what holds the secret; it never holds the secret itself.
    """
    if len(secret) < SHORTEST:
        return f"has fewer than {SHORTEST} characters: {HOW_TO_MAKE_ONE}"
    if estimated_bits(secret) < LEAST_BITS:
        return (
            "can be guessed, since it is a placeholder or consists of words, repetitions or neighbouring keys: "
            f"{HOW_TO_MAKE_ONE}"
        )
    return None


def is_placeholder(password: str) -> bool:
    """Whether a password, of a database, say, is what examples have in its place."""
    letters = "".join(character for character in password.casefold() if character.isalpha())
    return letters in _PLACEHOLDERS or re.fullmatch(r"[.*x?-]+|<.*>|\$\{.*\}|\{.*\}", password.casefold()) is not None


def estimated_bits(secret: str) -> float:
    """How much it takes to describe a secret, in bits; what it decodes to counts where that is text."""
    text = secret[:_LONGEST_LOOKED_AT]
    return min(_bits(each) for each in (text, *_decoded(text)))


def _decoded(text: str) -> list[str]:
    """The texts that `text` is an encoding of: random bytes are none."""
    found = []
    with_padding = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    for decode in (
        bytes.fromhex,
        lambda _: base64.b64decode(with_padding, validate=True),
        lambda _: base64.b64decode(with_padding, altchars=b"-_", validate=True),
    ):
        try:
            plain = decode(text).decode("ascii")
        except (ValueError, binascii.Error):
            continue
        if plain.strip().isprintable():
            found.append(plain.strip())
    return found


def _bits(text: str) -> float:
    """The cheapest way to put `text` together from characters, words, runs and copies of what came before."""
    folded = text.casefold()
    each = math.log2(max(2, _alphabet(text)))
    is_hexadecimal = re.fullmatch("[0-9a-f-]+", folded) is not None
    read = folded if is_hexadecimal else folded.translate(_DIGITS_FOR_LETTERS)
    copies = _longest_copies(folded)
    cheapest = [0.0] + [math.inf] * len(folded)
    for start in range(len(folded)):
        here = cheapest[start]
        steps = [(1, each)]
        # Between words there is usually the same sign.
        separator = int(folded[start] in _SEPARATORS)
        for end in range(start + separator + 1, min(start + separator + _LONGEST_WORD, len(folded)) + 1):
            if folded[start + separator : end] in _WORDS or read[start + separator : end] in _WORDS:
                bits = min(_WORD_BITS, (end - start - separator) * each)
                steps.append((end - start, bits + separator * _SEPARATOR_BITS))
        for length in range(_SHORTEST_RUN, len(folded) - start + 1):
            if not any(folded[start : start + length] in run for run in _both_ways()):
                break
            steps.append((length, _RUN_BITS))
        copied = math.log2(start + 1) + _COPY_BITS
        steps += [(length, copied) for length in range(_SHORTEST_RUN, copies[start] + 1)]
        for length, bits in steps:
            cheapest[start + length] = min(cheapest[start + length], here + bits)
    return cheapest[-1]


@functools.cache
def _both_ways() -> tuple[str, ...]:
    return tuple(run[::step] for run in _RUNS for step in (1, -1))


def _alphabet(text: str) -> int:
    """From how many characters each one was chosen, as far as one can see."""
    if re.fullmatch("[0-9]+", text):
        return 10
    if re.fullmatch("[0-9a-f]+|[0-9A-F]+", text):
        return 16
    kinds = ((26, "[a-z]"), (26, "[A-Z]"), (10, "[0-9]"))
    size = sum(count for count, kind in kinds if re.search(kind, text))
    return size + len(set(re.sub("[a-zA-Z0-9]", "", text)))


def _longest_copies(text: str) -> list[int]:
    """For each place, how many characters from there on stand in the same order somewhere before it as well."""
    longest = [0] * (len(text) + 1)
    after = [0] * (len(text) + 1)
    for start in range(len(text) - 1, 0, -1):
        same = [0] * (len(text) + 1)
        for before in range(start):
            if text[before] == text[start]:
                same[before] = 1 + after[before + 1]
        longest[start] = max(same)
        after = same
    return longest[:-1]
