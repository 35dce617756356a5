"""What columns are called, in several languages, and by what name each meaning is known."""

import re
from collections.abc import Mapping
from typing import Final

from golden_records.standardising.words import fold

# role: names that a column of this meaning bears, folded; `aside` is what tells nothing of who somebody is
_NAMES: Final = """
record_id: id, rec id, record no, record number, row id, index, unique id, uid, uuid, guid, rowid, recid, unnamed 0, source id,
 external id, account id, account number, account no, customer id, customer no, customer number, client id, client no, client number,
 contact id, person id, partner id, business partner, kunnr, lifnr, no client, num client, numero client, code client, id client,
 no tiers, code tiers, identifiant, ref client, reference client, kundennummer, kunden nr, kundennr, kunden id, debitor, debitorennummer,
 lieferantennummer, supplier id, vendor id, lead id, user id, member id, patient id, codice cliente, codigo cliente
source: src, system, dataset, source system, datasource, data source, herkunft, quelle
aside: last modified, last modified date, modified, modified at, modified date, modified on, updated, updated at, update date,
 last update, last updated, date modif, date modification, date de modification, date maj, modifie le, geandert am, anderungsdatum,
 geaendert am, aenderungsdatum, created, created at, created date, created on, creation date, create date, date creation,
 date de creation, cree le, angelegt am, erstellt am, erstelldatum, anlagedatum, erdat, aedat, timestamp, status, statut, etat,
 account status, customer status, actif, active, is active, aktiv, bloque, blocked, gesperrt, sperre, segment, satisfaction, csat,
 note satisf, note satisfaction, nps, score, parent, parent id, parent account, maison mere, konzernmutter, owner, owner id,
 account owner, proprietaire, besitzer
given_name: first name, firstname, givenname, forename, given names, first names, prenom, prenoms, vorname, vornamen, rufname, nombre,
 nome, fname, first, christian name, voornaam
family_name: surname, last name, lastname, familyname, nom de famille, nom usage, nom patronymique, nachname, familienname, apellido,
 apellidos, cognome, lname, last, achternaam, zuname
full_name: fullname, person name, patient name, customer name, contact name, author name, nom complet, nom prenom, nom et prenom,
 prenom nom, vollstandiger name, vor und nachname, contact
middle_name: middlename, second name, middle, deuxieme prenom, zweiter vorname
legal_name: name, nom, raison sociale, company, company name, organisation, organization, organisation name, org name, orgname,
 business name, firma, firmenname, denomination, denominazione, razon social, entreprise, societe, supplier, vendor, restaurant, hotel,
 establishment, institution, assignee, applicant, brand, manufacturer, supplier name, naam, account name, account, nom client,
 nom societe, nom entreprise, denomination sociale, nom du client, unternehmen, firmierung, kundenname, name1, name2, name 1, name 2,
 name 3, legal name, registered name, corporate name, client, client name, kunde, bedrijfsnaam
trade_name: enseigne, dba, trading name, nom commercial, aka, alias, commercial name, handelsname, trade name, nom usuel, nom d usage
birth_date: birthdate, date of birth, dob, birthday, birth day, date de naissance, date naissance, geburtsdatum, geburtstag, geb datum,
 fecha de nacimiento, data di nascita, naissance, geboortedatum, date naiss, ne le, born, born on
email: e mail, mail, courriel, email address, mail address, e mail address, adresse mail, adresse email, adresse e mail, mel, correo,
 emailaddress, smtp addr, mail adresse, e mail adresse, contact email
phone: telephone, tel, phone number, mobile, telefon, telefono, phone no, landline, telephone number, phonenumber, mobile phone,
 mobile number, tel fixe, tel portable, telephone fixe, telephone portable, telephone mobile, portable, gsm, telefonnummer, rufnummer,
 handy, handynummer, mobiltelefon, festnetz, telf1, tel number, telnr, tel nr, numero de telephone, no tel, home phone, work phone
website: url, web, web site, homepage, internet, www, site web, site internet, webseite, domain, internetseite
street: address, addr, address line, address 1, address1, address line 1, address lines, adresse, adresse 1, adresse1, adresse ligne 1,
 rue, strasse, str, voie, direccion, indirizzo, street name, street address, addr1, addr 1, streetname, adres, addressline1,
 strasse hausnummer, strasse und hausnummer, strasse nr, stras, anschrift, adresse postale, mailing street, straat
house_number: house, street number, housenumber, hausnummer, hausnr, haus nr, streetnumber, house no, streetnum, numero de rue,
 numero voie, no voie,
 no rue, numero de voie, huisnummer
address_2: address2, address line 2, addr2, addr 2, complement, building, apartment, unit, addressline2, adresse 2, adresse2,
 adresse ligne 2, complement adresse, complement d adresse, adresszusatz, batiment
postcode: postal code, zip, zip code, zipcode, code postal, plz, codigo postal, cap, post code, postleitzahl, cp, code post, pstlz,
 postnummer
city: town, suburb, ville, ort, stadt, ciudad, citta, locality, municipality, commune, place, wohnort, localite, ort01, city name,
 gemeente
region: state, province, county, departement, bundesland, state province
country: pays, land, nation, pais, paese, country code, code pays, landescode, landercode, land1, country name
national_id: ssn, soc sec id, social security number, nin, nino, id number, passport, nir, numero de securite sociale, no secu,
 sozialversicherungsnummer, personalausweis, bsn
registration_id: siren, siret, tax id, taxid, company number, registration number, ein, duns, company id, nif, fein, numero siren,
 numero siret, no siren, no siret, code siren, code siret, siren siret, company registration number, rcs, handelsregisternummer,
 handelsregister, hrb, registernummer, steuernummer, tax number, kvk
vat_id: vat, vat number, tva, ust id, ustid, vat no, tva intracom, tva intracommunautaire, numero tva, numero de tva, no tva, code tva,
 num tva, ust id nr, ustidnr, ust idnr, umsatzsteuer id, umsatzsteuer identifikationsnummer, uid nummer, stceg, partita iva,
 btw nummer
lei: lei code, code lei, legal entity identifier
kind: party type, entity type, customer type, type de tiers, type tiers, type client, type de client, record type name, record type,
 kundenart, kundentyp, account type
code: project code, project number, project no, code projet, numero projet, no projet, projektnummer, projektcode, projekt nr
title: project title, project name, titre, titre projet, nom projet, intitule, libelle, libelle projet, projekttitel, projektname,
 bezeichnung
manager: project manager, chef de projet, responsable, projektleiter, project lead
start_date: date debut, date de debut, start, startdatum, beginn, start day, debut
end_date: date fin, date de fin, end, enddatum, ende, end day, fin
budget: budget amount, montant, auftragswert
"""


