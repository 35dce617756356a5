"""The legal forms of companies: how each is spelt, and where it exists. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from golden_records.standardising.folding import fold


@dataclass(frozen=True, slots=True)
class LegalForm:
    """A legal form: its canonical spelling and the countries (ISO 3166 alpha-2) whose law knows it."""

    canonical: str
    countries: tuple[str, ...]


# canonical spelling | countries | other spellings. One line per legal form; the canonical spelling counts as one.
_TABLE: Final = """
SARL | FR LU CH MA TN DZ SN CI MC | S.A.R.L., S.à r.l., Sàrl, société à responsabilité limitée
SAS | FR CO | S.A.S., société par actions simplifiée
SASU | FR | S.A.S.U., SAS unipersonnelle, société par actions simplifiée unipersonnelle
EURL | FR DZ | E.U.R.L., entreprise unipersonnelle à responsabilité limitée
SA | FR BE CH LU ES PT PL RO MA | S.A., société anonyme, Sociedad Anónima, Spółka Akcyjna
SNC | FR BE IT LU CH | S.N.C., société en nom collectif, società in nome collettivo
SCS | FR BE LU | société en commandite simple
SCA | FR BE LU | société en commandite par actions
SCI | FR MC | S.C.I., société civile immobilière, sté civile immobilière
SCM | FR | société civile de moyens
SCP | FR MC | société civile professionnelle
SCEA | FR | société civile d'exploitation agricole
SC | FR | société civile
SCOP | FR | société coopérative et participative, société coopérative ouvrière de production
SCIC | FR | société coopérative d'intérêt collectif
SELARL | FR | S.E.L.A.R.L., société d'exercice libéral à responsabilité limitée
SELAS | FR | S.E.L.A.S., société d'exercice libéral par actions simplifiée
SELURL | FR | SELARL unipersonnelle
EARL | FR | exploitation agricole à responsabilité limitée
GAEC | FR | groupement agricole d'exploitation en commun
GIE | FR MA SN | G.I.E., groupement d'intérêt économique
EI | FR | entreprise individuelle
EIRL | FR | entrepreneur individuel à responsabilité limitée
SEM | FR | société d'économie mixte
GmbH | DE AT CH | G.m.b.H., Ges.m.b.H., GesmbH, mbH, Gesellschaft mit beschränkter Haftung
gGmbH | DE | gemeinnützige GmbH
GmbH & Co. KG | DE AT | GmbH und Co KG, GmbH & Co. Kommanditgesellschaft, GmbH + Co KG
UG | DE | UG (haftungsbeschränkt), UG haftungsbeschr, Unternehmergesellschaft haftungsbeschränkt
UG & Co. KG | DE | UG haftungsbeschränkt & Co KG
AG | DE AT CH LI | A.G., Aktiengesellschaft
AG & Co. KG | DE | AG und Co KG
KG | DE AT | K.G., Kommanditgesellschaft
KGaA | DE | KG a.A., Kommanditgesellschaft auf Aktien
AG & Co. KGaA | DE | SE & Co. KGaA, GmbH & Co. KGaA
OHG | DE | oHG, offene Handelsgesellschaft
OG | AT | offene Gesellschaft
GbR | DE | G.b.R., Gesellschaft bürgerlichen Rechts
PartG mbB | DE | PartGmbB, Partnerschaftsgesellschaft mbB
PartG | DE | Partnerschaftsgesellschaft
e.K. | DE | eK, e.Kfm., e.Kfr., eingetragener Kaufmann, eingetragene Kauffrau
eG | DE | e.G., eingetragene Genossenschaft
e.V. | DE AT | eV, eingetragener Verein
Ltd | GB IE CY MT IN NG HK | Ltd., Limited, Co. Ltd, Company Limited, Private Limited, Pvt Ltd, (Pty) Ltd, Pte Ltd
LLP | GB US IN | L.L.P., limited liability partnership
PLC | GB IE | P.L.C., public limited company
CIC | GB | community interest company
DAC | IE | designated activity company
LP | GB US | L.P., limited partnership
Inc | US CA | Inc., Incorporated
Corp | US CA PH | Corp., Corporation
LLC | US | L.L.C., Limited Liability Company, LC
SpA | IT CL | S.p.A., società per azioni
Srl | IT RO | S.r.l., società a responsabilità limitata, societate cu răspundere limitată
Srls | IT | S.r.l.s., S.r.l. semplificata
Sas (IT) | IT | società in accomandita semplice
SL | ES | S.L., Sociedad Limitada, Sociedad de Responsabilidad Limitada
SLU | ES | S.L.U., Sociedad Limitada Unipersonal
SAU | ES | S.A.U., Sociedad Anónima Unipersonal
Lda | PT AO MZ | Lda., Limitada, Ltda
Unipessoal Lda | PT | Unipessoal Limitada
BV | NL | B.V., besloten vennootschap
NV | NL BE | N.V., naamloze vennootschap
VOF | NL BE | V.O.F., vennootschap onder firma
CV | NL | C.V., commanditaire vennootschap
SPRL | BE | S.P.R.L., société privée à responsabilité limitée
BVBA | BE | B.V.B.A., besloten vennootschap met beperkte aansprakelijkheid
SRL | BE | BV/SRL
ASBL | BE LU | A.S.B.L., association sans but lucratif
VZW | BE | vereniging zonder winstoogmerk
AB | SE FI | A.B., Aktiebolag, Aktiebolaget
HB | SE | Handelsbolag
A/S | DK | Aktieselskab
ApS | DK | A.p.S., Anpartsselskab
AS | NO EE TR | Aksjeselskap, Aktsiaselts
ASA | NO | Allmennaksjeselskap
Oy | FI | O.Y., Osakeyhtiö, Oy Ab
Oyj | FI | julkinen osakeyhtiö
OÜ | EE | Osaühing
SIA | LV | sabiedrība ar ierobežotu atbildību
UAB | LT | uždaroji akcinė bendrovė
Sp. z o.o. | PL | spółka z o.o., spółka z ograniczoną odpowiedzialnością, sp zoo
s.r.o. | CZ SK | spol. s r.o., společnost s ručením omezeným
a.s. | CZ SK | akciová společnost
Kft | HU | Kft., korlátolt felelősségű társaság
Zrt | HU | zártkörűen működő részvénytársaság
d.o.o. | SI HR RS | društvo s ograničenom odgovornošću
EOOD | BG | ЕООД
OOD | BG | ООД
AE | GR | Α.Ε., Ανώνυμη Εταιρεία
EPE | GR | Ε.Π.Ε.
SE | EU FR DE NL BE LU AT CZ | Societas Europaea, société européenne
"""


def _read(table: str) -> tuple[Mapping[str, LegalForm], Mapping[tuple[str, str], LegalForm]]:
    forms: dict[str, LegalForm] = {}
    national: dict[tuple[str, str], LegalForm] = {}
    for line in table.strip().splitlines():
        canonical, countries, spellings = (part.strip() for part in line.split("|"))
        form = LegalForm(canonical.removesuffix(" (IT)"), tuple(countries.split()))
        for spelling in (canonical, *spellings.split(",")):
            forms.setdefault(fold(spelling), form)
            for country in form.countries:
                national.setdefault((fold(spelling), country), form)
    return forms, national


LEGAL_FORMS: Final[Mapping[str, LegalForm]] = _read(_TABLE)[0]
"""Folded spelling -> legal form. Where countries share a spelling (`sas`, `srl`), the line that comes first wins."""

_NATIONAL: Final = _read(_TABLE)[1]

LONGEST_LEGAL_FORM: Final = max(len(spelling.split()) for spelling in LEGAL_FORMS)

# Also an everyday word or an ending of ordinary names: taken for a legal form only in a country which has it.
_EVERYDAY: Final = frozenset({"as", "ab", "se", "sc", "ei", "sia", "cv", "og", "hb", "lp", "lc", "ae", "scop", "sem", "ek", "eg", "ev"})

# Before the name only French usage puts a legal form ('SARL Dupont', 'SCI des Lilas').
_LEADING: Final = frozenset({"FR", "BE", "LU", "CH", "MC", "MA", "TN", "DZ", "SN", "CI"})


def split_legal_form(words: tuple[str, ...], country: str | None = None) -> tuple[tuple[str, ...], LegalForm | None]:
    """Part folded words of an organisation's name into the name proper and its legal form.

    The longest spelling wins, at the end first and then at the beginning. A name that is nothing but a legal form
    ('SAS' the airline) is left whole, so the name proper is never empty when words are given.
    """
    if len(words) < 2:  # noqa: PLR2004 - one word is a name
        return words, None
    for length in range(min(LONGEST_LEGAL_FORM, len(words) - 1), 0, -1):
        form = _legal_form(words[-length:], country)
        if form is not None:
            return words[:-length], form
    for length in range(min(LONGEST_LEGAL_FORM, len(words) - 1), 0, -1):
        form = _legal_form(words[:length], country)
        if form is not None and not _LEADING.isdisjoint(form.countries) and country in {None, *_LEADING}:
            return words[length:], form
    return words, None


def _legal_form(words: tuple[str, ...], country: str | None) -> LegalForm | None:
    # 'S A R L' is one word in four pieces.
    spelling = ("" if all(len(word) == 1 for word in words) else " ").join(words)
    form = _NATIONAL.get((spelling, country or "")) or LEGAL_FORMS.get(spelling)
    if form is not None and spelling in _EVERYDAY and country not in form.countries:
        return None
    return form
