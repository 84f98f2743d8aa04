"""Words that tell of health, in the languages around here: in nothing a client is sent.

A text message is read by whoever holds the phone. Stems, compared with how a word begins, accents
left out; an Arabic word may have "and", "the", "for" in front. `=` before one: that word alone.
"""

from __future__ import annotations

import re
import unicodedata

WORDS = {
    "en": """
        session visit appointment counsel program =care =caring therap treatment clinic recover
        addict drug alcohol =drinking sober sobriety detox rehab relapse overdose substance opioid
        opiate heroin cocaine =meth methadone suboxone naloxone narcan =aa =na health mental psych
        patient medic doctor =dr nurse physician hospital diagnos symptom depress anxiety trauma
        suicid crisis wellness wellbeing behavioral feedback probation parole =court
        =client =clients outpatient inpatient residential intake rating
    """,
    "es": """
        sesion visita =cita =citas consejer consulta programa cuidado terap tratamiento clinic
        recuper adicc adict droga alcohol =beber sobri desintoxic rehabilit recaida sobredosis
        sustancia opioid heroina cocaina metadona salud mental psic paciente medic doctor enfermer
        hospital diagnos sintoma depres ansiedad trauma suicid crisis bienestar =corte =juez
        probatoria ambulatori =cliente =clientes
    """,
    "ar": """
        جلسة جلسات جلست زيارة زيارات موعد مواعيد مستشار استشار إرشاد مرشد برنامج برامج رعاية
        عناية علاج معالج عيادة عيادات =تعاف تعافي إدمان مدمن مخدر كحول خمر =سكر سكران انتكاس
        =جرعة ميثادون صحة =صحي =صحية نفسي =مريض مرضى =طبي =طبية طبيب أطباء دكتور ممرض مستشفى
        تشخيص أعراض اكتئاب =قلق صدمة انتحار أزمة محكمة مراقبة =عميل عملاء زبون صحت
    """,
}
# Two letters that are spelled either way at the end of an Arabic word.
EITHER_WAY = str.maketrans({"\u0649": "\u064a", "\u0629": "\u0647"})


def plain(text: str) -> str:
    """A text as words are compared: small letters, no accents, one spelling of each letter."""
    bare = unicodedata.normalize("NFKD", text.casefold().translate(EITHER_WAY))
    return "".join(each for each in bare if not unicodedata.combining(each))


def _pattern(words: str, before: str = "") -> re.Pattern[str]:
    stems = sorted({plain(word) for word in words.split()})
    whole = [re.escape(stem[1:]) + r"\Z" for stem in stems if stem.startswith("=")]
    beginnings = [re.escape(stem) for stem in stems if not stem.startswith("=")]
    return re.compile(f"{before}(?:{'|'.join(beginnings + whole)})")


WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f\u064b-\u065f\u0670])+")
PATTERNS = (
    _pattern(WORDS["en"]),
    _pattern(WORDS["es"]),
    _pattern(WORDS["ar"], before="[وف]?[بلك]?(?:ال|ل)?"),
)


def telling_words(text: str) -> list[str]:
    """The words of a text that tell of health, as they stand in it.

    >>> telling_words("Oak Street Clinic")
    ['Clinic']
    """
    return [word for word in WORD.findall(text) if _tells(plain(word))]


def _tells(word: str) -> bool:
    return any(pattern.match(word) for pattern in PATTERNS)
