"""Word lists about people, companies and addresses, shared by standardising and matching. Standard library only.

Every list is keyed by folded text (`fold`), whatever its language. Legal forms and nicknames are long enough to have
files of their own; this module is the door to all of them.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from golden_records.standardising.folding import CACHED_TEXTS, fold, word_set
from golden_records.standardising.legal_forms import LEGAL_FORMS, LegalForm, split_legal_form
from golden_records.standardising.nicknames import NICKNAMES

__all__ = [
    "ACRONYMS",
    "FREE_MAIL_DOMAINS",
    "GENERIC_MAILBOXES",
    "GROUP_WORDS",
    "LEGAL_FORMS",
    "NAME_PARTICLES",
    "NICKNAMES",
    "PLACEHOLDERS",
    "PLACEHOLDER_DATES",
    "STREET_SUFFIXES",
    "STREET_TYPES",
    "TITLES",
    "WEAK_ORGANISATION_WORDS",
    "LegalForm",
    "fold",
    "is_generic_mailbox",
    "is_placeholder",
    "split_legal_form",
]


def _words(listed: str) -> frozenset[str]:
    # A comma parts the entries, so that an entry may have several words.
    return frozenset(fold(word) for word in listed.replace(",\n", ",").split(","))


TITLES: Final = _words("""
M, MM, Mme, Mmes, Mlle, Mlles, Monsieur, Messieurs, Madame, Mesdames, Mademoiselle, Dr, Docteur, Doctor, Me,
Maître, Pr, Professeur, Mr, Mrs, Ms, Miss, Mister, Mx, Sir, Lady, Lord, Dame, Prof, Professor, Rev, Reverend,
Hon, Esq, Jr, Snr, Jnr, Eng, PhD, Herr, Herrn, Frau, Fräulein, Hr, Fr, Dipl, Ing, Dipl Ing, Mag, Freiherr,
Señor, Señora, Señorita, Sr, Sra, Srta, Don, Doña, Sig, Signor, Signora, Sigra, Dott, Dottore, Dottssa, Avv,
Dhr, Mevr, Mevrouw, Pan, Pani
""")
"""Forms of address and academic titles, which are no part of a person's name."""

NAME_PARTICLES: Final = _words("""
de, du, des, d, la, le, les, l, von, van, vom, zu, zum, zur, der, den, dem, het, ten, ter, te, op, in, di, da,
dal, dalla, del, dei, della, degli, do, dos, das, e, y, af, av, el, al, bin, ben, ibn, bint, san
""")
"""Words inside a surname which custom writes in lower case and many systems leave out."""


def _street_types(table: str) -> Mapping[str, str]:
    # Where two languages share an abbreviation, the line that comes first wins.
    types: dict[str, str] = {}
    for line in table.strip().splitlines():
        canonical, short = line.split(":")
        for spelling in (canonical, *short.split()):
            types.setdefault(fold(spelling), canonical)
    return types


STREET_TYPES: Final = _street_types("""
rue:r ru
avenue:av ave aven avn
boulevard:bd bld blvd bvd boul bvld bl
place:pl plc
chemin:ch che chem chm
allee:all al allees alle
impasse:imp
route:rte rt
square:sq
faubourg:fg fbg
cours:crs
quai:q qu qai
passage:pass psg pas
residence:res resid
lotissement:lot lotiss
hameau:ham
quartier:qua quart
batiment:bat bt
zone industrielle:zi
zone artisanale:za
zone d activites:zac zae
esplanade:esp espl
promenade:prom
rond point:rpt
sentier:sen sent
traverse:tra
villa:vla
montee:mte
strasse:str
platz:
gasse:
ring:
road:rd
street:st
lane:ln
drive:dr drv
court:ct crt
close:cl
crescent:cres cr
terrace:ter terr
gardens:gdns gdn
grove:gr grv
highway:hwy
parkway:pkwy pky
circle:cir
trail:trl
way:wy
mount:mt
via:v
viale:vle
piazza:pza
corso:cso
calle:c
avenida:avda avd
plaza:pz
paseo:po pso
carretera:ctra
rua:
travessa:tv
straat:
laan:
plein:
weg:
""")
"""Folded street word or its abbreviation -> the full word, folded. `st` may be 'saint': its place tells."""