def _synonyms() -> Mapping[str, str]:
    known: dict[str, str] = {}
    for line in _NAMES.replace(",\n ", ", ").strip().splitlines():
        role, listed = line.split(": ", 1)
        for name in [role.replace("_", " "), *listed.split(", ")]:
            known.setdefault(name, role)
            known.setdefault(name.replace(" ", ""), role)
    return known


SYNONYMS: Final = _synonyms()
_LONGEST_NAME: Final = 4


def role_of_name(column: str) -> str | None:
    """Give the role that a column's name tells, with or without a prefix such as 'customer_' or 'left_'; or None.

    'billingPostalCode', 'Code postal', 'SIRET__c' and 'TEL_1' are understood as their words are.
    """
    words = fold(words_of_name(column)).split()
    without_number = words[:-1] if len(words) > 1 and words[-1].isdigit() else []
    for spelt in (words, without_number):
        for skipped in range(len(spelt)):
            rest = spelt[skipped:]
            role = SYNONYMS.get(" ".join(rest[:_LONGEST_NAME]), SYNONYMS.get("".join(rest)))
            if role is not None and (skipped == 0 or role not in _WHOLE_NAMES):
                return role
    return None


def words_of_name(column: str) -> str:
    """Part a column's name at its capitals: 'billingCity' and 'BillingCity__c' are 'billing City' and 'Billing City'."""
    return _CAPITAL.sub(" ", _CUSTOM.sub("", _NUMERO.sub("no ", column)))


_CAPITAL: Final = re.compile(r"(?<=[a-z\d])(?=[A-Z])")
_NUMERO: Final = re.compile(r"[Nn][°º]\s*")
_CUSTOM: Final = re.compile(r"__c$")
"""What Salesforce adds to the names of an organisation's own fields."""
_WHOLE_NAMES: Final = frozenset({"record_id", "legal_name", "source", "aside", "code", "title", "start_date", "end_date", "budget"})
"""Roles whose names mean something else behind another word: a street's name, a person's title."""
