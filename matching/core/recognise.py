"""What a column of an unknown table means: by its name, in several languages, else by what its values look like."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from golden_records.standardising.words import fold

ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "customer": frozenset(
        """kind legal_name trade_name legal_form given_name family_name birth_date registration_id vat_id lei email phone
        website address_lines postcode city country industry segment parent status satisfaction""".split()
    ),
    "project": frozenset(
        "code title customer status start_date end_date manager currency budget customer_canonical_id".split()
    ),
}
"""The attributes of each entity that a column may be mapped to."""

# role: names that a column of this meaning bears, folded
_NAMES: Final = """
record_id: id, rec id, record no, row id, index, unique id, uid, rowid, recid, unnamed 0, source id
source: src, system, dataset
given_name: first name, firstname, givenname, forename, prenom, vorname, nombre, nome, fname, first, christian name
family_name: surname, last name, lastname, familyname, nom de famille, nachname, familienname, apellido, apellidos,
 cognome, lname, achternaam
full_name: fullname, person name, patient name, customer name, contact name, author name
middle_name: middlename, second name, middle
legal_name: name, nom, raison sociale, company, company name, organisation, organization, organisation name, org name,
 orgname, business name, firma, firmenname, denomination, denominazione, razon social, entreprise, societe, supplier,
 vendor, restaurant, hotel, establishment, institution, assignee, applicant, brand, manufacturer, supplier name, naam
trade_name: enseigne, dba, trading name, nom commercial, aka, alias
birth_date: birthdate, date of birth, dob, birthday, date de naissance, date naissance, geburtsdatum, geburtstag,
 fecha de nacimiento, data di nascita, naissance
email: e mail, mail, courriel, email address, mail address, correo, emailaddress
phone: telephone, tel, phone number, mobile, telefon, telefono, phone no, landline, telephone number, phonenumber
website: url, web, web site, homepage, internet, www, site web
street: address, addr, address line, address 1, address1, address line 1, address lines, adresse, rue, strasse,
 direccion, indirizzo, street name, street address, addr1, streetname, adres, addressline1
house_number: street number, housenumber, hausnummer, streetnumber, house no, streetnum, numero de rue
address_2: address2, address line 2, addr2, addr 2, complement, building, apartment, unit, addressline2
postcode: postal code, zip, zip code, zipcode, code postal, plz, codigo postal, cap, post code, postleitzahl
city: town, suburb, ville, ort, stadt, ciudad, citta, locality, municipality, commune, place, wohnort
region: state, province, county, departement, bundesland, state province
country: pays, land, nation, pais, paese, country code
national_id: ssn, soc sec id, social security number, nin, nino, id number, passport, nir, tax number
registration_id: siren, siret, tax id, taxid, company number, registration number, ein, duns, company id, nif, fein
vat_id: vat, vat number, tva, ust id, ustid, vat no
kind: party type, entity type, customer type
"""


def _synonyms() -> Mapping[str, str]:
    known: dict[str, str] = {}
    for line in _NAMES.replace(",\n ", ", ").strip().splitlines():
        role, listed = line.split(": ")
        for name in [role.replace("_", " "), *listed.split(", ")]:
            known.setdefault(name, role)
            known.setdefault(name.replace(" ", ""), role)
    return known


SYNONYMS: Final = _synonyms()
_LONGEST_NAME: Final = 4
_SAMPLE: Final = 2_000

ATTRIBUTE_ROLES: Final[Mapping[str, str]] = {"address_lines": "street", "customer_canonical_id": "code"}
"""Attributes whose role has another name."""


def role_of_name(column: str) -> str | None:
    """Give the role that a column's name tells, with or without a prefix such as 'customer_' or 'left_'; or None."""
    words = fold(column).split()
    for skipped in range(len(words)):
        name = " ".join(words[skipped:][:_LONGEST_NAME])
        role = SYNONYMS.get(name)
        if role is not None and (skipped == 0 or role not in {"record_id", "legal_name", "source"}):
            return role
    return None


def shape_of(values: pa.StringArray) -> str:
    """Give what values look like: `date`, `number`, `code`, `values` (a list in one text), `long_text` or `text`.

    Looks at a sample of what is filled. Every test is a share of the sample, so that damaged values do not decide.
    """
    known = values.drop_null()
    if not len(known):
        return "empty"
    sample = known.take(np.unique(np.linspace(0, len(known) - 1, _SAMPLE).astype(np.int64)))
    if _share(sample, r"^\s*(?:(?:19|20)\d{2}[-/.]?\d{2}[-/.]?\d{2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})\b") > 0.8:  # noqa: PLR2004
        return "date"
    if _share(sample, r"@[^ ]+\.") > 0.7:  # noqa: PLR2004
        return "email"
    if _share(sample, r"^\s*[+-]?\d+[.,]\d+\s*$") > 0.3 and _share(sample, r"^\s*[+-]?\d+(?:[.,]\d+)?\s*$") > 0.9:  # noqa: PLR2004
        return "number"
    if _share(sample, r"(?:\*\*|[;|])") > 0.3:  # noqa: PLR2004
        return "values"
    words = pc.mean(pc.add(pc.count_substring(sample, pattern=" "), 1)).as_py()
    if words > 6:  # noqa: PLR2004
        return "long_text"
    if words < 1.3 and _share(sample, r"\d") > 0.8:  # noqa: PLR2004
        return "code"
    return "text"


def _share(values: pa.StringArray, pattern: str) -> float:
    return float(pc.mean(pc.match_substring_regex(values, pattern).cast(pa.float64())).as_py() or 0.0)