_FULL_SUFFIXES: Final = word_set("strasse platz weg gasse allee ring damm ufer straat laan plein kade gatan vej gade veien")
STREET_SUFFIXES: Final[Mapping[str, str]] = {"str": "strasse", "pl": "platz"} | {full: full for full in _FULL_SUFFIXES}
"""Endings of street words written in one with the name ('Hauptstr.'), abbreviated or full -> full."""

PLACEHOLDERS: Final = _words("""
n/a, na, n.a., nd, n.d., nc, n.c., ns, none, null, nil, nan, nul, empty, blank, void, undefined, not defined,
unset, missing, test, tests, testing, teste, test test, xtest, dummy, foo, bar, foobar, example, exemple, lorem
ipsum, asdf, qwerty, azerty, unknown, inconnu, inconnue, inconnus, unbekannt, desconocido, sconosciuto,
onbekend, ukjent, unk, tbd, tba, tbc, to be defined, non renseigne, non renseignee, non communique, non
communiquee, non applicable, non defini, non disponible, neant, aucun, aucune, vide, sans, a completer, a
renseigner, a definir, a preciser, pas de, rien, sans objet, sans nom, sans adresse, sans email, not applicable,
not available, not provided, not specified, not set, no name, noname, no email, no address, no phone,
keine angabe, k.a., keine, kein, leer, nicht bekannt, nicht vorhanden, entfällt, ohne, niet van toepassing, nvt,
sin datos, sin nombre, nessuno, nessuna, non disponibile, s/n, abc123, toto, titi, tata, toto toto, john doe,
jane doe, max mustermann, mustermann, client divers, clients divers, client test, divers, compte test, test
client, test customer, test company, do not use, ne pas utiliser, a supprimer, to delete, delete, supprime,
error, erreur, #n/a, #ref, #value, #name, 0, 1234, 12345, 123456, 1234567, 12345678, 123456789
""")
"""What people and programs type into a field that they must fill and have nothing for."""

PLACEHOLDER_DATES: Final = word_set("""
0001-01-01 1753-01-01 1800-01-01 1899-12-30 1899-12-31 1900-01-01 1970-01-01 1980-01-01 2099-12-31 2999-12-31 3000-12-31
9999-01-01 9999-12-31
""")
"""Days (ISO) that programs store for 'no date': their first, their last, their epoch."""

GENERIC_MAILBOXES: Final = _words("""
info, infos, information, informations, contact, contacts, contacto, contatti, kontakt, accueil, reception,
hello, bonjour, hallo, office, buero, bureau, secretariat, sekretariat, secretary, direction, admin,
administration, administrator, administrateur, sales, vente, ventes, commercial, verkauf, vertrieb, ventas,
vendite, marketing, communication, presse, press, pr, media, support, help, helpdesk, sav, service, services,
service client, serviceclient, kundenservice, customerservice, care, assistance, compta, comptabilite,
accounting, accounts, accountspayable, facturation, factures, facture, fournisseurs, billing, invoice, invoices,
rechnung, buchhaltung, amministrazione, finance, achats, achat, purchasing, einkauf, orders, order, commande,
commandes, rh, hr, recrutement, jobs, job, careers, personal, bewerbung, emploi, postmaster, hostmaster,
webmaster, web, site, it, informatique, mail, email, post, poste, courrier, box, boite, team, equipe, all, tous,
everyone, staff, general, generale, central, zentrale, siege, noreply, no reply, donotreply, do not reply,
nepasrepondre, ne pas repondre, abuse, security, privacy, dpo, rgpd, gdpr, legal, newsletter, news, abo,
reservation, reservations, booking, shop, boutique, store, magasin, agence, mairie, cabinet, etude, pharmacie
""")
"""Local parts of mailboxes that many people of a firm share: such an address says which firm, never which person."""

