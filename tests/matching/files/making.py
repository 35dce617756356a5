"""Files to match: persons and firms written as two systems write them."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

GIVEN = ["Anna", "Bruno", "Claire", "David", "Emma", "Felix", "Greta", "Hugo", "Irene", "Jonas", "Karin", "Louis", "Marie", "Nils"]
SYLLABLES = ["bar", "cor", "del", "fau", "gar", "lan", "mor", "nel", "per", "rou", "sal", "tor", "ver", "zan"]
STREETS = ["rue Pasteur", "avenue Foch", "place du Port", "chemin Vert", "rue de l'Église"]
CITIES = {"Lyon": "69001", "Brest": "29200", "Metz": "57000", "Évry": "91000"}

Row = dict[str, str]


def people(count: int, seed: int = 5) -> list[Row]:
    """Make persons of one spelling each."""
    chance = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        city = str(chance.choice(list(CITIES)))
        given, family = str(chance.choice(GIVEN)), "".join(chance.choice(SYLLABLES, 3)).title()
        rows.append(
            {
                "number": f"C{number:05}", "given": given, "family": family,
                "born": f"19{chance.integers(40, 99)}-0{chance.integers(1, 9)}-1{chance.integers(0, 9)}",
                "mail": f"{given}.{family}{chance.integers(10, 99)}@example.org".lower(), "phone": f"06{chance.integers(10**7, 10**8)}",
                "house": str(chance.integers(1, 90)), "street": str(chance.choice(STREETS)), "postcode": CITIES[city], "city": city,
            }
        )  # fmt: skip
    return rows


def english(person: Row) -> Row:
    """Write a person as the first system does."""
    return {
        "customer_id": person["number"], "first_name": person["given"], "last_name": person["family"], "dob": person["born"],
        "email": person["mail"], "street_address": f"{person['house']} {person['street']}", "zip": person["postcode"],
        "town": person["city"],
    }  # fmt: skip


def french(person: Row) -> Row:
    """Write a person as the second system does: other names, one column for the name, two for the street, other dates."""
    year, month, day = person["born"].split("-")
    return {
        "N° client": person["number"].replace("C", "9"), "Nom complet": f"{person['given']} {person['family'].upper()}",
        "Date de naissance": f"{day}/{month}/{year}", "Courriel": person["mail"], "N° voie": person["house"],
        "Voie": person["street"].upper(), "Code postal": person["postcode"], "Ville": person["city"].upper(),
    }  # fmt: skip


def write_csv(path: Path, rows: Sequence[Mapping[str, str]], *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    """Write rows with a header."""
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def two_systems(folder: Path, count: int = 120) -> tuple[Path, Path]:
    """Write the same persons as two systems have them: comma and UTF-8, semicolon and Windows-1252. Some are twice in the first."""
    persons = people(count)
    first = [english(person) for person in persons]
    first += [{**english(person), "customer_id": f"D{place}", "town": "", "dob": ""} for place, person in enumerate(persons[:15])]
    return (
        write_csv(folder / "crm.csv", first),
        write_csv(folder / "erp.csv", [french(person) for person in persons[20:]], delimiter=";", encoding="cp1252"),
    )