FREE_MAIL_DOMAINS: Final = word_set("""
gmail.com googlemail.com outlook.com outlook.fr outlook.de hotmail.com hotmail.fr hotmail.de hotmail.co.uk live.com live.fr
msn.com yahoo.com yahoo.fr yahoo.de yahoo.co.uk yahoo.it yahoo.es ymail.com aol.com icloud.com me.com mac.com proton.me
protonmail.com gmx.de gmx.net gmx.com gmx.fr gmx.at gmx.ch web.de t-online.de freenet.de arcor.de orange.fr wanadoo.fr free.fr
sfr.fr neuf.fr laposte.net bbox.fr numericable.fr club-internet.fr cegetel.net aliceadsl.fr btinternet.com btopenworld.com sky.com
virginmedia.com ntlworld.com talktalk.net comcast.net verizon.net att.net libero.it tiscali.it virgilio.it alice.it telefonica.net
terra.es skynet.be telenet.be bluewin.ch ziggo.nl kpnmail.nl home.nl planet.nl wp.pl o2.pl seznam.cz
""")
"""Domains where anyone may have a mailbox: sharing one says nothing about the firm."""

GROUP_WORDS: Final = _words("""
groupe, group, groep, gruppe, gruppo, grupo, holding, holdings, participations, beteiligungs, beteiligung,
international, internationale, intl, worldwide, global, europe, europa, european, emea, france, francaise,
deutschland, germany, uk, italia, espana, iberica, belgium, belgique, nederland, suisse, schweiz, usa, america
""")
"""Words by which companies of one group are told apart, and which people leave out as often as not."""

WEAK_ORGANISATION_WORDS: Final = GROUP_WORDS | _words("""
company, compagnie, cie, co, societe, ste, soc, gesellschaft, etablissements, ets, etablissement, entreprise,
entreprises, maison, firma, firm, association, the, le, la, les, l, un, une, d, de, du, des, der, die, das, et,
and, und, e, y, en, og, of, sons, fils, succ, successeurs
""")
"""Words of organisation names that come and go between two spellings of one name, and that unrelated names share."""

ACRONYMS: Final = _words("""
IBM, EDF, AXA, SAP, BASF, SEB, UBS, ABB, AEG, AGF, ADP, ALD, AMD, AREVA, ATOS, AVIS, BIC, BMW, BNP, BPCE, CIC,
CNP, DHL, DPD, ECF, EADS, ENGIE, ENI, ERDF, ESSEC, GAN, GMF, GSK, HSBC, HP, ING, IAE, IUT, INRA, INSA, LCL, LG,
LVMH, MAAF, MAIF, MACIF, MMA, NEC, OVH, PSA, PWC, RATP, REI, RTE, RWE, SNCF, SNCM, TDF, TGV, TNT, UGC, UPS, VW,
ZF, EY, KPMG, CEA, CNRS, CHU, CHR, EHPAD, ESAT, OPH, OPAC, IT, SI, BTP, BNPP, ERP, CRM, TMA, AMO, AMOA, IA, UI,
UX, II, III, IV, VI, VII, VIII, IX, XI, XII, UK, USA, EU, UE, NFT, VTC, DG, DSI, DRH, DAF, PMO, API, SEO, RSE,
RGPD, BP, CS, ZI, ZA, ZAC, PO, TSA
""")
"""Folded words written in capitals however the rest is written."""

_ONE_CHARACTER: Final = re.compile(r"(?:0{3,}|9{3,}|([^\W\d])\1{2,})")


@lru_cache(maxsize=CACHED_TEXTS)
def is_placeholder(text: str) -> bool:
    """Say whether a text stands for 'no value': a listed word, only punctuation, or one character over and over."""
    folded = fold(text)
    if not folded or folded in PLACEHOLDERS:
        return True
    return _ONE_CHARACTER.fullmatch(folded.replace(" ", "")) is not None


def is_generic_mailbox(email: str) -> bool:
    """Say whether an e-mail address is one that a whole firm shares, such as `info@` or `compta.paris@`."""
    local = fold(email.rpartition("@")[0])
    return local in GENERIC_MAILBOXES or local.replace(" ", "") in GENERIC_MAILBOXES or local.split(" ")[0] in GENERIC_MAILBOXES
